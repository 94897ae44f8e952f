"""How examples are put into batches: what a configuration says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Integer

from jlstm._internal.options import Options, Size
from jlstm.data.bucket import boundaries_of, powers_of_two, rows_for

Lengths: TypeAlias = Sequence[int] | Integer[np.ndarray, "..."]
SHORTEST = 8
"""Steps that new data is padded to at least."""


@dataclass(frozen=True)
class BatchConfig(Options):
    """How examples are put into batches.

    Attributes:
        batch_size: rows of an update.
        eval_batch: rows of an evaluation step; changes speed only.
        buckets: lengths that rows are padded to; each is compiled again.
    """

    batch_size: Size = 50
    eval_batch: Size = 200
    buckets: Size = 4

    def boundaries(self, *parts: Lengths) -> tuple[int, ...]:
        """Return the lengths to pad to.

        Args:
            parts: the lengths of the examples of each part, those of training first.

        Example:
            >>> BatchConfig(buckets=2).boundaries([1, 2, 3, 4], [9])
            (2, 9)
        """
        cuts = boundaries_of(np.array(parts[0]), self.buckets)
        longest = int(max(map(np.max, parts)))
        return cuts if longest <= cuts[-1] else (*cuts[:-1], longest)

    def for_new(self, count: int) -> "BatchConfig":
        """Return how to cut ``count`` new examples: in shapes that come again.

        Example:
            >>> cut = BatchConfig().for_new(3)
            >>> cut.eval_batch, cut.boundaries([5, 20])
            (4, (8, 16, 32))
        """
        rows = rows_for(count, self.eval_batch)
        return _NewData(self.batch_size, rows, self.buckets)


class _NewData(BatchConfig):
    """Powers of two, whatever the lengths are: few programs for all requests."""

    def boundaries(self, *parts: Lengths) -> tuple[int, ...]:
        return powers_of_two(int(max(map(np.max, parts))), SHORTEST)
