"""Packing: several sequences one after the other in one row, with resets between.

What a loop over time costs is its number of steps. Packed rows are nearly full, so a
data set of short sequences takes a fraction of the steps that padding would, and all
batches have one shape.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Integer, Shaped


class Place(NamedTuple):
    """Where a sequence lies: its column and its first step."""

    column: int
    start: int


class Packed(NamedTuple):
    """Sequences in columns, time first.

    ``segments`` numbers the sequences of a column from 1; 0 is padding. ``places`` has
    one entry for each sequence, in the order that they came in.
    """

    xs: Shaped[np.ndarray, "t b ..."]
    segments: Integer[np.ndarray, "t b"]
    places: tuple[Place, ...]
    lengths: tuple[int, ...]

    @property
    def mask(self) -> Bool[np.ndarray, "t b"]:
        """Which steps belong to a sequence: ``mask`` of :func:`jlstm.unroll`."""
        return self.segments > 0

    @property
    def resets(self) -> Bool[np.ndarray, "t b"]:
        """Where a sequence begins: ``resets`` of :func:`jlstm.unroll`."""
        before = np.concatenate([np.zeros_like(self.segments[:1]), self.segments[:-1]])
        return self.segments != before

    @property
    def padding(self) -> float:
        """The share of all steps that is padding."""
        return 1.0 - float(self.mask.mean())


def pack(sequences: Sequence[np.ndarray], steps: int) -> Packed:
    """Pack sequences into as few columns of ``steps`` steps as first-fit finds.

    The longest go first, each into the first column that has room (first-fit
    decreasing: at most 11/9 of the least number of columns, and one; D. Johnson, 1973).

    Raises:
        ValueError: there is no sequence, or one is longer than ``steps``.

    Example:
        >>> packed = pack([np.full(n, n) for n in (2, 5, 3)], steps=5)
        >>> packed.xs.T
        array([[5, 5, 5, 5, 5],
               [3, 3, 3, 2, 2]])
        >>> packed.resets.T.astype(int)
        array([[1, 0, 0, 0, 0],
               [1, 0, 0, 1, 0]])
    """
    lengths = tuple(len(one) for one in sequences)
    _check(lengths, steps)
    places, columns = _first_fit(lengths, steps)
    first = sequences[0]
    xs = np.zeros((steps, columns, *first.shape[1:]), first.dtype)
    segments = np.zeros((steps, columns), int)
    for n in np.argsort([place.start for place in places], kind="stable"):
        column, start = places[n]
        stop = start + lengths[n]
        xs[start:stop, column] = sequences[n]
        segments[start:stop, column] = segments[:, column].max() + 1
    return Packed(xs, segments, places, lengths)


def unpack(
    packed: Packed, ys: Shaped[np.ndarray, "t b ..."]
) -> list[Shaped[np.ndarray, "n ..."]]:
    """Return what ``ys`` holds for each sequence, in the order that they came in.

    Example:
        >>> packed = pack([np.full(n, n) for n in (2, 5, 3)], steps=5)
        >>> [part.tolist() for part in unpack(packed, packed.xs)]
        [[2, 2], [5, 5, 5, 5, 5], [3, 3, 3]]
    """
    pairs = zip(packed.places, packed.lengths, strict=True)
    return [ys[start : start + length, column] for (column, start), length in pairs]


def _first_fit(lengths: tuple[int, ...], steps: int) -> tuple[tuple[Place, ...], int]:
    places: list[Place | None] = [None] * len(lengths)
    used: list[int] = []
    for n in np.argsort([-length for length in lengths], kind="stable"):
        column = _first_with_room(used, lengths[n], steps)
        if column == len(used):
            used.append(0)
        places[n] = Place(column, used[column])
        used[column] += lengths[n]
    return tuple(places), len(used)


def _first_with_room(used: list[int], length: int, steps: int) -> int:
    for column, taken in enumerate(used):
        if taken + length <= steps:
            return column
    return len(used)


def _check(lengths: tuple[int, ...], steps: int) -> None:
    if not lengths:
        raise ValueError("There are no sequences to pack; give at least one.")
    if max(lengths) > steps:
        raise ValueError(
            f"The longest sequence has {max(lengths)} steps, a packed column has "
            f"{steps}; give steps of at least {max(lengths)} or cut the sequence."
        )
