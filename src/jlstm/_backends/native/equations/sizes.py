"""Sizes that say what an axis is: primes that are the size of nothing else."""

from typing import Any, NamedTuple

import numpy as np

from jlstm._backends.native.equations.unsupported import UnsupportedError
from jlstm._internal.types import Shape

UNIT, ROW, INPUT = 1009, 1013, 1019
"""Sizes while tracing: of a hidden state, of a batch, of an input."""


class Sizes(NamedTuple):
    """The true sizes that stand for the primes."""

    unit: int
    row: int
    input: int

    def true(self, shape: Shape) -> Shape:
        """Return a traced shape with the true sizes.

        Example:
            >>> Sizes(unit=8, row=5, input=3).true((1013, 4 * 1009))
            (5, 32)
        """
        return tuple(self.of(size) for size in shape)

    def of(self, size: Any) -> Any:
        """Return a traced number with the true sizes; any other stays."""
        if size == ROW:
            return self.row
        if size == INPUT:
            return self.input
        return size // UNIT * self.unit if size and size % UNIT == 0 else size


def split_units(shape: Shape) -> Shape:
    """Return the shape with an axis of its own for the units, the inner one.

    Example:
        >>> split_units((1013, 4 * 1009)), split_units((3, 1009))
        ((1013, 4, 1009), (3, 1009))
    """
    parts = (
        (size // UNIT, UNIT) if size > UNIT and size % UNIT == 0 else (size,)
        for size in shape
    )
    return tuple(size for part in parts for size in part)


def of_nodes(shape: Shape) -> Shape:
    """Return the shape of an array of nodes: one node stands for all rows and units.

    Example:
        >>> of_nodes((1013, 4 * 1009)), of_nodes((3, 1009))
        ((1, 4), (3, 1))
    """
    return tuple(_of_nodes(size) for size in shape)


def _of_nodes(size: int) -> int:
    if size in (ROW, INPUT):
        return 1
    return size // UNIT if size and size % UNIT == 0 else size


def unit_stride(shape: Shape) -> int | None:
    """Return how far apart two units are in an array of this shape; None without any.

    Raises:
        UnsupportedError: there are units on two axes, as in a matrix of them.
    """
    found = [n for n, size in enumerate(shape) if size and size % UNIT == 0]
    if len(found) > 1:
        raise UnsupportedError("its state is a matrix over the units")
    return int(np.prod(shape[found[0] + 1 :])) if found else None
