"""How wrong answers count where an answer is one class of several."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer

from jlstm._internal.options import OptionMap, Options, Rate, unknown
from jlstm._internal.options.rules import Rule
from jlstm.losses import class_nll


class _Weights:
    """The annotation of a field that has a weight for some classes."""

    @staticmethod
    def option_rule() -> Rule:
        """Return the rule of the field."""
        wanted = "weights by name, such as {spam: 5.0}"
        return Rule(wanted, lambda value: isinstance(value, Mapping), _weights)


def _weights(value: Mapping[str, Any], place: str, wanted: str) -> OptionMap:
    for name, weight in value.items():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not 0 <= weight < math.inf:
            raise ValueError(
                f"{place}: {name} is {weight!r}; give 0 or a positive number."
            )
    return OptionMap(value)


ClassWeights: TypeAlias = Annotated[Mapping[str, Any], _Weights]


@dataclass(frozen=True)
class ClassLossConfig(Options):
    """How the classes count in the training loss; evaluations count all alike.

    Attributes:
        class_weights: ``"balanced"``, by which all classes count as much as each other
            however rare they are in training (as in scikit-learn), or a weight by name,
            such as ``{spam: 5.0}``, 1 for the others; ``None`` weights nothing.
        label_smoothing: the share of each label that is spread over all classes.

    Raises:
        ValueError: a weight is no number, or is negative.
    """

    class_weights: Literal["balanced"] | ClassWeights | None = None
    label_smoothing: Rate = 0.0

    @property
    def _given(self) -> dict[str, Any]:
        named = self.class_weights
        return {} if named is None or isinstance(named, str) else dict(named)

    @property
    def is_plain(self) -> bool:
        """Whether it changes nothing."""
        return self == ClassLossConfig()

    def of(
        self, classes: Sequence[str], labels: Integer[np.ndarray, " n"]
    ) -> "ClassLoss":
        """Return the loss for the classes of some data.

        Args:
            classes: their names, in the order of their numbers.
            labels: of the training part.

        Raises:
            ValueError: a weight is of no class.

        Example:
            >>> config = ClassLossConfig({"b": 2.0})
            >>> config.of(("a", "b"), np.array([0, 0, 1])).weights.tolist()
            [1.0, 2.0]
        """
        if self.class_weights == "balanced":
            return ClassLoss(balanced(labels, len(classes)), self.label_smoothing)
        for name in self._given:
            if name not in classes:
                place = "loss.class_weights: a class"
                raise ValueError(unknown(place, name, tuple(classes)))
        if not self._given:
            return ClassLoss(None, self.label_smoothing)
        weights = [float(self._given.get(name, 1.0)) for name in classes]
        return ClassLoss(np.array(weights, np.float32), self.label_smoothing)


class ClassLoss(NamedTuple):
    """A loss of classes: a weight for each, None for 1, and how labels are smoothed."""

    weights: Float[np.ndarray, " k"] | None = None
    smoothing: float = 0.0

    @property
    def is_plain(self) -> bool:
        """Whether it is the likelihood alone."""
        return self.weights is None and not self.smoothing

    def mean(
        self,
        logits: Float[Array, "*b k"],
        labels: Integer[Array, "*b"],
        live: Float[Array, "*b"],
    ) -> Float[Array, ""]:
        """Return the mean loss of the labels that are ``live``: 1, and 0 for padding.

        A label that is not live may be anything.
        """
        labels = jnp.where(live > 0, labels, jnp.zeros_like(labels))
        weights = None if self.weights is None else jnp.asarray(self.weights)
        losses, own = class_nll(logits, labels, weights, self.smoothing)
        total = jnp.sum(live * own)
        # Nothing live, or of weight 0 alone: the loss is 0, and no gradient is NaN.
        return jnp.sum(live * losses) / jnp.where(
            total > 0, total, jnp.ones_like(total)
        )


def balanced(
    labels: Integer[np.ndarray, " n"], classes: int
) -> Float[np.ndarray, " k"]:
    """Return the weights by which all classes that are there count alike.

    Example:
        >>> balanced(np.array([0, 0, 0, 2]), 3).round(2)
        array([0.67, 1.  , 2.  ], dtype=float32)
    """
    counts = np.bincount(labels, minlength=classes)
    there = counts > 0
    weights = len(labels) / (there.sum() * np.maximum(counts, 1))
    return np.where(there, weights, 1.0).astype(np.float32)
