"""Accelerators on the command line: descriptions, programs, and what is said to mistakes."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from golden.accelerator.assembly import assemble
from golden.accelerator.encoding import decode_program, encode_program
from golden.errors import UserError
from mapper.accelerator.lowering import lower
from tests.support import networks
from tests.tilewright.test_cli import refused
from tilewright.accelerator import accelerator_names, find_accelerator, read_description, template
from tilewright.cli import main
from tilewright.workloads import load_model

DIGITS = Path(__file__).parents[2] / "tilewright" / "networks" / "digits" / "digits.onnx"
ONE_TILE = "[params]\nrows = 8\ncols = 8\nk_max = 8\n"


def answer(arguments, capsys, status=0):
    assert main([*arguments, "--json"]) == status
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", accelerator_names())
def test_what_comes_along(name):
    found = find_accelerator(name)
    assert found.name == name
    size = name.partition("-")[0]
    assert {"tiny": 8, "edge": 16, "server": 128}[size] == found.lanes
    scratchpads = found.activation_bytes + found.weight_bytes + found.parameter_bytes
    kib = {"tiny": 64, "edge": 256, "server": 24 * 1024}[size]
    held = scratchpads if name == "server" else scratchpads // 1024
    assert held <= kib * 1024 if name == "server" else held == kib
    assert "#" in template(name)


@pytest.mark.parametrize("name", accelerator_names())
def test_init_writes_one_to_start_from(name, tmp_path, capsys):
    file = tmp_path / "mine.toml"
    assert answer(["init", str(file), "--from", name], capsys)["file"] == str(file)
    mine, theirs = find_accelerator(file), find_accelerator(name)
    assert mine.name == "mine"
    assert mine.target == theirs.target
    said = refused(["init", str(file)], capsys)
    assert "--force" in said
    assert main(["init", str(file), "--force"]) == 0
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ['a"b', "a b", "a\\nb", "é"])
def test_init_names_it_like_the_file(name, tmp_path, capsys):
    file = tmp_path / f"{name}.toml"
    assert answer(["init", str(file)], capsys)["file"] == str(file)
    assert find_accelerator(file).name == name


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bus_bytes": "12"}, "bus_bytes must be 8, 16, 32 or 64, not 12"),
        ({"busbytes": "8"}, "there is no field busbytes"),
        ({"memory.latency": "8"}, "there is no field memory.latency"),
        ({"engines.rows": "8"}, "there is no field 'engines.rows'"),
        ({"memory.kind": "slow"}, "must be one of ideal, fixed, banked, not 'slow'"),
        ({"memory.latency_cycles": "0"}, "must be an integer from 1 to 1000000"),
        ({"memory.outstanding": "1" + 30 * "0"}, "must be an integer from 1 to 1000000"),
        ({"memory": "3"}, "memory is a table: set one of its fields"),
        ({".": "3"}, "there is no field '.'"),
        ({"memory.bytes_per_cycle": "5"}, "must divide bus_bytes=16, not be 5"),
        ({"memory.bytes_per_cycle": "2"}, "must be at least bus_bytes / 4 = 4, not 2"),
        ({"bus_bytes": "many"}, "bus_bytes must be a whole number, not 'many'"),
        ({"params.rows": "8"}, "as many rows as columns"),
        ({"params.dataflow": "os"}, "weights rest"),
        ({"params.weight": "int4"}, "must be int8"),
        ({"activation_bytes": "1000"}, "activation_bytes must be a multiple of 64, not 1000"),
        ({"activation_bytes": "196608"}, "times a power of two"),
        ({"weight_bytes": str(1 << 30)}, "weight_bytes must be at most"),
        ({"burst_beats": "512"}, "burst_beats must be a power of two from 2 to 256"),
        ({"queue_depth": "3"}, "queue_depth must be a power of two"),
        ({"engine": "none"}, "there is no engine 'none'"),
    ],
)
def test_wrong_fields(changes, said):
    with pytest.raises(UserError) as error:
        find_accelerator("edge", changes)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rows = [", "is no TOML file"),
        pytest.param("rows = " + 5000 * "[", "is no TOML file", id="deep"),
        pytest.param("rows = " + 5000 * "9", "is no TOML file", id="long"),
        ("bus_bytes = 16", "does not say which engine"),
        ('engine = "systolic"\nmemory = 3', "memory is a table"),
        ('bus_bytes = true\nengine = "systolic"\n' + ONE_TILE, "must be a whole number"),
    ],
)
def test_wrong_files(text, said):
    with pytest.raises(UserError) as error:
        read_description(text, "mine.toml", {"params.rows": "8"})
    assert said in str(error.value)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    file = tmp_path_factory.mktemp("program") / "digits.tlw"
    lowered = lower(load_model(DIGITS), find_accelerator("tiny"), host_fallback=True)
    file.write_bytes(encode_program(lowered.program))
    return file


def test_program_is_text_and_bytes(program, tmp_path, capsys):
    text = answer(["program", "disasm", str(program)], capsys)["text"]
    file = tmp_path / "digits.asm"
    file.write_text(text)
    again = tmp_path / "again.tlw"
    found = answer(["program", "asm", str(file), "-o", str(again)], capsys)
    assert again.read_bytes() == program.read_bytes()
    assert found["instructions"] == len(assemble(text).instructions)
    assert decode_program(again.read_bytes()) == assemble(text)


def test_program_check(program, tmp_path, capsys):
    assert (
        answer(["program", "check", str(program), "--accelerator", "tiny"], capsys)["errors"] == []
    )
    other = answer(["program", "check", str(program), "--accelerator", "edge"], capsys, status=1)
    assert any("target" in error for error in other["errors"])
    file = tmp_path / "wrong.asm"
    target = find_accelerator("tiny").target.hex()
    file.write_text(f".target {target}\nREQUANTIZE wait=execute\nSTORE local=5000\n")
    errors = answer(["program", "check", str(file), "--accelerator", "tiny"], capsys, status=1)
    assert any("has not given" in error for error in errors["errors"])
    assert any("reaches activations 5000" in error for error in errors["errors"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["program", "asm", "{file}"], "-o FILE"),
        (["program", "check", "{file}", "--dram", "a"], "--dram takes"),
        (["program", "check", "{file}", "--accelerator", "egde"], "did you mean edge?"),
        (["program", "check", "no/such/file"], "No such file"),
        (["init", "mine.txt"], ".toml"),
        (["init", "mine.toml", "--from", "big"], "there is no accelerator 'big'"),
        (["run", str(DIGITS), "--accelerator", "tiny"], "softmax"),
        (["run", str(DIGITS), "--waves", "a.vcd"], "--waves needs --accelerator"),
        (["run", str(DIGITS), "--host-fallback"], "--host-fallback needs --accelerator"),
        (
            ["run", str(DIGITS), "--accelerator", "tiny", "--host-fallback", "--waves", "a.vcd"],
            "--waves needs --rtl",
        ),
        (["run", str(DIGITS), "--accelerator", "tiny", "--engine", "systolic"], "not allowed with"),
        (["simulate", "gemm:4x4x4", "--accelerator", "edge", "--compat", "scalesim"], "--compat"),
    ],
)
def test_mistakes(arguments, said, program, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    filled = [argument.format(file=program) for argument in arguments]
    assert said in refused(filled, capsys)
    assert not [path for path in tmp_path.iterdir() if path.name != "tilewright-run"]


def float_model(tmp_path):
    file = tmp_path / "float.onnx"
    onnx.save(networks.residual_network(np.random.default_rng(0)), file)
    return file


def test_a_float_model(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = refused(["run", str(float_model(tmp_path)), "--accelerator", "edge"], capsys)
    assert "quantize" in said


def test_dynamic_shapes(tmp_path, capsys):
    shape = ["batch", "height", 4]
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"], name="relu")],
        "dynamic",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)],
    )
    file = tmp_path / "dynamic.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), file)
    said = refused(["run", str(file), "--accelerator", "edge"], capsys)
    assert "height" in said


def test_a_scratchpad_that_holds_no_tile(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = refused(
        [
            "run",
            str(DIGITS),
            "--accelerator",
            "tiny",
            "--host-fallback",
            "--set",
            "weight_bytes=64",
        ],
        capsys,
    )
    assert "weight" in said


def test_simulate_gives_the_cycles_that_run_gives(capsys, tmp_path):
    target = ["--accelerator", "tiny"]
    simulated = answer(["simulate", str(DIGITS), *target], capsys)
    ran = answer(["run", str(DIGITS), *target, "--host-fallback", "-o", str(tmp_path)], capsys)
    assert simulated["lowering"] == "program"
    assert simulated["total_cycles"] == ran["total_cycles"]
    assert simulated["layers"] == ran["layers"]
    assert simulated["counters"] == ran["counters"]


@pytest.mark.parametrize("memory", ["ideal", "fixed", "banked"])
def test_simulate_shapes(memory, capsys):
    target = ["--accelerator", "edge", "--set", f"memory.kind={memory}"]
    found = answer(["simulate", "gemm:512x512x512", *target], capsys)
    assert found["lowering"] == "streamed"
    assert found["utilisation"] > 0.9
    assert found["layers"][0]["bound_by"] == "compute"
    assert found["dram_bytes"] >= 3 * 512 * 512
    assert found["counters"]["cycles"] == found["total_cycles"]


@pytest.mark.parametrize("name", ["tiny-lut", "tiny-bitplane", "tiny-ternary"])
def test_shapes_are_simulated_where_operands_stream(name, capsys):
    found = answer(["simulate", "gemm:32x24x16", "--accelerator", name], capsys)
    assert found["lowering"] == "program"
    assert [layer["name"] for layer in found["layers"]] == ["gemm"]
    assert found["dram_bytes"] >= 32 * 24 + 32 * 16
    mapped = answer(["map", "gemm:32x24x16", "--accelerator", name], capsys)
    assert (mapped["lowering"], mapped["objective_bytes"]) == ("program", 0)
    assert mapped["total_cycles"] <= found["total_cycles"]


def test_simulate_a_table(reference_data, capsys):
    table = str(reference_data / "scalesim_topologies" / "Resnet18.csv")
    found = answer(["simulate", table, "--accelerator", "server"], capsys)
    assert len(found["layers"]) > 15
    assert sum(layer["cycles"] for layer in found["layers"]) == found["total_cycles"] - 1


def test_a_float_model_is_simulated_by_its_shapes(tmp_path, capsys):
    model = str(float_model(tmp_path))
    found = answer(["simulate", model, "--accelerator", "tiny"], capsys)
    assert found["lowering"] == "streamed"
    assert found["layers"][0]["name"] == "conv1"
