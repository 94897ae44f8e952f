"""What the cells of Linen and NNX have in common: their options, to ours and back."""

from collections.abc import Collection, Mapping
from typing import Any

from jlstm.activations import NAMES, Activation, resolve
from jlstm.cell import Cell
from jlstm.cells import GRUCell, LSTMCell, MGUCell, RNNCell
from jlstm.interop._check import (
    check_bias,
    check_kind,
    check_one_activation,
    check_options,
)
from jlstm.interop._gates import Layout

LAYOUTS: dict[type[Cell], Layout] = {
    LSTMCell: Layout("ifgo"),
    GRUCell: Layout("rzn"),
    MGUCell: Layout("fn"),
    RNNCell: Layout("h"),
}
"""Flax has our order in every cell."""

HOLDERS = ("cell", "forward_rnn.cell", "backward_rnn.cell")
"""Where the modules of Flax that run cells keep them."""


def kind_of(target: str, module: Any, kinds: Mapping[type, type]) -> type:
    """Return our class for a Flax cell, which must be of one of the classes ``kinds``.

    Raises:
        TypeError: it is another module; one that holds cells is told where they are.
    """
    kind = kinds.get(type(module))
    if kind is None:
        names = ", ".join(one.__name__ for one in kinds)
        holds = [path for path in HOLDERS if _at(module, path) is not None]
        hint = f" It holds cells: give its .{' and .'.join(holds)}." if holds else ""
        what = module.__name__ if isinstance(module, type) else type(module).__name__
        raise TypeError(f"{target}: cannot read a {what}; give {names}.{hint}")
    return kind


def cell_of(target: str, module: Any, kinds: Mapping[type, type], size: int) -> Cell:
    """Make our cell with the options of a Flax cell of one of the classes ``kinds``."""
    kind = kind_of(target, module, kinds)
    activation = _activation(module.activation_fn)
    if kind is RNNCell:
        if module.residual:
            raise ValueError(
                f"{target}: cannot read a SimpleCell with residual=True; RNNCell does "
                "not add its carry inside the activation."
            )
        return RNNCell(size, activation=activation)
    options = {"gate_activation": _activation(module.gate_fn), "activation": activation}
    if kind is GRUCell:
        return GRUCell(size, **options)
    if kind is MGUCell:
        reset = "after" if module.reset_gate else "none"
        return MGUCell(size, reset=reset, update="keep", **options)
    return LSTMCell(size, output_activation=activation, **options)


def options_of(target: str, cell: Any, kinds: Collection[type]) -> dict[str, Any]:
    """Return the options of a Flax cell that computes as ours, or refuse it."""
    check_kind(target, cell, kinds)
    activations = {"gate_activation", "activation", "output_activation"}
    free = {"reset", "update"} if isinstance(cell, MGUCell) else set()
    check_options(target, cell, activations | free)
    check_bias(target, cell)
    options: dict[str, Any] = {"activation_fn": resolve(cell.activation)}
    if isinstance(cell, RNNCell):
        return options
    options["gate_fn"] = resolve(cell.gate_activation)
    if isinstance(cell, LSTMCell):
        check_one_activation(target, cell)
    if isinstance(cell, MGUCell):
        _check_mgu(target, cell)
        options["reset_gate"] = cell.reset == "after"
    return options


def _at(module: Any, path: str) -> Any:
    for name in path.split("."):
        module = getattr(module, name, None)
    return module


def _check_mgu(target: str, cell: MGUCell) -> None:
    if cell.update != "keep" or cell.reset == "before":
        raise ValueError(
            f"{target} cannot hold {cell!r}: its MGU has update='keep' and reset="
            "'after' or 'none'. These are different models; only training again helps."
        )


def _activation(function: Any) -> Activation:
    """Return our name of a function, or the function if it has none here."""
    names = [name for name, known in NAMES.items() if known is function]
    return names[0] if names else function
