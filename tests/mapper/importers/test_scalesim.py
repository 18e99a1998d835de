"""Layer tables in SCALE-Sim's csv format: their quirks, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.importers.errors import ModelError
from mapper.importers.scalesim import parse_scalesim, read_scalesim
from sim.workload import ConvLayer, GemmLayer, Layer, Workload

CONV_HEADER = (
    "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
    "Strides,"
)
GEMM_HEADER = "Layer,M,N,K,"
HEADERS = (
    "a header, 'Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, "
    "Num Filter, Strides' for convolutions or 'Layer, M, N, K' for GEMMs"
)
CONV_FIELDS = (
    "(Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
    "Strides)"
)

STEM = ConvLayer(
    name="Conv1",
    height=224,
    width=225,
    channels=3,
    filter_height=7,
    filter_width=5,
    filters=64,
    stride=(2, 2),
)
CLASSIFIER = ConvLayer(
    name="FC",
    height=1,
    width=1,
    channels=512,
    filter_height=1,
    filter_width=1,
    filters=1000,
    stride=(1, 1),
)
SCORES = GemmLayer(name="QKT", m=1024, n=512, k=64)
MIX = GemmLayer(name="QKTV", m=1024, n=64, k=512)


def layers(text: str) -> tuple[Layer, ...]:
    """Layers of a table."""
    return parse_scalesim(text, name="net", source="net.csv").layers


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"{CONV_HEADER}\nConv1,224,225,7,5,3,64,2,\nFC,1,1,1,1,512,1000,1,\n", id="as shipped"
        ),
        pytest.param(
            f"{CONV_HEADER}\nConv1,224,225,7,5,3,64,2,\nFC,1,1,1,1,512,1000,1",
            id="last row without comma and newline",
        ),
        pytest.param(
            f"{CONV_HEADER[:-1]}\nConv1,224,225,7,5,3,64,2\nFC,1,1,1,1,512,1000,1\n",
            id="no trailing commas",
        ),
        pytest.param(
            f"{CONV_HEADER},,Eh,Ew,e2\n,,,,,,,,,,,,\n"
            "Conv1,224,225,7,5,3,64,2,,,110,110,12100\nFC,1,1,1,1,512,1000,1,,,,,\n",
            id="blank second row and further columns",
        ),
        pytest.param(
            f"{CONV_HEADER}\n"
            "Conv1,  224, 225,    7, 5,      3,     64,     2,\n"
            " FC ,    1,   1,    1, 1,    512,   1000,     1,\n",
            id="spaces",
        ),
        pytest.param(
            f"{CONV_HEADER}\r\nConv1,224,225,7,5,3,64,2,\r\nFC,1,1,1,1,512,1000,1,\r\n", id="CRLF"
        ),
        pytest.param(
            f"\n{CONV_HEADER}\n\nConv1,224,225,7,5,3,64,2,\n \nFC,1,1,1,1,512,1000,1,\n\n\n",
            id="blank rows",
        ),
        pytest.param(
            "layer,ifmap height,IFMAP  Width,FilterHeight,Filter width,Channel,Num Filters,Stride\n"
            "Conv1,224,225,7,5,3,64,2,\nFC,1,1,1,1,512,1000,1,\n",
            id="spelling of the header",
        ),
        pytest.param(
            f"{CONV_HEADER}Sparsity\nConv1,224,225,7,5,3,64,2,1:1,\nFC,1,1,1,1,512,1000,1,4:4\n",
            id="dense sparsity column",
        ),
    ],
)
def test_convolutions(text: str) -> None:
    """The same two layers in every spelling."""
    assert layers(text) == (STEM, CLASSIFIER)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{GEMM_HEADER}\nQKT,1024,512,64,\nQKTV,1024,64,512,\n", id="as shipped"),
        pytest.param(
            f"{GEMM_HEADER}\r\nQKT,1024,512,64,\r\nQKTV,1024,64,512,",
            id="CRLF without a last newline",
        ),
        pytest.param(
            f"{GEMM_HEADER}\nQKT,1024,512,64,\nQKTV,1024,64,512,\n\n", id="blank last row"
        ),
        pytest.param(
            "Layer name, m, n, k\nQKT, 1024, 512, 64\nQKTV, 1024, 64, 512", id="spaces, no commas"
        ),
        pytest.param(
            f"{GEMM_HEADER}Sparsity,\n,,,\nQKT,1024,512,64,2:2,\nQKTV,1024,64,512,note",
            id="further columns",
        ),
    ],
)
def test_gemms(text: str) -> None:
    """The columns are M, N, K."""
    assert layers(text) == (SCORES, MIX)


def test_two_strides() -> None:
    """Two columns of strides are vertical and horizontal."""
    header = CONV_HEADER.replace("Strides", "Stride height, Stride width")
    (layer,) = layers(f"{header}\nConv1,224,225,7,5,3,64,2,3,\n")
    assert isinstance(layer, ConvLayer)
    assert layer.stride == (2, 3)


def test_depthwise() -> None:
    """DP in the name means as many groups as channels, each with that many filters."""
    (layer,) = layers(f"{CONV_HEADER}\nDP1,112,112,3,3,32,2,1,\n")
    assert isinstance(layer, ConvLayer)
    assert (layer.channels, layer.filters, layer.groups) == (32, 64, 32)
    (product,) = layer.products
    assert (product.m, product.k, product.n, product.count) == (110 * 110, 9, 2, 32)


def test_names_may_repeat() -> None:
    """Tables repeat names."""
    assert layers(f"{GEMM_HEADER}\nQKT,1024,512,64,\nQKT,1024,512,64,\n") == (SCORES, SCORES)


@given(
    st.lists(
        st.builds(
            GemmLayer,
            name=st.text(alphabet="ABC_-1", min_size=1),
            m=st.integers(1, 10**18 - 1),
            n=st.integers(1, 10**18 - 1),
            k=st.integers(1, 10**18 - 1),
        ),
        min_size=1,
    )
)
def test_written_and_read(written: list[GemmLayer]) -> None:
    """What is written in the format comes back."""
    rows = "".join(f"{row.name},{row.m},{row.n},{row.k},\n" for row in written)
    assert layers(f"{GEMM_HEADER}\n{rows}") == tuple(written)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_file(tmp_path: Path, newline: str, mark: bytes) -> None:
    """A workload is named like its file; a byte order mark is no part of its text."""
    path = tmp_path / "net.small.csv"
    path.write_bytes(mark + newline.join(["", GEMM_HEADER, "QKT,1024,512,64,"]).encode())
    assert read_scalesim(path) == Workload(name="net.small", layers=(SCORES,))
    assert read_scalesim(str(path)) == read_scalesim(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"line 1: expected {HEADERS}, found no text"),
        ("\n,,\n", f"line 1: expected {HEADERS}, found no text"),
        (
            "QKT,1024,512,64,\n",
            f"line 1: expected {HEADERS}, not 'QKT, 1024, 512, 64'",
        ),
        (
            "\nLayer,M,K,N,\nQKT,1024,64,512,\n",
            f"line 2: expected {HEADERS}, not 'Layer, M, K, N'",
        ),
        (
            "Layer,M,N\n",
            f"line 1: expected {HEADERS}, not 'Layer, M, N'",
        ),
        (
            "x" * 100,
            f"line 1: expected {HEADERS}, not '{'x' * 80}'",
        ),
        (f"{GEMM_HEADER}\n,,,\n\n", "line 3: expected at least one layer below the header"),
        (
            f"{GEMM_HEADER}\nQKT,1024,512,\n",
            "line 2: expected 4 fields (Layer, M, N, K), not 3",
        ),
        (
            f"{CONV_HEADER}\n\nConv1,224,225,7,5,3,64,2,\nAlphaGoZero,\n",
            f"line 4: expected 8 fields {CONV_FIELDS}, not 1",
        ),
        (
            f"{GEMM_HEADER}\n,1024,512,64,\n",
            "line 2: expected the name of a layer in the first field",
        ),
        (
            f"{GEMM_HEADER}\nQKT,1024,wide,64,\n",
            "line 2: N must be a positive integer, not 'wide'",
        ),
        (f"{GEMM_HEADER}\nQKT,1024,512,0,\n", "line 2: K must be a positive integer, not '0'"),
        (f"{GEMM_HEADER}\nQKT,,512,64,\n", "line 2: M must be a positive integer, not ''"),
        (f"{GEMM_HEADER}\nQKT,-1,512,64,\n", "line 2: M must be a positive integer, not '-1'"),
        (f"{GEMM_HEADER}\nQKT,1e3,512,64,\n", "line 2: M must be a positive integer, not '1e3'"),
        (
            f"{GEMM_HEADER}\nQKT,{'9' * 19},512,64,\n",
            f"line 2: M must be a positive integer, not '{'9' * 19}'",
        ),
        (
            f"{CONV_HEADER}\nConv1,224,225,7,5,3,64,2.5,\n",
            "line 2: Strides must be a positive integer, not '2.5'",
        ),
        (
            f"{CONV_HEADER}\nConv1,6,225,7,5,3,64,2,\n",
            (
                "line 2: layer 'Conv1': the filter covers 7x5 pixels and must fit in the padded "
                "input of 6x225"
            ),
        ),
        (
            f"{CONV_HEADER}Sparsity\nConv1,224,225,7,5,3,64,2,1:4,\n",
            "line 2: expected a dense layer (sparsity 1:1), not 1:4",
        ),
    ],
)
def test_refused(text: str, message: str) -> None:
    """The message names the file, the line and what is expected."""
    with pytest.raises(ModelError) as error:
        layers(text)
    assert str(error.value) == f"net.csv, {message}"


def test_unreadable_files(tmp_path: Path) -> None:
    """Files that are missing or are not text."""
    path = tmp_path / "net.csv"
    with pytest.raises(ModelError) as error:
        read_scalesim(path)
    assert str(error.value) == f"{path}: cannot be read: No such file or directory"
    path.write_bytes(b"Layer\xff,M,N,K,\n")
    with pytest.raises(ModelError) as error:
        read_scalesim(path)
    assert str(error.value) == f"{path}: expected a csv file in UTF-8, but byte 5 is not"
    path.write_text("Layer\n", encoding="utf-8")
    with pytest.raises(ModelError) as error:
        read_scalesim(path)
    assert str(error.value) == f"{path}, line 1: expected {HEADERS}, not 'Layer'"


@pytest.mark.parametrize(
    ("file", "count", "first", "last"),
    [
        ("Resnet18.csv", 21, "Conv1", "FC"),
        ("Resnet50.csv", 54, "Conv1", "FC6"),
        ("mobilenet.csv", 27, "Conv1", "Conv27"),
        ("gpt2.csv", 6, "QKT", "PW-FF-L2"),
        ("vit_s.csv", 5, "L0", "L4"),
    ],
)
def test_shipped_tables(reference_data: Path, file: str, count: int, first: str, last: str) -> None:
    """Every layer of the tables that SCALE-Sim ships is read."""
    workload = read_scalesim(reference_data / "scalesim_topologies" / file)
    assert workload.name == Path(file).stem
    assert len(workload.layers) == count
    assert (workload.layers[0].name, workload.layers[-1].name) == (first, last)
