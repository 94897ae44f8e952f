"""Keras 3's recurrent layers, in and out; Keras is not imported.

``LSTM``, ``GRU`` (both ``reset_after``), ``SimpleRNN``, ``ConvLSTM1D`` to ``3D``, and
``Bidirectional`` over them. Three things differ in what the layers give, not in their
weights: Keras is batch first, repeats the last output on masked steps unless
``zero_output_for_mask`` (ours are zero), and returns one output unless
``return_sequences``.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jlstm._internal.types import Params
from jlstm.cell import Cell
from jlstm.interop._check import check_options
from jlstm.interop._files import as_described
from jlstm.interop._keras_cells import (
    TARGET,
    Described,
    check_class,
    input_shape,
    read_cell,
    write_cell,
)
from jlstm.interop._keras_layers import plain, recurrent_layers
from jlstm.interop._layers import directions, levels
from jlstm.layers import (
    Bidirectional,
    BidirectionalParams,
    Layer,
    Merge,
    Recurrent,
    Stack,
)

MERGES: dict[str, Merge] = {
    "concat": "concat",
    "sum": "sum",
    "mul": "mul",
    "ave": "mean",
}
"""Keras's names of the merge modes, and ours."""


class KerasLayer(NamedTuple):
    """A Keras layer as plain data.

    ``keras.layers.deserialize(config)`` builds it and ``set_weights(weights)`` fills
    it; ``keras.layers.serialize(layer)`` and ``layer.get_weights()`` give it.
    """

    config: dict[str, Any]
    weights: list[np.ndarray]


def from_keras(layers: Any) -> tuple[Stack, Params]:
    """Return the stack that recurrent layers of Keras are, and its parameters.

    Args:
        layers: a model, a list of layers or one layer, all built, or
            :class:`KerasLayer`. Input, dropout and noise layers between them are left
            out, and so is ``Masking``: give its mask to ``layer.apply``.

    Returns:
        A stack, also of one layer. Dropout, regularizers, initializers and the options
        about states and what is returned are not taken over. ``go_backwards`` is
        ``Recurrent(reverse=True)``.

    Raises:
        TypeError: a layer is of another class, or a weight is no array of floats.
        ValueError: an activation or option has no match here, the order of a sequence
            would differ, the layers are not a stack, or a weight is missing, too much
            or of another shape.

    Example:
        >>> import jax
        >>> from jlstm import GRUCell
        >>> cell = GRUCell(3)
        >>> layers = to_keras(cell, cell.init(jax.random.key(0), input_size=2))
        >>> from_keras(layers)[0]
        Stack(layers=(Recurrent(cell=GRUCell(hidden_size=3)),))
    """
    with as_described(f"{TARGET}: the layers are not what Keras gives"):
        described = [_describe(layer) for layer in recurrent_layers(layers)]
        pairs = [
            _read(layer, last=n == len(described))
            for n, layer in enumerate(described, 1)
        ]
    stack = Stack(tuple(one for one, _ in pairs))
    params = tuple(own for _, own in pairs)
    _check_widths(stack, params)
    return stack, params


def to_keras(layer: Cell | Layer, params: Params) -> list[KerasLayer]:
    """Return the Keras layers that compute what ``layer`` does, from the input upwards.

    They return whole sequences. Dropout between layers is not a part of them.

    Raises:
        TypeError, ValueError: Keras has no such layer.

    Example:
        >>> import jax
        >>> from jlstm import LSTMCell
        >>> cell = LSTMCell(3)
        >>> (one,) = to_keras(cell, cell.init(jax.random.key(0), input_size=2))
        >>> one.config["class_name"], [array.shape for array in one.weights]
        ('LSTM', [(2, 12), (3, 12), (12,)])
    """
    pairs = levels(TARGET, layer, params)
    return [_write(*pair, last=n == len(pairs)) for n, pair in enumerate(pairs, 1)]


def _check_widths(stack: Stack, params: tuple[Params, ...]) -> None:
    """Require that each layer takes as many features as the one below gives."""
    cells = [directions(*pair) for pair in zip(stack.layers, params, strict=True)]
    takes = [input_shape(*parts[0])[-1] for parts in cells]
    for n, layer in enumerate(stack.layers[:-1]):
        gives = layer.output_size(takes[n] or 1)
        if takes[n + 1] != gives:
            raise ValueError(
                f"{TARGET}: layer {n + 1} takes {takes[n + 1]} features and layer {n} "
                f"gives {gives}: the two are not a stack. Give them one by one."
            )


def _describe(layer: Any) -> KerasLayer:
    if isinstance(layer, KerasLayer):
        return _checked(layer)
    config = {
        "class_name": type(layer).__name__,
        "config": layer.get_config(),
        "build_config": layer.get_build_config(),
    }
    return KerasLayer(config, layer.get_weights())


