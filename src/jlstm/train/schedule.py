"""Learning-rate rules between epochs: a pure function of what has been seen."""

from jlstm.train.config import ScheduleConfig


def next_rate(config: ScheduleConfig, rate: float, epoch: int, improved: bool) -> float:
    """Return the learning rate for the epoch after ``epoch`` (the first is 1).

    Args:
        config: the rule.
        rate: the learning rate of ``epoch``.
        epoch: the epoch that just ended.
        improved: whether its validation was the best so far.

    Example:
        >>> step = ScheduleConfig("step", hold_epochs=4, factor=0.5)
        >>> [next_rate(step, 1.0, epoch, True) for epoch in (3, 4)]
        [1.0, 0.5]
        >>> next_rate(ScheduleConfig("plateau", factor=0.25), 20.0, 1, improved=False)
        5.0
    """
    shrink = {
        "constant": False,
        "step": epoch >= config.hold_epochs,
        "plateau": not improved,
    }[config.name]
    return rate * config.factor if shrink else rate
