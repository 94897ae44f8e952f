"""The rows of each batch that one process of several reads; the others are zeros there.

A batch has the same shape in all processes, so that they run one program. Each places
its own rows on its devices, and so needs no others.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Shaped

from jlstm._internal.options import Count, Size

Share = tuple[Count, Size]
"""``(rank, count)``: one of so many equal parts of the rows."""
WHOLE: Share = (0, 1)
B = TypeVar("B")


@dataclass(frozen=True, eq=False)
class OwnRows:
    """Batches, a dataclass with a field ``share``, that can read a part of their rows.

    What is told of all rows and costs nothing, such as lengths, stays whole: a task
    counts a batch by it.
    """

    def own(self, share: Share) -> Any:
        """Return the same batches with a share of their rows."""
        return replace(self, share=share)


def own(batches: B, share: Share) -> B:
    """Return the same batches, of which only a share is read where they can do that."""
    return batches.own(share) if isinstance(batches, OwnRows) else batches


def own_rows(rows: int, share: Share) -> slice:
    """Return which of the rows of a batch are read.

    Example:
        >>> own_rows(8, (1, 4)), own_rows(8, WHOLE)
        (slice(2, 4, None), slice(0, 8, None))
    """
    rank, count = share
    return slice(rows * rank // count, rows * (rank + 1) // count)


def among_all(
    read: Shaped[np.ndarray, "..."], rows: int, share: Share, axis: int
) -> Shaped[np.ndarray, "..."]:
    """Return the rows that were read at their place among all of a batch.

    Example:
        >>> among_all(np.array([[5, 6]]), rows=4, share=(1, 2), axis=1)
        array([[0, 0, 5, 6]])
    """
    if share == WHOLE:
        return read
    shape = list(read.shape)
    shape[axis] = rows
    whole = np.zeros(shape, read.dtype)
    whole[(slice(None),) * axis + (own_rows(rows, share),)] = read
    return whole