def _checked(layer: KerasLayer) -> KerasLayer:
    known = isinstance(layer.config, dict) and {"class_name", "config"} <= set(
        layer.config
    )
    named = known and isinstance(layer.config["class_name"], str)
    if not named or not isinstance(layer.weights, list | tuple):
        raise TypeError(
            f"{TARGET}: a KerasLayer has what keras.layers.serialize(layer) and "
            "layer.get_weights() give."
        )
    return layer


def _read(layer: KerasLayer, last: bool) -> tuple[Layer, Params]:
    if layer.config["class_name"] == "Bidirectional":
        return _read_bidirectional(layer, last)
    kind, config = plain(layer.config["class_name"], layer.config["config"])
    shape = _built_for(layer)
    part = read_cell(Described(kind, config, layer.weights), shape)
    _check_sequence(kind, config, last)
    return Recurrent(part.cell, reverse=config["go_backwards"]), part.params


def _read_bidirectional(layer: KerasLayer, last: bool) -> tuple[Layer, Params]:
    config, shape = layer.config["config"], _built_for(layer)
    halves = [
        plain(half["class_name"], half["config"])
        for half in (config["layer"], config["backward_layer"])
    ]
    for kind, _ in halves:
        check_class(kind)
    merge, first = config["merge_mode"], halves[0][1]
    if merge not in MERGES or first["go_backwards"]:
        raise ValueError(
            f"{TARGET}: cannot read a Bidirectional with merge_mode={merge!r} and "
            f"go_backwards={first['go_backwards']} in its forward layer; "
            f"there are {', '.join(MERGES)}, and the forward layer goes forward."
        )
    count = 2 + first["use_bias"]
    forward, backward = (
        read_cell(Described(*half, weights), shape)
        for half, weights in zip(
            halves, (layer.weights[:count], layer.weights[count:]), strict=True
        )
    )
    _check_sequence("Bidirectional", first, last)
    other = None if backward.cell == forward.cell else backward.cell
    both = BidirectionalParams(forward.params, backward.params)
    return Bidirectional(forward.cell, other, merge=MERGES[merge]), both


def _built_for(layer: KerasLayer) -> Sequence[Any]:
    shape = (layer.config.get("build_config") or {}).get("input_shape")
    if shape is None or not layer.weights:
        raise ValueError(
            f"{TARGET}: the {layer.config['class_name']} has no weights; build it, or "
            "call it once."
        )
    return shape


def _check_sequence(kind: str, config: dict[str, Any], last: bool) -> None:
    if config["go_backwards"] and config["return_sequences"]:
        raise ValueError(
            f"{TARGET}: cannot read a {kind} with go_backwards=True that returns "
            "sequences: its outputs come last step first, ours stay in the order of "
            "the input. Flip the input of a forward layer in its place."
        )
    if not last and not config["return_sequences"]:
        raise ValueError(
            f"{TARGET}: a {kind} below another layer has return_sequences=False, so "
            "the two are not a stack. Give them one by one."
        )


def _write(layer: Recurrent | Bidirectional, params: Params, last: bool) -> KerasLayer:
    check_options(TARGET, layer, {"cell", "forward", "backward", "merge", "reverse"})
    reverse = isinstance(layer, Recurrent) and layer.reverse
    if reverse and not last:
        raise ValueError(
            f"{TARGET} cannot hold {layer!r} below another layer: the outputs of its "
            "go_backwards come last step first. Use Bidirectional."
        )
    parts = directions(layer, params)
    build = {"build_config": {"input_shape": input_shape(*parts[0])}}
    halves = [write_cell(*part) for part in parts]
    weights = [weight for half in halves for weight in half.weights]
    if isinstance(layer, Recurrent):
        config = _config(halves[0], reverse, sequences=not reverse)
    else:
        config = _bidirectional(layer, *halves)
    return KerasLayer(config | build, weights)


def _bidirectional(
    layer: Bidirectional, forward: Described, backward: Described
) -> dict[str, Any]:
    modes = {ours: theirs for theirs, ours in MERGES.items()}
    options = {
        "merge_mode": modes[layer.merge],
        "dtype": forward.config["dtype"],
        "layer": _config(forward, backward=False, sequences=True),
        "backward_layer": _config(backward, backward=True, sequences=True),
    }
    return _object("Bidirectional", options)


def _config(half: Described, backward: bool, sequences: bool) -> dict[str, Any]:
    options = {"go_backwards": backward, "return_sequences": sequences}
    return _object(half.kind, half.config | options)


def _object(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return what Keras serializes one of its layers to."""
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": config,
        "registered_name": None,
    }
