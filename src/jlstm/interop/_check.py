"""Refuse what another library cannot hold, before anything is converted.

A conversion is exact or it is an error. What another library does not have is an option
of a cell or a layer with another value than its default, unless the converter says that
it can express it. Initializers compute nothing once the weights are there, so they are
not asked about.
"""

import dataclasses
from collections.abc import Collection
from typing import Any

from jlstm.activations import resolve
from jlstm.cell import Cell

SIZES = frozenset({"hidden_size", "proj_size", "use_bias"})
"""Fields of a cell that the shapes of its weights tell."""

SIZES_AND_DRAWING = SIZES | frozenset(
    {"forget_bias", "w_ih_init", "w_hh_init", "b_init", "w_hr_init", "peephole_init"}
)
"""Fields of a cell that change none of its equations."""

RUNNING = frozenset({"backend", "unroll", "checkpoint"})
"""Fields of a layer that change how fast it runs, not what it computes."""

ADVICE = {
    "num_heads": "Make the weights dense first, with jlstm.interop.dense_heads.",
    "reset": "The two resets are different models: only training one again helps.",
    "cell_clip": "Nothing in it holds the cell state within a limit.",
    "merge": "Convert the two directions one by one and merge them there.",
    "reverse": "Use Bidirectional, or flip the sequence yourself.",
}


def check_kind(target: str, cell: Cell, kinds: Collection[type]) -> None:
    """Require a cell of one of the classes that ``target`` has.

    Example:
        >>> from jlstm import GRUCell, LSTMCell
        >>> check_kind("cuDNN", GRUCell(3), {LSTMCell})
        Traceback (most recent call last):
        ...
        TypeError: cuDNN has no cell like GRUCell(hidden_size=3); it has LSTMCell.
    """
    if type(cell) not in kinds:
        names = ", ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"{target} has no cell like {cell!r}; it has {names}.")


def check_options(target: str, part: Any, free: Collection[str] = ()) -> None:
    """Require the default of every option of a cell or layer that is not in ``free``.

    Example:
        >>> from jlstm import LSTMCell
        >>> check_options("Keras", LSTMCell(3, cell_clip=2.0))
        Traceback (most recent call last):
        ...
        ValueError: Keras cannot hold LSTMCell(hidden_size=3, cell_clip=2.0): cell_clip
        is 2.0 where it has only None. Nothing in it holds the cell state within a
        limit.
    """
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if field.name in free or field.name in SIZES_AND_DRAWING | RUNNING:
            continue
        if not _equal(field.name, value, field.default):
            advice = ADVICE.get(field.name, "Keep such a layer in jlstm.")
            raise ValueError(
                f"{target} cannot hold {part!r}: {field.name} is {value!r} where it "
                f"has only {field.default!r}. {advice}"
            )


def check_alike(target: str, cell: Any, first: Any) -> None:
    """Require cells of one kind, one width and equal options, as one module has them.

    Example:
        >>> from jlstm import LSTMCell
        >>> check_alike("cuDNN", LSTMCell(4), LSTMCell(3))
        Traceback (most recent call last):
        ...
        ValueError: cuDNN cannot hold LSTMCell(hidden_size=3) and
        LSTMCell(hidden_size=4) in one module; convert them one by one.
    """
    same = type(cell) is type(first) and all(
        _equal(field.name, getattr(cell, field.name), getattr(first, field.name))
        for field in dataclasses.fields(cell)
        if field.name not in SIZES_AND_DRAWING - SIZES
    )
    if not same:
        raise ValueError(
            f"{target} cannot hold {first!r} and {cell!r} in one module; convert them "
            "one by one."
        )


def check_bias(target: str, cell: Any) -> None:
    """Require a cell with biases, for a library that cannot leave them out.

    Example:
        >>> from jlstm import LSTMCell
        >>> check_bias("cuDNN", LSTMCell(3, use_bias=False))
        Traceback (most recent call last):
        ...
        ValueError: cuDNN cannot hold LSTMCell(hidden_size=3, use_bias=False): it always
        has biases. Give the cell use_bias=True and zeros as its bias.
    """
    if not cell.use_bias:
        raise ValueError(
            f"{target} cannot hold {cell!r}: it always has biases. Give the cell "
            "use_bias=True and zeros as its bias."
        )


def check_one_activation(target: str, cell: Any) -> None:
    """Require that an LSTM shows its cell state through its candidate's activation.

    Example:
        >>> from jlstm import LSTMCell
        >>> check_one_activation("Keras", LSTMCell(3, output_activation="relu"))
        Traceback (most recent call last):
        ...
        ValueError: Keras cannot hold LSTMCell(hidden_size=3, output_activation='relu'):
        it has one option for activation and output_activation.
    """
    if not _equal("activation", cell.activation, cell.output_activation):
        raise ValueError(
            f"{target} cannot hold {cell!r}: it has one option for activation and "
            "output_activation."
        )


def _equal(name: str, value: Any, other: Any) -> bool:
    if name.endswith("activation"):
        return resolve(value) == resolve(other)
    return value == other
