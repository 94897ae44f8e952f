"""What a training run can be told: frozen dataclasses that define each option once."""

from dataclasses import dataclass
from typing import Literal

from jlstm._internal.options import (
    Count,
    Decay,
    NotNegative,
    Options,
    Positive,
    Share,
    Size,
)

OptimizerName = Literal["sgd", "momentum", "rmsprop", "adam", "adamw"]
ScheduleName = Literal["constant", "step", "plateau"]


@dataclass(frozen=True)
class OptimizerConfig(Options):
    """How gradients become updates.

    Attributes:
        name: the rule; ``rmsprop`` is torch's, without a bias correction.
        learning_rate: at the start; the schedule changes it.
        momentum: of ``momentum``.
        decay: of the squared gradients in ``rmsprop``.
        beta1: of the gradients in ``adam`` and ``adamw``; 0 is RMSprop with a bias
            correction.
        beta2: of the squared gradients there.
        weight_decay: coupled (L2) for all but ``adamw``.
        clip: limit of the gradient; ``None`` does not clip.
        clip_kind: ``"norm"`` scales the whole gradient, ``"value"`` cuts each entry.
    """

    name: OptimizerName = "sgd"
    learning_rate: Positive = 1.0
    momentum: Decay = 0.9
    decay: Decay = 0.95
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    weight_decay: NotNegative = 0.0
    clip: Positive | None = 5.0
    clip_kind: Literal["norm", "value"] = "norm"


@dataclass(frozen=True)
class ScheduleConfig(Options):
    """How the learning rate changes from epoch to epoch.

    Attributes:
        name: ``"constant"``; ``"step"`` multiplies by ``factor`` after every epoch from
            epoch ``hold_epochs`` on; ``"plateau"`` does when validation has not
            improved.
        hold_epochs: epochs at the full rate, for ``"step"``.
        factor: what the rate is multiplied by.
        patience: epochs without a better validation that ``"plateau"`` lets pass.
    """

    name: ScheduleName = "constant"
    hold_epochs: Count = 0
    factor: Share = 0.5
    patience: Count = 0


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
        average: ``"nt_asgd"`` scores the mean of all weights since validation stopped
            improving; see :mod:`jlstm.training.average`.
        average_patience: how many epochs back the best validation must lie for that.
        stop_at: end after the first epoch whose validation is as good as this, by
            ``select``; ``None`` trains all epochs.
        patience: end after so many epochs without a better validation, by ``select``;
            ``None`` trains all epochs.
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
    average: Literal["none", "nt_asgd"] = "none"
    average_patience: Count = 5
    stop_at: float | None = None
    patience: Size | None = None
    log_every: Size = 100
    checkpoint_every: Size = 500
    keep: Size = 2
