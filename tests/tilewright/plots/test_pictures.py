"""Pictures of results: axes with units, as many marks as data, and they render."""

from io import BytesIO
from typing import Any

import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from golden.engines.systolic import Dataflow, Params
from golden.errors import UserError
from sim.workload import Workload
from tilewright import plots
from tilewright.accelerated_simulation import simulate_accelerated
from tilewright.plots.style import BOUND_COLOURS, UNIT_COLOURS
from tilewright.simulation import simulate
from tilewright.workloads import load_workload

LAYERS = Workload(
    name="three layers",
    layers=tuple(
        layer
        for text in ("gemm:64x64x64", "gemm:8x64x64", "gemm:64x64x8")
        for layer in load_workload(text).layers
    ),
)


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return simulate_accelerated(LAYERS, accelerator="tiny", timeline=True)


def rendered(figure: Figure) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="svg")
    return file.getvalue()


def test_every_picture_is_there() -> None:
    assert dir(plots) == sorted(plots.__all__)
    assert all(callable(getattr(plots, name)) for name in plots.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'pie'"):
        plots.pie  # noqa: B018


def test_utilisation(result: dict[str, Any]) -> None:
    figure = plots.utilisation(result)
    (axes,) = figure.axes
    assert axes.get_xlabel() == "multiply-accumulates of the engine in use (%)"
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == [100 * layer["utilisation"] for layer in result["layers"]]
    colours = [bar.get_facecolor() for bar in axes.patches]
    assert colours == [to_rgba(BOUND_COLOURS[layer["bound_by"]]) for layer in result["layers"]]
    assert b"<svg" in rendered(figure)


def test_notebooks_show_pictures(result: dict[str, Any]) -> None:
    assert plots.utilisation(result)._repr_png_().startswith(b"\x89PNG")


def test_utilisation_of_a_bare_engine() -> None:
    (axes,) = plots.utilisation(simulate("gemm:8x8x8")).axes
    assert len(axes.patches) == 1


def test_timeline(result: dict[str, Any]) -> None:
    figure = plots.timeline(result)
    (axes,) = figure.axes
    assert axes.get_xlabel() == "time (clock cycles)"
    lanes = {patch.get_facecolor(): patch for patch in axes.patches}
    for lane, unit in enumerate(("store", "vector", "execute", "load")):
        drawn = lanes[to_rgba(UNIT_COLOURS[unit])].get_data()
        area = sum((drawn.values - lane) * (drawn.edges[1:] - drawn.edges[:-1])) / 0.8
        assert area == pytest.approx(sum(result["timeline"]["busy_cycles"][unit]))
    assert b"<svg" in rendered(figure)


def test_roofline(result: dict[str, Any]) -> None:
    figure = plots.roofline(result)
    (axes,) = figure.axes
    assert axes.get_xlabel().startswith("MACs per byte of DRAM")
    assert axes.get_ylabel() == "MACs per clock cycle"
    points = [dots.get_offsets()[0].tolist() for dots in axes.collections]
    assert points == [
        [layer["roofline"]["macs_per_byte"], layer["roofline"]["macs_per_cycle"]]
        for layer in result["layers"]
    ]
    (roof,) = axes.lines
    # 64 multiplications a cycle, 8 bytes a cycle: they meet at 8 per byte.
    assert (roof.get_xdata()[1], roof.get_ydata()[1]) == (8, 64)
    assert b"<svg" in rendered(figure)


def test_bare_engines_have_no_such_pictures() -> None:
    bare = simulate("gemm:8x8x8")
    with pytest.raises(UserError, match="a bare engine has no roofline"):
        plots.roofline(bare)
    with pytest.raises(UserError, match="a bare engine has no timeline"):
        plots.timeline(bare)


@pytest.mark.parametrize(
    ("dataflow", "said", "title"),
    [
        ("os", ["→ activations", "↓ weights"], "2×6, sums rest, K streams"),
        ("ws", ["→ activations", "↓ sums"], "2×6, weights rest, M streams"),
        ("is", ["→ weights", "↓ sums"], "2×6, activations rest, N streams"),
    ],
)
def test_array(dataflow: str, said: list[str], title: str) -> None:
    figure = plots.array_diagram(Params(rows=2, cols=6, dataflow=Dataflow(dataflow)))
    (axes,) = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == said
    assert axes.get_title() == title
    # Of six columns, the first three and the last.
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "1", "2", "5"]
    assert len(axes.patches) == 8
    assert b"<svg" in rendered(figure)
