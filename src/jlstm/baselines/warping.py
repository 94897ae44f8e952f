"""The nearest template after warping time: how digits were recognized around 1978."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Integer


@dataclass(frozen=True, eq=False)
class Templates:
    """Sequences of known class; what is nearest to one of them is of its class.

    The distance is the sum of squared differences along the best alignment that goes
    forward in both sequences, over the sum of both lengths. Source: H. Sakoe and S.
    Chiba, 1978, "Dynamic programming algorithm optimization for spoken word
    recognition", without their slope constraint.

    Example:
        >>> templates = Templates([np.array([[0.0], [1.0]]), np.ones((3, 1))],
        ...                       np.array([5, 7]))
        >>> slow = np.array([[0.0], [0.0], [0.0], [1.0]])
        >>> templates.distances(slow).tolist(), templates.nearest(slow)
        ([0.0, 0.42857142857142855], 5)
    """

    sequences: Sequence[np.ndarray]
    labels: Integer[np.ndarray, " n"]

    @cached_property
    def _padded(self) -> Float[np.ndarray, "n t x"]:
        longest = max(map(len, self.sequences))
        shape = len(self.sequences), longest, self.sequences[0].shape[1]
        padded = np.zeros(shape, self.sequences[0].dtype)
        for row, one in zip(padded, self.sequences, strict=True):
            row[: len(one)] = one
        return padded

    def nearest(self, query: Float[np.ndarray, "t x"]) -> int:
        """Return the class of the nearest template."""
        return int(self.labels[np.argmin(self.distances(query))])

    def distances(self, query: Float[np.ndarray, "t x"]) -> Float[np.ndarray, " n"]:
        """Return how far each template is."""
        costs = self._costs(query)
        count, steps, _ = costs.shape
        total = np.full((steps + 1, count), np.inf, costs.dtype)
        total[0] = 0.0  # before the first step of both
        for now in range(len(query)):
            before, total = total, np.full_like(total, np.inf)
            for at in range(steps):
                least = np.minimum(before[at], before[at + 1])
                np.minimum(least, total[at], out=least)
                total[at + 1] = least + costs[:, at, now]
        ends = np.array([len(one) for one in self.sequences])
        return total[ends, np.arange(count)] / (ends + len(query))

    def _costs(self, query: Float[np.ndarray, "s x"]) -> Float[np.ndarray, "n t s"]:
        squares = (self._padded**2).sum(-1)[:, :, None] + (query**2).sum(-1)
        return np.maximum(squares - 2 * self._padded @ query.T, 0.0)
