"""Which classes are taken for which others, and how well each is found."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Integer


def confusion(
    labels: Integer[np.ndarray, " n"],
    predicted: Integer[np.ndarray, " n"],
    classes: int,
) -> Integer[np.ndarray, "k k"]:
    """Count how often a class, the row, was taken for another, the column.

    Example:
        >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), classes=2)
        array([[1, 1],
               [0, 1]])
    """
    pairs = labels.astype(int) * classes + predicted
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


class ClassScores(NamedTuple):
    """Scores of each class; a share of nothing is 0.

    Attributes:
        precision: right ones among those that were taken for the class.
        recall: right ones among those of the class.
        f1: the harmonic mean of both.
        support: how many are of the class.
        given: how many were taken for it.
    """

    precision: Float[np.ndarray, " k"]
    recall: Float[np.ndarray, " k"]
    f1: Float[np.ndarray, " k"]
    support: Integer[np.ndarray, " k"]
    given: Integer[np.ndarray, " k"]

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the classes that occur or are given, as scikit-learn has it.

        One that does neither says nothing of a model.
        """
        seen = self.support + self.given > 0
        return float(self.f1[seen].mean()) if seen.any() else 0.0

    def by_class(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the scores as plain numbers, by the name of the class."""
        columns = zip(*(part.tolist() for part in self), strict=True)
        rows = (dict(zip(self._fields, row, strict=True)) for row in columns)
        return dict(zip(names, rows, strict=True))


def class_scores(counts: Integer[np.ndarray, "k k"]) -> ClassScores:
    """Return precision, recall and F1 of each class from a :func:`confusion`.

    Example:
        >>> scores = class_scores(np.array([[1, 1], [0, 1]]))
        >>> scores.precision.tolist(), scores.recall.tolist(), scores.support.tolist()
        ([1.0, 0.5], [0.5, 1.0], [2, 1])
    """
    right, support, given = np.diag(counts), counts.sum(1), counts.sum(0)
    return ClassScores(
        right / np.maximum(given, 1),
        right / np.maximum(support, 1),
        2 * right / np.maximum(support + given, 1),
        support,
        given,
    )
