"""Learning-rate rules between epochs: a pure function of what has been seen.

Those between updates are in :mod:`jlstm.training.config.schedules`.
"""

from jlstm.training.config.train import ScheduleConfig


def rate_factor(config: ScheduleConfig, epoch: int, stale: int) -> float:
    """Return what the learning rate is multiplied by after ``epoch`` (the first is 1).

    Args:
        config: the rule.
        epoch: the epoch that just ended.
        stale: epochs since the one whose validation is the best so far.

    Example:
        >>> step = ScheduleConfig("step", hold_epochs=4, factor=0.5)
        >>> [rate_factor(step, epoch, stale=0) for epoch in (3, 4)]
        [1.0, 0.5]
        >>> rate_factor(ScheduleConfig("plateau", factor=0.25), 2, stale=1)
        0.25
    """
    shrink = {
        "step": epoch >= config.hold_epochs,
        "plateau": stale > 0 and stale % (1 + config.patience) == 0,
    }.get(config.name, False)
    return config.factor if shrink else 1.0
