"""Text is escaped wherever it comes in."""

from tilewright.report.html import Markup, join, tag


def test_text_and_attributes_are_escaped() -> None:
    assert tag("p", "<b> & 'c'", title='"<') == (
        '<p title="&quot;&lt;">&lt;b&gt; &amp; &#x27;c&#x27;</p>'
    )


def test_markup_stays_and_nothing_is_left_out() -> None:
    assert tag("p", tag("b", 1), None, " x") == "<p><b>1</b> x</p>"
    assert join(None, Markup("<i>"), "<") == "<i>&lt;"


def test_names_of_attributes() -> None:
    drawn = tag("line", x1=0.123456789, class_="a", text_anchor="end", y1=None)
    assert drawn == '<line x1="0.123457" class="a" text-anchor="end"></line>'
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'
