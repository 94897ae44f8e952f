"""What Keras keeps of one direction of a layer, its config and weights, to cells.

Keras stacks the gates along the columns, LSTM in our order, GRU as z, r, n. A GRU with
``reset_after`` has two biases. Its dropout options and initializers are let go: they
compute nothing at inference.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Params, Shape
from jlstm.activations import Activation, HardSigmoid, LeakyReLU, resolve
from jlstm.cell import Cell
from jlstm.cells import (
    ConvLSTMCell,
    ConvLSTMParams,
    GRUCell,
    LSTMCell,
    RNNCell,
)
from jlstm.interop._check import check_kind, check_one_activation, check_options
from jlstm.interop._gates import Layout, Stacked, read_params, to_jax, write_params
from jlstm.interop._layers import Part
from jlstm.interop._weights import axes, check_weights

TARGET = "Keras"
LSTM, GRU, RNN = Layout("ifgo"), Layout("zrn"), Layout("h")
LAYOUTS: dict[type[Cell], Layout] = {
    LSTMCell: LSTM,
    GRUCell: GRU,
    RNNCell: RNN,
    ConvLSTMCell: LSTM,
}
KINDS = ("LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")

ACTIVATIONS: dict[str, Activation] = {
    **{name: name for name in ("tanh", "sigmoid", "relu", "hard_tanh", "softsign")},
    **{name: name for name in ("softplus", "elu", "silu")},
    "linear": "identity",
    "hard_sigmoid": HardSigmoid(1 / 6, 0.5),  # ours by that name has ONNX's slope, 0.2
    "leaky_relu": LeakyReLU(0.2),
    "relu6": jax.nn.relu6,
    "selu": jax.nn.selu,
    "mish": jax.nn.mish,
    "exponential": jnp.exp,
}
"""Keras's names of activations, and ours. Keras's gelu is exact, ours approximate."""


CONV_OPTIONS = {
    "kernel_size": "kernel_size",
    "strides": "strides",
    "dilation": "dilation_rate",
    "padding": "padding",
}
"""Our names of the options of a convolution, and Keras's."""


class Described(NamedTuple):
    """One direction of a Keras layer: class, config and weights."""

    kind: str
    config: dict[str, Any]
    weights: list[np.ndarray]


def check_class(kind: str) -> None:
    """Require the name of a class of Keras that we have the like of."""
    if kind not in KINDS:
        raise TypeError(
            f"{TARGET}: cannot read a {kind}; give {', '.join(KINDS)} or Bidirectional."
        )


def read_cell(described: Described, input_shape: Sequence[Any]) -> Part:
    """Return the cell and the parameters of one direction of a Keras layer.

    Args:
        described: as Keras has it.
        input_shape: that the layer was built for, ``(batch, time, …, x)``.
    """
    kind, config, weights = described
    check_class(kind)
    _check_config(kind, config)
    _check_sizes(kind, config)
    options = _read_options(kind, config)
    _check_weights(kind, config, weights)
    cell: Cell
    if kind.startswith("ConvLSTM"):
        cell = _read_conv(config, tuple(input_shape[2:-1]), options)
        kernels: list[Any] = [LSTM.read(weight) for weight in weights[:2]]
        b: Any = LSTM.read(weights[2]) if config["use_bias"] else None
        w_ih, w_hh = kernels
        return Part(cell, to_jax(ConvLSTMParams(w_ih, w_hh, b, None, None, None)))
    if kind == "GRU":
        cell = GRUCell(config["units"], **options)
        if cell.reset == "after" and cell.use_bias:
            weights = [*weights[:2], *weights[2]]
    else:
        cell = (LSTMCell if kind == "LSTM" else RNNCell)(config["units"], **options)
    return Part(cell, read_params(cell, LAYOUTS[type(cell)], Stacked(*weights)))


def _check_config(kind: str, config: dict[str, Any]) -> None:
    """Require the options that the config of a layer always has."""
    wanted = {"use_bias", "activation", "go_backwards", "return_sequences"}
    wanted |= {"filters" if kind.startswith("ConvLSTM") else "units"}
    wanted |= {"recurrent_activation"} if kind != "SimpleRNN" else set()
    wanted |= {"reset_after"} if kind == "GRU" else set()
    if missing := sorted(wanted - config.keys()):
        raise ValueError(
            f"{TARGET}: the config of the {kind} has no {missing[0]}; give all that "
            "keras.layers.serialize(layer) gives."
        )


def _check_sizes(kind: str, config: dict[str, Any]) -> None:
    """Require whole numbers where the config has sizes."""
    sizes = [config.get("units", 1), config.get("filters", 1)]
    sizes += config.get("kernel_size") or []
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(
                f"{TARGET}: the config of the {kind} has the size {str(size)[:40]}; "
                "sizes are positive integers."
            )


