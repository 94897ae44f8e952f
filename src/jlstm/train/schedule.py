"""Learning-rate rules between epochs: a pure function of what has been seen."""

from jlstm.train.config import ScheduleConfig


def rate_factor(config: ScheduleConfig, epoch: int, improved: bool) -> float:
    """Return what the learning rate is multiplied by after ``epoch`` (the first is 1).

    Args:
        config: the rule.
        epoch: the epoch that just ended.
        improved: whether its validation was the best so far.

    Example:
        >>> step = ScheduleConfig("step", hold_epochs=4, factor=0.5)
        >>> [rate_factor(step, epoch, True) for epoch in (3, 4)]
        [1.0, 0.5]
        >>> rate_factor(ScheduleConfig("plateau", factor=0.25), 1, improved=False)
        0.25
    """
    shrink = {
        "constant": False,
        "step": epoch >= config.hold_epochs,
        "plateau": not improved,
    }[config.name]
    return config.factor if shrink else 1.0
