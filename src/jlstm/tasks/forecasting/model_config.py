"""What a forecaster can be told, and what it is made for."""

import operator
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from jlstm._internal.options import Fraction, Limit, Options, Rate, Size, Sizes
from jlstm.tasks.forecasting.normalize import Normalization
from jlstm.training.config.stack import StackConfig, check_forwards

Kind = Literal["direct", "decoder", "deepar", "nlinear", "dlinear"]
Head = Literal["point", "quantile"]
Likelihood = Literal["gaussian", "student_t"]
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
NORMALIZED = {
    "none": "", "last": ", less the last value", "revin": ", RevIN",
    "mean_scale": ", mean-scaled",
}  # fmt: skip


class ForecastSizes(NamedTuple):
    """What a forecaster reads and gives.

    Attributes:
        length: steps to look at.
        horizon: steps to predict.
        columns: that it looks at.
        predicted: the places of those that it predicts.
        known: the places of those that are known ahead.
    """

    length: int
    horizon: int
    columns: int
    predicted: tuple[int, ...]
    known: tuple[int, ...] = ()


Levels = Annotated[
    tuple[Fraction, ...],
    Limit(
        "two or more levels, rising, between 0 and 1",
        lambda levels: len(levels) > 1 and all(map(operator.lt, levels, levels[1:])),
    ),
]


@dataclass(frozen=True)
class ForecasterConfig(Options):
    """Hyper-parameters of a forecaster.

    Attributes:
        kind: ``"direct"`` gives all steps at once; ``"decoder"`` is an encoder and a
            decoder that reads its own last answer; ``"deepar"`` predicts the
            distribution of the next step and draws paths from it; ``"nlinear"`` and
            ``"dlinear"`` are linear and have no encoder.
        stack: the recurrent layers.
        normalize: what each window is divided by, or less by, before it is read; the
            forecast gets it back. ``"decoder"`` and the linear kinds have their own.
        shared: one model for all columns, each from its own past. Else one model reads
            all columns and gives all that are predicted at once.
        patch: steps that ``"direct"`` reads as one.
        head: what ``"direct"`` gives: a point, by squared error, or quantiles.
        levels: of the quantiles, rising.
        dropout: rate before the head of ``"direct"``.
        skip: ``"direct"`` adds a linear map of each column's past, as LSTNet does (Lai
            et al., 2018, arXiv:1703.07015, section 3.6).
        teacher_forcing: ``"decoder"`` reads the true last step in training.
        likelihood: the distribution of ``"deepar"``.
        lags: how many steps back ``"deepar"`` looks directly.
        samples: paths that ``"deepar"`` draws of a window.

    Example:
        >>> ForecasterConfig(patch=16, normalize="last").title
        'LSTM 1×128, patches of 16, less the last value'
    """

    kind: Kind = "direct"
    stack: StackConfig = StackConfig()
    normalize: Normalization = "none"
    shared: bool = True
    patch: Size = 1
    head: Head = "point"
    levels: Levels = LEVELS
    dropout: Rate = 0.0
    skip: bool = False
    teacher_forcing: bool = True
    likelihood: Likelihood = "gaussian"
    lags: Sizes = (1,)
    samples: Size = 100

    def __post_init__(self) -> None:
        why = (
            "but a forecast is read off the last step, where the way back has only "
            "begun"
        )
        check_forwards(self.stack, why)

    @property
    def has_intervals(self) -> bool:
        """Whether it gives more than a point."""
        return self.kind == "deepar" or (
            self.kind == "direct" and self.head == "quantile"
        )

    @property
    def title(self) -> str:
        """What a table calls it."""
        if self.kind in ("nlinear", "dlinear"):
            return {"nlinear": "NLinear", "dlinear": "DLinear"}[self.kind] + ", trained"
        name = self.stack.title
        if self.kind == "decoder":
            return f"{name}, encoder and decoder"
        how = NORMALIZED[self.normalize]
        if self.kind == "deepar":
            return f"DeepAR of {name}{how}"
        patches = f", patches of {self.patch}" if self.patch > 1 else ""
        skip = " + linear" if self.skip else ""
        quantiles = ", quantiles" if self.head == "quantile" else ""
        return f"{name}{skip}{patches}{how}{quantiles}"

    def check(self, sizes: ForecastSizes) -> None:
        """Raise ValueError unless this can forecast windows of these sizes."""
        if self.kind == "direct" and sizes.length % self.patch:
            below = sizes.length - sizes.length % self.patch
            raise ValueError(
                f"data.length is {sizes.length}, no multiple of model.patch="
                f"{self.patch}: set data.length={below or self.patch}, or the patch."
            )
        if sizes.known and self.kind not in ("direct", "decoder"):
            raise ValueError(
                f"model.kind={self.kind} reads the past of each column alone, and "
                "data.known_future names columns that are known ahead: set model.kind "
                "to direct or decoder."
            )
        if self.kind == "deepar" and max(self.lags) >= sizes.length:
            raise ValueError(
                f"model.lags reach {max(self.lags)} steps back, data.length is "
                f"{sizes.length}: look at more steps, or give shorter lags."
            )
