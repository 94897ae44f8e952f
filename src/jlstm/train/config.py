"""What a training run can be told: frozen dataclasses that define each option once."""

from dataclasses import dataclass
from typing import Literal

OptimizerName = Literal["sgd", "momentum", "rmsprop", "adam", "adamw"]
ScheduleName = Literal["constant", "step", "plateau"]


@dataclass(frozen=True)
class OptimizerConfig:
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
    learning_rate: float = 1.0
    momentum: float = 0.9
    decay: float = 0.95
    beta1: float = 0.9
    beta2: float = 0.999
    weight_decay: float = 0.0
    clip: float | None = 5.0
    clip_kind: Literal["norm", "value"] = "norm"

    def __post_init__(self) -> None:
        _require("optimizer.learning_rate", self.learning_rate, self.learning_rate > 0)
        _require("optimizer.weight_decay", self.weight_decay, self.weight_decay >= 0)
        _require("optimizer.momentum", self.momentum, 0 <= self.momentum < 1)
        for name in ("decay", "beta1", "beta2"):
            value = getattr(self, name)
            _require(f"optimizer.{name}", value, 0 <= value < 1)
        _require("optimizer.clip", self.clip, self.clip is None or self.clip > 0)


@dataclass(frozen=True)
class ScheduleConfig:
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
    hold_epochs: int = 0
    factor: float = 0.5
    patience: int = 0

    def __post_init__(self) -> None:
        _require("schedule.factor", self.factor, 0 < self.factor <= 1)
        _require("schedule.hold_epochs", self.hold_epochs, self.hold_epochs >= 0)
        _require("schedule.patience", self.patience, self.patience >= 0)


@dataclass(frozen=True)
class TrainConfig:
    """How long to train, and what to keep.

    Attributes:
        epochs: passes over the training data.
        seed: of parameters and noise; the same seed gives the same bits on one machine.
        seeds: how many models of consecutive seeds to train side by side, as one
            program; a rule that looks at validation then sees their mean.
        reset_carry: start each epoch with a fresh carry, or never reset it (char-rnn).
        test_weights: score the weights of the best validation epoch, or the last ones.
        average: ``"nt_asgd"`` scores the mean of all weights since validation stopped
            improving; see :mod:`jlstm.train.average`.
        average_patience: how many epochs back the best validation must lie for that.
        stop_at: end after the first epoch whose validation loss is no higher; ``None``
            trains all epochs.
        log_every: steps between two lines of the log.
        checkpoint_every: steps between two checkpoints; each epoch ends with one too.
        keep: checkpoints kept beside the best one.
    """

    epochs: int = 1
    seed: int = 0
    seeds: int = 1
    reset_carry: Literal["epoch", "never"] = "epoch"
    test_weights: Literal["best", "last"] = "best"
    average: Literal["none", "nt_asgd"] = "none"
    average_patience: int = 5
    stop_at: float | None = None
    log_every: int = 100
    checkpoint_every: int = 500
    keep: int = 2

    def __post_init__(self) -> None:
        for name in ("epochs", "seeds", "log_every", "checkpoint_every", "keep"):
            value = getattr(self, name)
            _require(f"train.{name}", value, value >= 1)
        for name in ("seed", "average_patience"):
            value = getattr(self, name)
            _require(f"train.{name}", value, value >= 0)


def _require(name: str, value: object, holds: bool) -> None:
    if not holds:
        raise ValueError(f"{name} is {value}, which is out of range.")
