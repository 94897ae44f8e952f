"""Metrics of several seeds that were trained side by side."""

from collections.abc import Mapping
from typing import Any


def of_seeds(metrics: Mapping[str, Any], name: str) -> list[float | int]:
    """Return a number of each seed; of a single one it has no list.

    Example:
        >>> of_seeds({"loss": 2.0, "loss_members": [1.0, 3.0]}, "loss")
        [1.0, 3.0]
        >>> of_seeds({"loss": 2.0}, "loss")
        [2.0]
    """
    return metrics.get(f"{name}_members", [metrics[name]])
