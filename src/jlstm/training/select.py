"""Which epoch is the best: by the loss, or by another metric that the task reports."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from jlstm._internal.options import unknown
from jlstm.training.config.train import TrainConfig

Better = Literal["lower", "higher"]


@runtime_checkable
class Measured(Protocol):
    """A task that says what its evaluation reports on validation.

    Attributes:
        measures: the metrics that can choose the best epoch, and which way is better.
    """

    @property
    def measures(self) -> Mapping[str, Better]: ...


@dataclass(frozen=True)
class Selection:
    """A metric, and which way is better.

    Attributes:
        name: of the metric, as the evaluation reports it.
        better: whether lower or higher numbers are.

    Example:
        >>> accuracy = Selection("accuracy", "higher")
        >>> [accuracy.improves(0.9, best) for best in (None, 0.8, 0.9)]
        [True, True, False]
        >>> accuracy.reaches(0.9, 0.95), Selection().reaches(0.9, 0.95)
        (False, True)
    """

    name: str = "loss"
    better: Better = "lower"

    def improves(self, value: float, best: float | None) -> bool:
        """Whether a value is better than the best so far; NaN never is."""
        if best is None or math.isnan(best):
            return True
        return value < best if self.better == "lower" else value > best

    def reaches(self, value: float, limit: float) -> bool:
        """Whether a value is as good as a limit."""
        return value <= limit if self.better == "lower" else value >= limit

    def limit(self, value: float) -> str:
        """Return what a value has reached, in words."""
        return f"at {'most' if self.better == 'lower' else 'least'} {value:g}"


def measures_of(task: Any) -> Mapping[str, Better]:
    """Return the metrics that can choose: the loss alone where a task names none."""
    return task.measures if isinstance(task, Measured) else {"loss": "lower"}


def selection(train: TrainConfig, task: Any) -> Selection:
    """Return what chooses the best epoch of a task.

    Raises:
        ValueError: the task reports no such metric; says which ones there are.

    Example:
        >>> selection(TrainConfig(select="accuracy"), None)
        Traceback (most recent call last):
        ValueError: train.select is 'accuracy'; choose one of loss.
    """
    known = measures_of(task)
    if train.select not in known:
        raise ValueError(unknown("train.select", train.select, tuple(known)))
    return Selection(train.select, known[train.select])
