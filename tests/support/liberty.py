"""A library of a few cells whose delays are round numbers."""

__all__ = ["AREAS_UM2", "CLOCK_TO_OUTPUT_NS", "GATE_NS", "SETUP_NS", "liberty"]

AREAS_UM2 = {"INV": 1.0, "NAND": 2.0, "NOR": 2.5, "BUF1": 2.0, "BUF2": 3.0, "DFF": 9.0}
GATE_NS, CLOCK_TO_OUTPUT_NS, SETUP_NS = 0.1, 0.2, 0.05

_HEAD = """\
/* for tests */
library (round) {
  delay_model : "table_lookup";
  time_unit : "1ns"; voltage_unit : "1V"; current_unit : "1mA";
  leakage_power_unit : "1nW"; pulling_resistance_unit : "1kohm";
  capacitive_load_unit (1, pf);
  input_threshold_pct_rise : 50.0;
  input_threshold_pct_fall : 50.0;
  output_threshold_pct_rise : 50.0;
  output_threshold_pct_fall : 50.0;
  slew_lower_threshold_pct_rise : 20.0;
  slew_lower_threshold_pct_fall : 20.0;
  slew_upper_threshold_pct_rise : 80.0;
  slew_upper_threshold_pct_fall : 80.0;
  nom_process : 1.0; nom_temperature : 25.0; nom_voltage : 1.0;
  operating_conditions (typical) { process : 1.0; temperature : 25.0; voltage : 1.0; }
  default_operating_conditions : typical;
  lu_table_template (delays) {
    variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("0.01, 1.0"); index_2 ("0.001, 1.0");
  }
  lu_table_template (setups) {
    variable_1 : related_pin_transition; variable_2 : constrained_pin_transition;
    index_1 ("0.01, 1.0"); index_2 ("0.01, 1.0");
  }
"""

_FLIP_FLOP = """\
  cell (DFF) {{
    area : {area};
    ff (IQ, IQN) {{ next_state : "D"; clocked_on : "CK"; }}
    pin (CK) {{ direction : input; clock : true; capacitance : 0.001; }}
    pin (D) {{
      direction : input; capacitance : 0.001;
      timing () {{
        related_pin : "CK"; timing_type : setup_rising;
        {rise_constraint}
        {fall_constraint}
      }}
    }}
    pin (Q) {{
      direction : output; function : "IQ"; max_capacitance : 1.0;
      timing () {{ related_pin : "CK"; timing_type : rising_edge; timing_sense : non_unate;
        {tables}
      }}
    }}
  }}
"""


def liberty() -> str:
    """Text of the library: ``INV``, ``NAND``, ``NOR``, two buffers, and ``DFF``."""
    functions = {"INV": "!A", "NAND": "!(A*B)", "NOR": "(A+B)'", "BUF1": "A", "BUF2": "A"}
    gates = [_gate(name, function) for name, function in functions.items()]
    flip_flop = _FLIP_FLOP.format(
        area=AREAS_UM2["DFF"],
        tables=_delays(CLOCK_TO_OUTPUT_NS),
        rise_constraint=_table("rise_constraint", "setups", SETUP_NS),
        fall_constraint=_table("fall_constraint", "setups", SETUP_NS),
    )
    return "".join([_HEAD, *gates, flip_flop, "}\n"])


def _gate(name: str, function: str) -> str:
    inputs = [pin for pin in "AB" if pin in function]
    sense = "positive_unate" if name.startswith("BUF") else "negative_unate"
    pins = "".join(
        f"    pin ({pin}) {{ direction : input; capacitance : 0.001; }}\n" for pin in inputs
    )
    delays = f"timing_sense : {sense};\n{_delays(GATE_NS)}"
    arcs = "".join(f'      timing () {{ related_pin : "{pin}"; {delays} }}\n' for pin in inputs)
    output = f'direction : output; function : "{function}"; max_capacitance : 1.0;'
    return (
        f"  cell ({name}) {{\n    area : {AREAS_UM2[name]};\n{pins}"
        f"    pin (Y) {{\n      {output}\n{arcs}    }}\n  }}\n"
    )


def _delays(delay_ns: float) -> str:
    kinds = {
        "cell_rise": delay_ns,
        "cell_fall": delay_ns,
        "rise_transition": 0.02,
        "fall_transition": 0.02,
    }
    return "\n".join(_table(kind, "delays", value) for kind, value in kinds.items())


def _table(kind: str, template: str, value: float) -> str:
    return f'        {kind} ({template}) {{ values ("{value}, {value}", "{value}, {value}"); }}'
