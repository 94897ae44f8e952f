"""What a training run can be told: frozen dataclasses that define each option once."""

from dataclasses import dataclass
from typing import Literal

from jlstm._internal.options import Count, Options, Size
from jlstm.training.config.optimizers import OptimizerConfig as OptimizerConfig
from jlstm.training.config.schedules import ScheduleConfig as ScheduleConfig


@dataclass(frozen=True)
class TrainConfig(Options):
    """How long to train, and what to keep.

    Attributes:
        epochs: passes over the training data.
        seed: of parameters and noise; the same seed gives the same bits on one machine.
        seeds: how many models of consecutive seeds to train side by side, as one
            program; a rule that looks at validation then sees their mean.
        reset_carry: start each epoch with a fresh carry, or never reset it (char-rnn).
        test_weights: score the weights of the best validation epoch, or the last ones.
        select: the metric that says which epoch is the best: ``"loss"``, or another one
            that the task reports on validation, such as ``"accuracy"``.
        dtype: of the products in training: ``"bfloat16"`` rounds parameters and what
            layers read, while parameters, optimizer, carries, losses and evaluations
            stay in ``"float32"``.
        accumulate: batches whose gradients make one update, as if they were one batch;
            each is weighted by what it holds. Steps of the log count batches.
        average: ``"nt_asgd"`` scores the mean of all weights since validation stopped
            improving; see :mod:`jlstm.training.average`.
        average_patience: how many epochs back the best validation must lie for that.
        on_nonfinite: where a loss, a gradient or a weight is NaN or infinite:
            ``"stop"`` ends the run; ``"skip"`` leaves the update out, counted in the
            log as ``skipped``; ``"rollback"`` goes back to the newest checkpoint and
            halves the learning rate, at most 3 times.
        skip_most: updates in a row that ``"skip"`` may leave out before the run ends.
        stop_at: end after the first epoch whose validation is as good as this, by
            ``select``; ``None`` trains all epochs.
        patience: end after so many epochs without a better validation, by ``select``;
            ``None`` trains all epochs.
        loggers: boards that get all records next to TensorBoard: ``"wandb"``,
            ``"mlflow"``, by the extra ``loggers``.
        hook: a function of yours by its import path, ``mymodule.function``, called as
            ``function(step, metrics)`` with each record of the log.
        prefetch: batches that a thread reads ahead while the step computes, 0 for none;
            the numbers are the same.
        log_every: steps between two lines of the log.
        checkpoint_every: steps between two checkpoints; each epoch ends with one too.
        keep: checkpoints kept next to the best one.
    """

    epochs: Size = 1
    seed: Count = 0
    seeds: Size = 1
    reset_carry: Literal["epoch", "never"] = "epoch"
    test_weights: Literal["best", "last"] = "best"
    select: str = "loss"
    dtype: Literal["float32", "bfloat16"] = "float32"
    accumulate: Size = 1
    average: Literal["none", "nt_asgd"] = "none"
    average_patience: Count = 5
    on_nonfinite: Literal["stop", "skip", "rollback"] = "stop"
    skip_most: Size = 10
    stop_at: float | None = None
    patience: Size | None = None
    loggers: tuple[Literal["wandb", "mlflow"], ...] = ()
    hook: str | None = None
    prefetch: Count = 2
    log_every: Size = 100
    checkpoint_every: Size = 500
    keep: Size = 2
