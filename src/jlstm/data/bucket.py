"""Buckets: sequences of like length in batches of few shapes, so few compilations.

A program is compiled again for every shape. Padding each batch to its own longest row
makes a shape a batch; padding all to the longest of all wastes most of the work. Here
each sequence is padded to the next of a few boundaries, and every batch of a bucket has
the same shape, the last one too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Integer, Shaped

from jlstm._internal.options import Count, Options, Rising, Size
from jlstm.data.share import WHOLE, OwnRows, Share, own_rows


class PaddedBatch(NamedTuple):
    """Sequences side by side, time first, with zeros after their ends.

    ``rows`` tells which sequence each column is; -1 is a column of length 0 that only
    fills the batch.
    """

    xs: Shaped[np.ndarray, "t b ..."]
    lengths: Integer[np.ndarray, " b"]
    rows: Integer[np.ndarray, " b"]


@runtime_checkable
class Stored(Protocol):
    """Sequences whose lengths are known before they are read."""

    lengths: Integer[np.ndarray, " n"]


def lengths_of(sequences: Sequence[np.ndarray]) -> Integer[np.ndarray, " n"]:
    """Return how many steps each sequence has; those on disk are not read."""
    if isinstance(sequences, Stored):
        return sequences.lengths
    return np.array([len(one) for one in sequences])


@dataclass(frozen=True, eq=False)
class BucketedBatches(Options, OwnRows):
    """Batches of sequences that share a bucket; each sequence is in one of them.

    The last batch of a bucket is filled with columns of length 0, whose ``rows`` are
    -1. They stand for no sequence: give them no weight in a loss or a score, as in
    ``jnp.sum(loss * (rows >= 0)) / jnp.sum(rows >= 0)``. A loss over the steps within
    ``lengths`` has none of them by itself. A sequence that was left out when it was
    read, being broken (:class:`jlstm.data.records.Records`), is such a column too.

    Args:
        sequences: arrays with time first and the same axes after it.
        batch_size: columns of every batch.
        boundaries: the lengths to pad to, increasing; the last one holds the longest.
        seed: shuffles sequences within buckets and the order of the batches; ``None``
            keeps both as they are.
        share: ``(rank, count)`` reads only one of so many equal parts of the columns,
            for a process among several. The others are zeros; their ``lengths`` and
            ``rows`` are there.

    Raises:
        ValueError: a sequence is longer than the last boundary, or a number is out of
            range.

    Example:
        >>> words = [np.ones(n) for n in (2, 9, 3, 4, 10)]
        >>> batches = BucketedBatches(words, batch_size=2, boundaries=(4, 10))
        >>> [(batch.xs.shape, batch.rows.tolist()) for batch in batches]
        [((4, 2), [0, 2]), ((4, 2), [3, -1]), ((10, 2), [1, 4])]
        >>> batches.padding  # 3 steps of 16 and 1 of 20; the empty column counts too
        0.2222222222222222
    """

    sequences: Sequence[np.ndarray]
    batch_size: Size
    boundaries: Rising
    seed: Count | None = None
    share: Share = WHOLE

    def __post_init__(self) -> None:
        longest = int(self._lengths.max(initial=0))
        if longest > self.boundaries[-1]:
            raise ValueError(
                f"The longest sequence has {longest} steps, the last boundary is "
                f"{self.boundaries[-1]}; add a boundary of at least {longest} or cut "
                "the sequence."
            )

    def __iter__(self) -> Iterator[PaddedBatch]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, number: int) -> PaddedBatch:
        boundary, rows = self._plan[number]
        found = self._read(rows)
        left_out = [
            len(one) < planned
            for one, planned in zip(found, self._lengths[rows], strict=True)
        ]
        return pad(found, np.where(left_out, -1, rows), boundary, self.batch_size)

    def __len__(self) -> int:
        return len(self._plan)

    @property
    def padding(self) -> float:
        """The share of all steps that is padding."""
        steps = sum(boundary * self.batch_size for boundary, _ in self._plan)
        return 1.0 - int(self._lengths.sum()) / steps

    def _read(self, rows: Integer[np.ndarray, " n"]) -> list[np.ndarray]:
        """Return the sequences of a batch, zeros for those of other processes."""
        own = range(len(rows))[own_rows(self.batch_size, self.share)]
        read = {column: self.sequences[rows[column]] for column in own}
        like = read[own[0]] if own else self.sequences[rows[0]]
        blank = np.zeros((), like.dtype)
        return [
            read.get(column, np.broadcast_to(blank, (length, *like.shape[1:])))
            for column, length in enumerate(self._lengths[rows])
        ]

    @cached_property
    def _lengths(self) -> Integer[np.ndarray, " n"]:
        return lengths_of(self.sequences)

    @cached_property
    def _plan(self) -> list[tuple[int, np.ndarray]]:
        bucket = np.searchsorted(self.boundaries, self._lengths)
        rng = None if self.seed is None else np.random.default_rng(self.seed)
        plan = []
        for number, boundary in enumerate(self.boundaries):
            rows = np.flatnonzero(bucket == number)
            if rng is not None:
                rng.shuffle(rows)
            starts = range(0, len(rows), self.batch_size)
            plan += [(boundary, rows[at : at + self.batch_size]) for at in starts]
        if rng is not None:
            rng.shuffle(plan)
        return plan


def pad(
    sequences: Sequence[np.ndarray],
    rows: Integer[np.ndarray, " n"],
    steps: int,
    batch_size: int,
) -> PaddedBatch:
    """Put sequences side by side in ``steps`` steps and ``batch_size`` columns.

    Example:
        >>> pad([np.array([5, 6])], np.array([7]), steps=3, batch_size=2)
        PaddedBatch(xs=array([[5, 0],
               [6, 0],
               [0, 0]]), lengths=array([2, 0]), rows=array([ 7, -1]))
    """
    first = sequences[0]
    xs = np.zeros((steps, batch_size, *first.shape[1:]), first.dtype)
    lengths = np.zeros(batch_size, int)
    for column, one in enumerate(sequences):
        xs[: len(one), column] = one
        lengths[column] = len(one)
    filler = np.full(batch_size - len(rows), -1)
    return PaddedBatch(xs, lengths, np.concatenate([rows, filler]))


def boundaries_of(lengths: Integer[np.ndarray, " n"], buckets: int) -> tuple[int, ...]:
    """Choose boundaries such that each bucket gets about as many sequences.

    Example:
        >>> boundaries_of(np.array([1, 2, 3, 4, 50, 60, 70, 80]), buckets=2)
        (4, 80)
    """
    if buckets < 1:
        raise ValueError(f"buckets is {buckets}; give a positive number.")
    shares = np.linspace(0, 1, buckets + 1)[1:]
    cuts = np.quantile(lengths, shares, method="inverted_cdf")
    return tuple(int(cut) for cut in np.unique(np.maximum(cuts, 1)))


def powers_of_two(longest: int, shortest: int = 1) -> tuple[int, ...]:
    """Return the powers of two from ``shortest`` to the first that holds ``longest``.

    Data that comes piece by piece, of any length, so meets programs that are compiled.

    Example:
        >>> powers_of_two(20, shortest=8), powers_of_two(3, shortest=8)
        ((8, 16, 32), (8,))
    """
    cuts = [shortest]
    while cuts[-1] < longest:
        cuts.append(2 * cuts[-1])
    return tuple(cuts)


def reaching(cuts: Sequence[int], longest: int) -> tuple[int, ...]:
    """Return boundaries that hold the longest sequence, which is the last one.

    Where the given ones stop short of it, the last is doubled, so that no sequence is
    padded to more than twice its length.

    Example:
        >>> reaching((4, 8, 90), longest=7), reaching((4, 8), longest=40)
        ((4, 7), (4, 8, 16, 32, 40))
    """
    below = [cut for cut in cuts if cut < longest]
    while below and 2 * below[-1] < longest:
        below.append(2 * below[-1])
    return (*below, longest)


def rows_for(count: int, most: int) -> int:
    """Return the rows of a batch for new data: a power of two, or ``most``.

    Example:
        >>> rows_for(3, most=50), rows_for(40, most=50), rows_for(900, most=50)
        (4, 50, 50)
    """
    return min(powers_of_two(min(count, most))[-1], most)
