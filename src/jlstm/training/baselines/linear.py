"""Softmax regression: the linear classifier that a network must beat."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

Features = Float[np.ndarray, "n d"]


class SoftmaxRegression(NamedTuple):
    """A linear classifier: ``features @ weight + bias`` are its logits."""

    weight: Float[np.ndarray, "d k"]
    bias: Float[np.ndarray, " k"]

    def logits(self, features: Features) -> Float[np.ndarray, "n k"]:
        """Return the logits of each row."""
        return features @ self.weight + self.bias


def fit_softmax(
    features: Features,
    labels: Integer[np.ndarray, " n"],
    *,
    classes: int,
    steps: int = 2000,
    batch_size: int = 500,
    learning_rate: float = 0.01,
    weight_decay: float = 1e-4,
    seed: int = 0,
) -> SoftmaxRegression:
    """Minimise the cross-entropy by Adam, the learning rate falling to zero.

    Args:
        features: a row per example.
        labels: the class of each.
        classes: how many there are.
        steps: updates.
        batch_size: rows of an update, drawn at random.
        learning_rate: at the start.
        weight_decay: factor of the squared weights in the loss.
        seed: of the draw.

    Example:
        >>> features = np.array([[-2.0], [-1.0], [1.0], [2.0]])
        >>> model = fit_softmax(features, np.array([0, 0, 1, 1]), classes=2, steps=99)
        >>> model.logits(features).argmax(axis=1)
        array([0, 0, 1, 1])
    """
    rng = np.random.default_rng(seed)
    rows = np.column_stack([features, np.ones(len(features), features.dtype)])
    weight = np.zeros((rows.shape[1], classes), np.float64)
    first, second = np.zeros_like(weight), np.zeros_like(weight)
    for step in range(1, steps + 1):
        chosen = rng.integers(0, len(rows), min(batch_size, len(rows)))
        grad = _gradient(weight, rows[chosen], labels[chosen], weight_decay)
        first += 0.1 * (grad - first)
        second += 0.001 * (grad**2 - second)
        scale = np.sqrt(second / (1 - 0.999**step)) + 1e-8
        rate = learning_rate * (1 - (step - 1) / steps)
        weight -= rate * first / (1 - 0.9**step) / scale
    return SoftmaxRegression(weight[:-1], weight[-1])


def _gradient(
    weight: Float[np.ndarray, "d k"],
    features: Features,
    labels: Integer[np.ndarray, " n"],
    weight_decay: float,
) -> Float[np.ndarray, "d k"]:
    logits = features @ weight
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(len(labels)), labels] -= 1
    return features.T @ shares / len(labels) + weight_decay * weight
