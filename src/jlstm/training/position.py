"""Where a run is: what stands next to the arrays of a checkpoint."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from jlstm.training.stored import CheckpointError


class TrainPosition(NamedTuple):
    """Where a run is; kept next to every checkpoint.

    Attributes:
        epoch: the epoch being trained, from 1.
        batch: its next batch, from 0.
        step: updates made.
        best: the best value so far of the metric that chooses the best epoch, of most
            runs the lowest validation loss; ``None`` before the first.
        best_epoch: the epoch of ``best``.
        seconds: wall time spent, over all resumptions.
        losses: validation losses of all epochs so far.
        rollbacks: how often the run went back, as a number was not finite.
    """

    epoch: int = 1
    batch: int = 0
    step: int = 0
    best: float | None = None
    best_epoch: int = 0
    seconds: float = 0.0
    losses: tuple[float, ...] = ()
    rollbacks: int = 0


def read_position(position: Mapping[str, Any]) -> TrainPosition:
    """Return the place that a checkpoint holds.

    Raises:
        CheckpointError: it is not that of a run, or was changed by hand.

    Example:
        >>> read_position({"epoch": 2, "step": 40, "best": 1.5, "losses": [1.5]})
        TrainPosition(epoch=2, batch=0, step=40, best=1.5, best_epoch=0, seconds=0.0,
        losses=(1.5,), rollbacks=0)
        >>> read_position({"epoch": "two"})
        Traceback (most recent call last):
        jlstm.training.stored.CheckpointError: The checkpoint is not one of a training \
run: its epoch is 'two'.
    """
    for name, value in position.items():
        if name not in _VALID or not _VALID[name](value):
            raise CheckpointError(
                f"The checkpoint is not one of a training run: its {name} is {value!r}."
            )
    return TrainPosition(**position | {"losses": tuple(position.get("losses", ()))})


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_VALID = {
    "epoch": lambda value: _count(value) and value > 0,
    "batch": _count,
    "step": _count,
    "best": lambda value: value is None or _number(value),
    "best_epoch": _count,
    "rollbacks": _count,
    "seconds": lambda value: _number(value) and value >= 0,
    "losses": lambda value: isinstance(value, list) and all(map(_number, value)),
}
