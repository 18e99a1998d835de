"""Import of TFLite models."""

from pathlib import Path

from golden.graph import Graph
from mapper.importers.errors import ModelError
from mapper.importers.tflite.draft import Draft
from mapper.importers.tflite.node import Node
from mapper.importers.tflite.reading import ModelRecord, OperatorRecord, read
from mapper.importers.tflite.registry import SUPPORTED, convert

__all__ = ["SUPPORTED", "import_tflite"]


def import_tflite(model: str | Path | bytes, *, batch: int = 1) -> Graph:
    """The graph of a TFLite model.

    Models quantized to int8 throughout compute what TFLite's reference kernels compute, bit for
    bit; float models come as they are. Inputs and outputs keep name and layout of the file,
    (batch, height, width, channels); within the graph channels come first, and Transposes stand
    where the layout changes.

    Parameters
    ----------
    model : str, Path or bytes
        File, or its content.
    batch : int
        Leading size of the inputs where the model leaves it open.

    Returns
    -------
    Graph
        All shapes are static; an operator is named by its place in the file and its type.

    Raises
    ------
    ModelError
        If the file is no TFLite model, a size other than the batch is open, or an operator is not
        supported. The message names file, operator and its output and says what to do.
    """
    if isinstance(model, bytes):
        source, name, record = "model", "model", read(model)
    else:
        source, name, record = str(model), Path(model).stem, read(Path(model))
    try:
        return _build(record, name, batch)
    except ValueError as error:
        raise ModelError(f"{source}: {error}") from None


def _build(model: ModelRecord, name: str, batch: int) -> Graph:
    if batch < 1:
        raise ValueError(f"a batch is at least 1, not {batch}")
    if not model.operators:
        raise ValueError("the model has no operators")
    draft = Draft(model, batch)
    for index, record in enumerate(model.operators):
        node = Node(name=f"{index}:{record.kind}", record=record, draft=draft)
        try:
            convert(node)
        except ValueError as error:
            raise ValueError(f"{_described(index, record, draft)}: {error}") from None
    return draft.graph(name)


def _described(index: int, record: OperatorRecord, draft: Draft) -> str:
    names = ", ".join(repr(draft.name(output)) for output in record.outputs)
    return f"operator {index} ({record.kind}, output {names or 'none'})"