def _check_weights(
    kind: str, config: dict[str, Any], weights: Sequence[np.ndarray]
) -> None:
    """Require kernel, recurrent kernel and bias, as the config has them."""
    conv = kind.startswith("ConvLSTM")
    gates = {"GRU": 3, "SimpleRNN": 1}.get(kind, 4)
    h = config["filters"] if conv else config["units"]
    names = ["kernel", "recurrent_kernel", *(["bias"] if config["use_bias"] else [])]
    names += [f"weight {n}" for n in range(len(names), len(weights))]
    came = dict(zip(names, weights, strict=False))
    space = int(kind[-2]) if conv else 0
    kernel = axes(f"{TARGET}: the kernel of the {kind}", came.get("kernel"), space + 2)
    taps = tuple(config["kernel_size"]) if conv else ()
    wanted: dict[str, Shape] = {
        "kernel": (*taps, kernel[-2], gates * h),
        "recurrent_kernel": (*taps, h, gates * h),
    }
    if config["use_bias"]:
        two = kind == "GRU" and config["reset_after"]
        wanted["bias"] = (2, gates * h) if two else (gates * h,)
    check_weights(f"{TARGET}: {kind}", came, wanted)


def write_cell(cell: Any, params: Params) -> Described:
    """Return the class, config and weights of the Keras layer that runs ``cell``."""
    check_kind(TARGET, cell, LAYOUTS)
    free = {"gate_activation", "activation", "output_activation", "reset"}
    check_options(TARGET, cell, free | CONV_OPTIONS.keys() | {"input_shape"})
    config: dict[str, Any] = {
        "units": cell.hidden_size,
        "use_bias": cell.use_bias,
        "activation": _write_activation(cell, cell.activation),
        "dtype": str(params.w_ih.dtype),
    }
    if isinstance(cell, RNNCell):
        return Described("SimpleRNN", config, _write_weights(cell, params))
    config["recurrent_activation"] = _write_activation(cell, cell.gate_activation)
    if isinstance(cell, GRUCell):
        config["reset_after"] = cell.reset == "after"
        return Described("GRU", config, _write_weights(cell, params))
    check_one_activation(TARGET, cell)
    if isinstance(cell, LSTMCell):
        return Described("LSTM", config, _write_weights(cell, params))
    config["filters"] = config.pop("units")
    return _write_conv(cell, params, config)


def input_shape(cell: Cell, params: Params) -> list[int | None]:
    """Return the shape that a Keras layer with these weights is built for."""
    space = cell.input_shape if isinstance(cell, ConvLSTMCell) else ()
    return [None, None, *space, params.w_ih.shape[len(space)]]


def _write_weights(cell: Cell, params: Params) -> list[np.ndarray]:
    w_ih, w_hh, b_ih, b_hh = write_params(cell, LAYOUTS[type(cell)], params)
    if b_ih is None:
        return [w_ih, w_hh]
    two = isinstance(cell, GRUCell) and cell.reset == "after"
    return [w_ih, w_hh, np.stack([b_ih, b_hh]) if two else b_ih]


def _read_options(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return our options of what is no size and no convolution."""
    activation = _read_activation(kind, config["activation"])
    options = {"use_bias": config["use_bias"], "activation": activation}
    if kind == "SimpleRNN":
        return options
    gate_activation = _read_activation(kind, config["recurrent_activation"])
    options["gate_activation"] = gate_activation
    if kind == "GRU":
        return options | {"reset": "after" if config["reset_after"] else "before"}
    return options | {"output_activation": activation}


def _read_conv(
    config: dict[str, Any], space: tuple[int, ...], options: dict[str, Any]
) -> ConvLSTMCell:
    if config["data_format"] != "channels_last":
        raise ValueError(
            f"{TARGET}: cannot read a ConvLSTM with data_format="
            f"{config['data_format']!r}; our images have their channels last. Rebuild "
            "the layer with 'channels_last'; its weights are the same."
        )
    for ours in ("kernel_size", "strides", "dilation"):
        options[ours] = tuple(config[CONV_OPTIONS[ours]])
    options["padding"] = config["padding"].upper()
    return ConvLSTMCell(config["filters"], space, **options)


def _write_conv(
    cell: ConvLSTMCell, params: Params, config: dict[str, Any]
) -> Described:
    for ours in ("kernel_size", "strides", "dilation"):
        config[CONV_OPTIONS[ours]] = cell.each_axis(ours)
    config |= {"padding": cell.padding.lower(), "data_format": "channels_last"}
    leaves = [params.w_ih, params.w_hh, *([params.b] if cell.use_bias else [])]
    weights = [LSTM.write(leaf) for leaf in leaves]
    return Described(f"ConvLSTM{len(cell.input_shape)}D", config, weights)


def _read_activation(kind: str, name: Any) -> Activation:
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(
            f"{TARGET}: cannot read a {kind} with activation {name!r}; there are "
            f"{', '.join(ACTIVATIONS)}."
        )
    return ACTIVATIONS[name]


def _write_activation(cell: Cell, activation: Activation) -> str:
    for name, ours in ACTIVATIONS.items():
        if resolve(ours) == resolve(activation):
            return name
    raise ValueError(
        f"{TARGET} cannot hold {cell!r}: it has no activation {activation!r}; it has "
        f"{', '.join(ACTIVATIONS)}."
    )
