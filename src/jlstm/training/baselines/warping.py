"""The nearest template after warping time: how digits were recognized around 1978."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from jlstm._internal.extras import brought_by

with brought_by("train"):
    from dtaidistance.dtw_ndim import distance_fast


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
        >>> templates.distances(slow).round(4).tolist(), templates.nearest(slow)
        ([0.0, 0.4286], 5)
    """

    sequences: Sequence[np.ndarray]
    labels: Integer[np.ndarray, " n"]

    def nearest(self, query: Float[np.ndarray, "t x"]) -> int:
        """Return the class of the nearest template."""
        return int(self.labels[np.argmin(self.distances(query))])

    def distances(self, query: Float[np.ndarray, "t x"]) -> Float[np.ndarray, " n"]:
        """Return how far each template is."""
        one = query.astype(np.float64)
        return np.array(
            [
                distance_fast(one, each.astype(np.float64)) ** 2
                / (len(one) + len(each))
                for each in self.sequences
            ]
        )
