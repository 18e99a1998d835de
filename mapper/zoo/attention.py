"""Multi-head attention, the heads of which are one operator."""

from mapper.zoo.layers import Feature, Layers

__all__ = ["attention"]


def attention(layers: Layers, x: Feature, source: Feature, heads: int) -> Feature:
    """Attention of ``x`` to ``source``: Vaswani et al., NeurIPS 2017, section 3.2.

    Parameters
    ----------
    layers : Layers
        Where it is added.
    x, source : Feature
        Of shapes (tokens, features), features alike.
    heads : int
        A divisor of the number of features.

    Returns
    -------
    Feature
        Of the shape of ``x``.
    """
    rows, features = x.shape
    columns, _ = source.shape
    query = layers.linear(x, features)
    key = layers.linear(source, features)
    value = layers.linear(source, features)
    weights = layers.softmax(layers.product(query, key, (heads, rows, columns)))
    mixed = layers.product(weights, value, (heads, rows, features // heads))
    joined = Feature(name=mixed.name, shape=(rows, features))
    return layers.linear(joined, features)
