"""Estimators as scikit-learn has them, for sequences: fit, predict, score.

They fit where scikit-learn's own tools do: pipelines, grid searches, cross-validation.
Training is plain: Adam on padded batches, features standardized. What has more to say,
such as checkpoints and reports, is :class:`jlstm.Experiment`.
"""

from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from jlstm._internal.extras import brought_by
from jlstm._internal.options import Size
from jlstm.cell import Cell
from jlstm.cells import LSTMCell
from jlstm.interop._estimator import Estimator, checked_options, checked_targets
from jlstm.interop._sequences import Scale, check_names, read_series

with brought_by("train"):
    from sklearn.base import ClassifierMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted


class SequenceClassifier(ClassifierMixin, Estimator):
    """A class for each sequence.

    Args:
        cell: the class of the recurrent cell.
        hidden_sizes: units of each layer.
        epochs: passes over the training data.
        batch_size: sequences of an update.
        learning_rate: of Adam.
        random_state: seed of weights and batches.

    Attributes:
        classes_: in the order of the columns of ``predict_proba``.
        model_: the trained Flax module.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> X = [rng.normal(size=(n, 2)).cumsum(0) for n in rng.integers(5, 12, 60)]
        >>> y = np.array(["up" if x[-1, 0] > 0 else "down" for x in X])
        >>> SequenceClassifier(random_state=0, epochs=40).fit(X, y).score(X, y) > 0.9
        True
    """

    loss_ = "classes"

    def fit(self, X: Any, y: Any) -> "SequenceClassifier":
        """Learn from sequences and the class of each.

        Args:
            X: an array ``n t x``, a list of sequences ``t x`` of any lengths, or a
                table, each row a sequence of numbers.
            y: the classes.

        Raises:
            ValueError: they do not fit each other, or cannot be learned from.
        """
        sequences, y = checked_targets(self, X, y)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                "The classifier learns from more than one class; y has one class, "
                f"{self.classes_.tolist()[0]!r}."
            )
        self._learn(sequences, numbers.astype(np.int32), len(self.classes_))
        return self

    def predict_proba(self, X: Any) -> Float[np.ndarray, "n k"]:
        """Return the probability of each class."""
        logits = self._outputs(X).astype(np.float64)
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        return chances / chances.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Shaped[np.ndarray, " n"]:
        """Return the most likely class of each sequence."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]


class SequenceRegressor(RegressorMixin, Estimator):
    """A number for each sequence, or several; the arguments are the classifier's.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(80, 6, 1))
        >>> y = X.sum(axis=(1, 2))
        >>> SequenceRegressor(random_state=0).fit(X, y).score(X, y) > 0.9
        True
    """

    loss_ = "numbers"

    def fit(self, X: Any, y: Any) -> "SequenceRegressor":
        """Learn from sequences and the numbers of each, ``n`` or ``n k``.

        Raises:
            ValueError: they do not fit each other, or cannot be learned from.
        """
        sequences, y = checked_targets(self, X, y, numeric=True)
        self.single_ = y.ndim == 1
        targets = y.reshape(len(y), -1)
        self.target_scale_ = Scale.of(targets)
        scaled = (targets - self.target_scale_.mean) / self.target_scale_.std
        self._learn(sequences, scaled.astype(np.float32), targets.shape[1])
        return self

    def predict(self, X: Any) -> Float[np.ndarray, "n ..."]:
        """Return the numbers of each sequence."""
        found = self._outputs(X).astype(np.float64)
        found = found * self.target_scale_.std + self.target_scale_.mean
        return found[:, 0] if self.single_ else found


class Forecaster(SequenceRegressor):
    """The next steps of a series, learned from its own windows.

    Args:
        horizon: steps to forecast.
        context: steps to forecast from.
        cell, hidden_sizes, epochs, batch_size, learning_rate, random_state: as those of
            :class:`SequenceClassifier`.

    Example:
        >>> series = np.sin(np.arange(200) / 5)
        >>> model = Forecaster(horizon=5, context=20, random_state=0).fit(series)
        >>> bool(np.abs(model.forecast() - np.sin(np.arange(200, 205) / 5)).max() < 0.2)
        True
    """

    def __init__(
        self,
        horizon: int = 1,
        context: int = 24,
        cell: type[Cell] = LSTMCell,
        hidden_sizes: tuple[int, ...] = (32,),
        epochs: int = 30,
        batch_size: int = 16,
        learning_rate: float = 0.01,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(
            cell, hidden_sizes, epochs, batch_size, learning_rate, random_state
        )
        self.horizon = horizon
        self.context = context

    def fit(self, X: Any, y: None = None) -> "Forecaster":
        """Learn a series, ``n`` or ``n x``; the first column is forecast.

        Raises:
            ValueError: it is too short, or holds what is not finite.
        """
        checked_options(self, {"horizon": Size, "context": Size})
        series = read_series(X)
        span = self.context + self.horizon
        if len(series) <= span:
            raise ValueError(
                f"The series has {len(series)} steps; context {self.context} and "
                f"horizon {self.horizon} need more than {span}."
            )
        starts = range(len(series) - span + 1)
        inputs = np.stack([series[n : n + self.context] for n in starts])
        wanted = np.stack([series[n + self.context : n + span, 0] for n in starts])
        super().fit(inputs, wanted[:, 0] if self.horizon == 1 else wanted)
        check_names(self, [X], reset=True)
        self.end_ = series[-self.context :]
        return self

    def forecast(self, X: Any = None) -> Float[np.ndarray, " h"]:
        """Return the steps after the end of a series, by default the learned one."""
        check_is_fitted(self, "model_")
        series = self.end_ if X is None else read_series(X)
        check_names(self, [X], reset=False)
        if len(series) < self.context:
            raise ValueError(
                f"The series has {len(series)} steps; the forecast reads the last "
                f"{self.context}."
            )
        return self.predict(series[None, -self.context :]).reshape(self.horizon)
