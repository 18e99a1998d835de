"""The Transformer, base model: Vaswani et al., Attention is all you need, NeurIPS 2017, table 3."""

from mapper.scheduling.graph import SizedGraph
from mapper.zoo.attention import attention
from mapper.zoo.layers import Feature, Layers

__all__ = ["transformer_base"]

_FEATURES = 512
_INNER = 2048
_HEADS = 8
_DEPTH = 6


def transformer_base(
    *, source_tokens: int = 128, target_tokens: int = 128, element_bytes: int = 1
) -> SizedGraph:
    """Encoder and decoder between the embeddings, which are no part of it.

    As PyTorch's ``nn.Transformer``: biases everywhere, a normalization after each of the two.

    Parameters
    ----------
    source_tokens, target_tokens : int
        Lengths of what is read and what is written.
    element_bytes : int
        As that of `Layers`.
    """
    layers = Layers("transformer_base", element_bytes=element_bytes)
    memory = layers.input((source_tokens, _FEATURES))
    for _ in range(_DEPTH):
        memory = _joined(layers, memory, attention(layers, memory, memory, _HEADS))
        memory = _joined(layers, memory, _feed_forward(layers, memory))
    memory = layers.layer_normalize(memory)
    x = layers.input((target_tokens, _FEATURES))
    for _ in range(_DEPTH):
        x = _joined(layers, x, attention(layers, x, x, _HEADS))
        x = _joined(layers, x, attention(layers, x, memory, _HEADS))
        x = _joined(layers, x, _feed_forward(layers, x))
    return layers.graph(layers.layer_normalize(x))


def _joined(layers: Layers, x: Feature, y: Feature) -> Feature:
    return layers.layer_normalize(layers.add(x, y))


def _feed_forward(layers: Layers, x: Feature) -> Feature:
    return layers.linear(layers.relu(layers.linear(x, _INNER)), _FEATURES)
