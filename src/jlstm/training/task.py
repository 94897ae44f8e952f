"""What the trainer asks of a task: a model, batches, a loss and an evaluation."""

import math
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from jlstm._internal.types import Carry, Key

Batch = Any
Metrics = dict[str, Any]


@runtime_checkable
class Task(Protocol):
    """One problem: everything that the trainer does not know.

    Attributes:
        unit: what a batch is counted in, such as ``"tokens"``.
        has_test: whether there is a test part.
        baselines: losses of the baselines, by name, shown next to the curves.
    """

    unit: str
    has_test: bool
    baselines: dict[str, float]

    def make_model(self, key: Key) -> nnx.Module:
        """Draw a model."""

    def init_carry(self) -> Carry:
        """Return the carry before the first batch, ``()`` where there is none."""

    def batches(self, epoch: int) -> Sequence[Batch]:
        """Return the batches of an epoch; the same epoch gives the same batches.

        Where they are :class:`jlstm.data.share.OwnRows`, each of several processes
        reads its own rows alone.
        """

    def loss(
        self, model: nnx.Module, carry: Carry, batch: Batch, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return what is minimised, the next carry, and metrics (one: ``loss``)."""

    def count(self, batch: Batch) -> int:
        """Return how many units a batch holds."""

    def evaluate(self, model: nnx.Module, part: str) -> dict[str, float]:
        """Return metrics on "valid" or "test".

        ``loss`` chooses the best epoch, or another one that ``measures`` of the task
        names; see :mod:`jlstm.training.select`.
        """


@runtime_checkable
class ScalesRate(Protocol):
    """A task that takes a longer or a shorter step for some of its batches."""

    def rate_scale(self, batch: Batch) -> float:
        """Return what the learning rate is multiplied by, a function of the shape."""


def rate_scale(task: Task, batch: Batch) -> float:
    """Return what a task multiplies the learning rate by, 1 for most tasks."""
    return task.rate_scale(batch) if isinstance(task, ScalesRate) else 1.0


@runtime_checkable
class PlacesRows(Protocol):
    """A task whose batches do not have time first and rows second."""

    def row_axes(self, batch: Batch) -> Any:
        """Return the axis of the rows for each array of a batch, -1 where none is."""


@runtime_checkable
class DrawsRows(Protocol):
    """A task whose batches are numbers: their rows are drawn in the step."""

    @property
    def drawn_rows(self) -> int:
        """Rows of a batch."""


def row_axes(task: Task, batch: Batch) -> Any:
    """Return where the rows of a batch are: most tasks have time first.

    An array of one axis has a number for each row, a number stands for all.
    """
    if isinstance(task, PlacesRows):
        return task.row_axes(batch)
    return jax.tree.map(lambda leaf: min(np.ndim(leaf), 2) - 1, batch)


def perplexity(loss: float) -> float:
    """Return e to the power of nats, infinite where that is beyond all numbers.

    Example:
        >>> perplexity(0.0), perplexity(1e6)
        (1.0, inf)
    """
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf
