"""How a run updates: the rule, the schedule, and how many batches make an update."""

from typing import NamedTuple

import numpy as np

from jlstm.training.accumulate import accumulated
from jlstm.training.config.schedules import Factor, ScheduleConfig, make_factor
from jlstm.training.config.train import OptimizerConfig, TrainConfig
from jlstm.training.nonfinite import OnlyFinite
from jlstm.training.optimizer import Rule, make_optimizer
from jlstm.training.state import TrainState
from jlstm.training.task import Task


class Updates(NamedTuple):
    """What makes updates of gradients.

    Attributes:
        rule: the transformation of optax.
        factor: what the rate is multiplied by, from the number of updates made; None
            for always 1.
        every: batches for an update.
    """

    rule: Rule
    factor: Factor | None
    every: int

    def rate(self, state: TrainState, batches: int) -> float:
        """Return the mean rate of the members in the last update of so many batches."""
        rate = float(np.mean(state.learning_rate))
        if self.factor is None:
            return rate
        return rate * float(self.factor(max(batches // self.every - 1, 0)))


def make_updates(
    task: Task, train: TrainConfig, optimizer: OptimizerConfig, schedule: ScheduleConfig
) -> Updates:
    """Return how a run of a task updates."""
    every, batches = train.accumulate, 0
    if schedule.spans_run:
        batches = train.epochs * len(task.batches(1))
    factor = make_factor(schedule, batches // every)
    rule = make_optimizer(optimizer, factor)
    rule = rule if every == 1 else accumulated(rule, every)
    if train.on_nonfinite == "skip":
        rule = OnlyFinite(*rule)
    return Updates(rule, factor, every)
