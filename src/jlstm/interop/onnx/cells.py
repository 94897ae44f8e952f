"""A recurrent operator as one of our cells, and one of our cells as an operator."""

from typing import NamedTuple

from jlstm.activations import Activation, Clipped
from jlstm.cell import Cell
from jlstm.cells.cifg import CIFGLSTMCell
from jlstm.cells.gru import GRUCell
from jlstm.cells.lstm import LSTMCell
from jlstm.cells.odyssey import OdysseyLSTMCell
from jlstm.cells.peephole import PeepholeLSTMCell
from jlstm.cells.rnn import RNNCell
from jlstm.interop._check import check_kind, check_options
from jlstm.interop.onnx.activations import OnnxActivation, write_activation
from jlstm.interop.onnx.operator import Operator
from jlstm.layers import Bidirectional

TARGET = "An ONNX operator"
LSTMS = (LSTMCell, PeepholeLSTMCell, CIFGLSTMCell, OdysseyLSTMCell)
EXPRESSED = frozenset(
    {"gate_activation", "activation", "output_activation", "reset", "coupled"}
    | {"peepholes", "num_heads", "w_gates_init"}
)
"""Options that a node can hold; blocks of heads are made dense."""


class Settings(NamedTuple):
    """What the two directions of one operator have in common."""

    op_type: str
    hidden_size: int
    clip: float | None = None
    input_forget: bool = False
    linear_before_reset: bool = False


def cell_of(
    operator: Operator, way: int, hidden_size: int, use_bias: bool, peepholes: bool
) -> Cell:
    """Return the cell of one direction of an operator.

    Args:
        operator: what the node says.
        way: the direction, 0 or 1.
        hidden_size: number of units.
        use_bias: whether the node has the input B.
        peepholes: whether the node has the input P.
    """
    functions = [_clip(f, operator.clip) for f in operator.activations[way]]
    if operator.op_type == "RNN":
        return RNNCell(hidden_size, *functions, use_bias=use_bias)
    if operator.op_type == "GRU":
        reset = "after" if operator.linear_before_reset else "before"
        gate, candidate = functions
        return GRUCell(
            hidden_size, reset, use_bias, gate_activation=gate, activation=candidate
        )
    gate, candidate, output = functions
    options = {
        "use_bias": use_bias,
        "gate_activation": gate,
        "activation": candidate,
        "output_activation": output,
    }
    if operator.input_forget:
        if peepholes:
            return OdysseyLSTMCell(hidden_size, coupled=True, **options)
        return CIFGLSTMCell(hidden_size, **options)
    kind = PeepholeLSTMCell if peepholes else LSTMCell
    return kind(hidden_size, **options)


def settings_of(cell: Cell) -> tuple[Settings, tuple[OnnxActivation, ...]]:
    """Return what the attributes of a node must say for it to compute ``cell``.

    Raises:
        ValueError, TypeError: no operator computes it.
    """
    check_kind(TARGET, cell, (*LSTMS, GRUCell, RNNCell))
    check_options(TARGET, cell, EXPRESSED)
    functions = _functions(cell)
    clip = _common_limit(cell, functions)
    bare = [f.activation if clip is not None else f for f in functions]
    settings = Settings(
        _op_type(cell),
        cell.hidden_size,
        clip,
        input_forget=is_coupled(cell),
        linear_before_reset=isinstance(cell, GRUCell) and cell.reset == "after",
    )
    return settings, tuple(write_activation(f) for f in bare)


def is_coupled(cell: Cell) -> bool:
    """Say whether the forget gate of ``cell`` is one minus its input gate."""
    return isinstance(cell, CIFGLSTMCell) or (
        isinstance(cell, OdysseyLSTMCell) and cell.coupled
    )


def is_one_operator(layer: Bidirectional) -> bool:
    """Say whether one operator can run both directions, or it takes two."""
    backward = layer.forward if layer.backward is None else layer.backward
    return settings_of(layer.forward)[0] == settings_of(backward)[0]


def _clip(activation: Activation, limit: float | None) -> Activation:
    return activation if limit is None else Clipped(activation, limit)


def _op_type(cell: Cell) -> str:
    if isinstance(cell, RNNCell):
        return "RNN"
    return "GRU" if isinstance(cell, GRUCell) else "LSTM"


def _functions(cell: Cell) -> list[Activation]:
    """Return the activations in the order of the operator."""
    if isinstance(cell, RNNCell):
        return [cell.activation]
    if isinstance(cell, GRUCell):
        return [cell.gate_activation, cell.activation]
    return [cell.gate_activation, cell.activation, cell.output_activation]


def _common_limit(cell: Cell, functions: list[Activation]) -> float | None:
    limits = {f.limit if isinstance(f, Clipped) else None for f in functions}
    if len(limits) > 1:
        raise ValueError(
            f"{TARGET} cannot hold {cell!r}: it has one clip for the inputs of all its "
            "activations. Give each the same Clipped limit, or none."
        )
    return limits.pop()
