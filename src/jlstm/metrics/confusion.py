"""Which classes are taken for which others."""

import numpy as np
from jaxtyping import Integer


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
