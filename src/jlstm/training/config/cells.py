"""The cells that a configuration can name, and how it draws their parameters."""

import dataclasses
from typing import Literal, get_args

from jlstm.cell import Cell
from jlstm.cells import (
    CIFGLSTMCell,
    GRUCell,
    LSTMCell,
    MinGRUCell,
    MinLSTMCell,
    PeepholeLSTMCell,
    RNNCell,
    SLSTMCell,
)
from jlstm.initializers import Chrono, HiddenUniform, Identity, Uniform

CellName = Literal[
    "lstm", "gru", "rnn", "irnn", "peephole", "cifg", "slstm", "minlstm", "mingru"
]
InitName = Literal["default", "torch", "uniform"]
TITLES = {
    "lstm": "LSTM",
    "gru": "GRU",
    "rnn": "tanh RNN",
    "irnn": "IRNN",
    "peephole": "peephole LSTM",
    "cifg": "coupled LSTM",
    "slstm": "sLSTM",
    "minlstm": "minLSTM",
    "mingru": "minGRU",
}
"""What a picture or a table calls each of them."""

assert set(TITLES) == set(get_args(CellName))


def make_cell(
    name: CellName,
    hidden_size: int,
    *,
    forget_bias: float | Chrono = 1.0,
    init: InitName = "default",
    init_scale: float = 0.1,
) -> Cell:
    """Return a cell by the name that a configuration has for it.

    Args:
        name: which cell; ``"irnn"`` is the ReLU RNN whose recurrent weight starts as
            the identity (Le, Jaitly and Hinton, 2015, arXiv:1504.00941).
        hidden_size: its units.
        forget_bias: of those LSTMs that have a forget gate with a recurrent weight; a
            :class:`jlstm.initializers.Chrono` draws one for each unit.
        init: ``"default"`` (Glorot, orthogonal per gate), ``"torch"`` (U(±1/√H)) or
            ``"uniform"`` (U(±init_scale)).
        init_scale: limit of ``"uniform"``.

    Example:
        >>> make_cell("gru", 8).hidden_size
        8
    """
    cell = {
        "lstm": lambda: LSTMCell(hidden_size, forget_bias=forget_bias),
        "peephole": lambda: PeepholeLSTMCell(hidden_size, forget_bias=forget_bias),
        "cifg": lambda: CIFGLSTMCell(hidden_size, forget_bias=forget_bias),
        "gru": lambda: GRUCell(hidden_size),
        "rnn": lambda: RNNCell(hidden_size),
        "irnn": lambda: RNNCell(hidden_size, activation="relu", w_hh_init=Identity()),
        "slstm": lambda: SLSTMCell(hidden_size),
        "minlstm": lambda: MinLSTMCell(hidden_size),
        "mingru": lambda: MinGRUCell(hidden_size),
    }[name]()
    if init == "default":
        return cell
    draw = HiddenUniform() if init == "torch" else Uniform(init_scale)
    drawn = ("w_ih_init", "w_hh_init", "b_init")
    own = {field.name for field in dataclasses.fields(cell)}
    return dataclasses.replace(cell, **{name: draw for name in drawn if name in own})
