"""Metrics of steps that were dispatched and not looked at yet."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from jlstm.training.numbers import numbered, worded
from jlstm.training.stored import CheckpointError
from jlstm.training.task import Metrics


class Pending:
    """Metrics that wait for the next record of the log.

    Example:
        >>> pending = Pending()
        >>> pending.add({"loss": np.float32(1.5)}, units=700)
        >>> pending.units, Pending.to_json(pending.take()), pending.metrics
        (700, [{'loss': 1.5}], [])
    """

    def __init__(self, metrics: Sequence[Metrics] = ()) -> None:
        self.metrics = list(metrics)
        self.units = 0

    def add(self, metrics: Metrics, units: int) -> None:
        """Remember one step."""
        self.metrics.append(metrics)
        self.units += units

    def take(self) -> list[Metrics]:
        """Wait for the steps and hand their metrics over."""
        metrics = jax.device_get(self.metrics)
        self.metrics, self.units = [], 0
        return metrics

    @staticmethod
    def to_json(metrics: Sequence[Metrics]) -> list[dict[str, Any]]:
        """Return metrics as JSON data; no bit of a number is lost."""
        wide = [{k: np.asarray(v, np.float64) for k, v in m.items()} for m in metrics]
        return [worded({k: v.tolist() for k, v in each.items()}) for each in wide]

    @classmethod
    def from_json(cls, metrics: Sequence[dict[str, Any]]) -> "Pending":
        """Return what :meth:`to_json` was given.

        Raises:
            CheckpointError: it is not what that wrote.
        """
        try:
            read = [numbered(each) for each in metrics]
            wide = [{k: np.asarray(v, np.float64) for k, v in m.items()} for m in read]
        except (AttributeError, TypeError, ValueError):
            raise CheckpointError("The checkpoint has no metrics of steps.") from None
        return cls(wide)
