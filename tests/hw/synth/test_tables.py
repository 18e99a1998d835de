"""Tables of delays against NumPy's interpolation."""

import numpy as np
import pytest

from hw.synth.liberty_text import parse_groups
from hw.synth.tables import Table, read_table

ROWS, COLUMNS = (0.1, 0.3, 1.0), (0.01, 0.02)
VALUES = ((1.0, 2.0), (3.0, 5.0), (4.0, 9.0))


@pytest.mark.parametrize("row", [0.0, 0.1, 0.15, 0.3, 0.9, 1.0, 7.0])
@pytest.mark.parametrize("column", [0.0, 0.01, 0.013, 0.02, 1.0])
def test_values_lie_on_straight_lines_between_the_points(row: float, column: float) -> None:
    table = Table(rows=ROWS, columns=COLUMNS, values_ns=VALUES)
    along = [np.interp(column, COLUMNS, line) for line in VALUES]
    assert table.at(row, column) == pytest.approx(np.interp(row, ROWS, along))


def read(axes: str, values: str, variables: str, time: float = 1.0, load: float = 1.0) -> Table:
    group = parse_groups(
        f"library (x) {{ lu_table_template (t) {{ {variables} {axes} }}"
        f" cell_rise (t) {{ values ({values}); }} }}",
        "x",
    )
    (template,), (table,) = group.inner("lu_table_template"), group.inner("cell_rise")
    return read_table(table, {"t": template}, time, load)


SLOPE_LOAD = "variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;"
LOAD_SLOPE = "variable_1 : total_output_net_capacitance; variable_2 : input_net_transition;"


def test_axes_and_values_have_the_librarys_units() -> None:
    table = read('index_1 ("1, 2"); index_2 ("10, 20");', '"1, 2", "3, 4"', SLOPE_LOAD, 0.001, 0.1)
    assert table.rows == pytest.approx((0.001, 0.002))
    assert table.columns == pytest.approx((1, 2))
    assert table.values_ns[1] == pytest.approx((0.003, 0.004))


def test_axes_in_either_order_mean_the_same() -> None:
    one = read('index_1 ("1, 2"); index_2 ("10, 20, 30");', '"1, 2, 3", "4, 5, 6"', SLOPE_LOAD)
    other = read('index_1 ("10, 20, 30"); index_2 ("1, 2");', '"1, 4", "2, 5", "3, 6"', LOAD_SLOPE)
    assert one == other


def test_a_table_of_one_value_is_the_same_everywhere() -> None:
    assert read("", '"0.5"', "").at(3, 4) == 0.5
