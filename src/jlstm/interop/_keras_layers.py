"""Which layers of a Keras model are recurrent, and whether they are a stack."""

import itertools
from collections.abc import Iterator
from typing import Any

from jlstm.interop._keras_cells import KINDS, TARGET

IDLE = frozenset(
    {"InputLayer", "Masking", "Identity", "Dropout", "GaussianNoise", "GaussianDropout"}
    | {"AlphaDropout", "ActivityRegularization", "SpatialDropout1D"}
    | {"SpatialDropout2D", "SpatialDropout3D"}
)
"""What passes numbers on at inference; the mask of Masking is an argument of ours."""

RECURRENT = frozenset({*KINDS, "RNN", "Bidirectional"})


def recurrent_layers(source: Any) -> list[Any]:
    """Return the recurrent layers of a model, of a list of layers, or one layer.

    Raises:
        TypeError: there is a layer of another class.
        ValueError: there is none, or one is not fed by the one before it.
    """
    layers = _layers(source)
    found = [layer for layer in layers if class_of(layer) not in IDLE]
    for layer in found:
        if class_of(layer) not in RECURRENT:
            raise TypeError(
                f"{TARGET}: cannot read a {class_of(layer)}; give the recurrent layers "
                f"alone, {', '.join(KINDS)}, RNN or Bidirectional, as a list."
            )
    if not found:
        raise ValueError(f"{TARGET}: no layer is recurrent; give at least one layer.")
    for below, layer in itertools.pairwise(found):
        _check_fed(layer, below, found)
    return found


def class_of(layer: Any) -> str:
    """Return the class of a layer, also of one that is given as plain data."""
    config = getattr(layer, "config", None)
    if isinstance(config, dict) and "class_name" in config:
        return str(config["class_name"])
    return type(layer).__name__


def plain(kind: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the layer that an ``RNN`` around a single cell is: its class and config.

    Raises:
        TypeError: it runs another cell, or several.
    """
    if kind != "RNN":
        return kind, config
    cell = config.get("cell", {})
    name = cell.get("class_name", "nothing")
    if name not in ("LSTMCell", "GRUCell", "SimpleRNNCell"):
        raise TypeError(
            f"{TARGET}: cannot read a RNN of {name}; give RNN of LSTMCell, GRUCell or "
            "SimpleRNNCell, one cell each."
        )
    options = {name: value for name, value in config.items() if name != "cell"}
    return name.removesuffix("Cell"), {**cell["config"], **options}


def _layers(source: Any) -> list[Any]:
    if isinstance(source, str | bytes | dict) or source is None:
        raise TypeError(
            f"{TARGET}: cannot read a {type(source).__name__}; give a model, layers or "
            "KerasLayer (load a file by keras.saving.load_model first)."
        )
    if hasattr(source, "config") and hasattr(source, "weights"):
        return [source]  # a KerasLayer, which is a tuple itself
    layers = getattr(source, "layers", None)
    if layers is not None:
        return list(layers)
    if hasattr(source, "get_config"):
        return [source]
    if not isinstance(source, list | tuple):
        raise TypeError(
            f"{TARGET}: cannot read a {type(source).__name__}; give a model, or a list "
            "of layers."
        )
    return list(source)


def _check_fed(layer: Any, below: Any, recurrent: list[Any]) -> None:
    """Require that ``layer`` reads ``below``, where Keras knows what it reads."""
    makers = list(_makers(layer, recurrent))
    if makers and makers[-1] is not below:
        raise ValueError(
            f"{TARGET}: the {class_of(layer)} {layer.name!r} does not read the outputs "
            f"of {below.name!r}, the recurrent layer before it: give them one by one."
        )


def _makers(layer: Any, recurrent: list[Any]) -> Iterator[Any]:
    """Yield what made the input of a layer, back to the first recurrent layer."""
    while (tensor := _input(layer)) is not None:
        history = getattr(tensor, "_keras_history", None)
        if history is None or history[0] is layer:
            return
        layer = history[0]
        yield layer
        if any(layer is one for one in recurrent):
            return


def _input(layer: Any) -> Any:
    """Return the symbolic input of a layer; ``None`` without one, or with several."""
    try:
        return layer.input
    except (AttributeError, ValueError):
        return None
