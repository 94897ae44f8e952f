"""When a run ends before its last epoch: a pure function of what has been seen."""

from jlstm.training.config.train import TrainConfig
from jlstm.training.position import TrainPosition
from jlstm.training.select import Selection

LOSS = Selection()


def ends_early(
    train: TrainConfig, place: TrainPosition, selection: Selection = LOSS
) -> bool:
    """Whether a run ends here, between two epochs.

    Example:
        >>> place = TrainPosition(epoch=5, best=0.25, best_epoch=2)
        >>> [ends_early(TrainConfig(epochs=9, patience=n), place) for n in (2, 3)]
        [True, False]
        >>> ends_early(TrainConfig(epochs=9, stop_at=0.5), place)
        True
        >>> accuracy = Selection("accuracy", "higher")
        >>> ends_early(TrainConfig(epochs=9, stop_at=0.5), place, accuracy)
        False
    """
    if place.best is None or place.batch:
        return False
    return _is_reached(train, place.best, selection) or _is_stale(train, place)


def why_early(
    train: TrainConfig, place: TrainPosition, selection: Selection = LOSS
) -> str:
    """Return why a run has ended, as a line for the user.

    Example:
        >>> place = TrainPosition(epoch=5, best=0.25, best_epoch=2)
        >>> why_early(TrainConfig(epochs=9, patience=2), place)
        'ended after epoch 4 of 9: none of the last 2 was better than epoch 2'
    """
    done = f"ended after epoch {place.epoch - 1} of {train.epochs}"
    if place.best is not None and _is_reached(train, place.best, selection):
        reached = selection.limit(train.stop_at or 0.0)
        return f"{done}: the validation {selection.name} is {reached}"
    return (
        f"{done}: none of the last {_stale(place)} was better than epoch "
        f"{place.best_epoch}"
    )


def _is_reached(train: TrainConfig, best: float, selection: Selection) -> bool:
    return train.stop_at is not None and selection.reaches(best, train.stop_at)


def _is_stale(train: TrainConfig, place: TrainPosition) -> bool:
    return train.patience is not None and _stale(place) >= train.patience


def _stale(place: TrainPosition) -> int:
    """Return how many whole epochs came after the best one."""
    return place.epoch - 1 - place.best_epoch
