"""What a forecaster can be told, and what it is made for."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from jlstm.models.encoder import EncoderConfig
from jlstm.models.normalize import Normalization
from jlstm.regularize import check_rate

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
    """

    length: int
    horizon: int
    columns: int
    predicted: tuple[int, ...]


@dataclass(frozen=True)
class ForecasterConfig:
    """Hyper-parameters of a forecaster.

    Attributes:
        kind: ``"direct"`` gives all steps at once; ``"decoder"`` is an encoder and a
            decoder that reads its own last answer; ``"deepar"`` predicts the
            distribution of the next step and draws paths from it; ``"nlinear"`` and
            ``"dlinear"`` are linear and have no encoder.
        encoder: the recurrent layers.
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
    encoder: EncoderConfig = EncoderConfig()
    normalize: Normalization = "none"
    shared: bool = True
    patch: int = 1
    head: Head = "point"
    levels: tuple[float, ...] = LEVELS
    dropout: float = 0.0
    skip: bool = False
    teacher_forcing: bool = True
    likelihood: Likelihood = "gaussian"
    lags: tuple[int, ...] = (1,)
    samples: int = 100

    def __post_init__(self) -> None:
        check_rate("model.dropout", self.dropout)
        for name in ("patch", "samples"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"model.{name} is {getattr(self, name)}; give 1 or more."
                )
        if not self.lags or min(self.lags) < 1:
            raise ValueError(
                f"model.lags is {list(self.lags)}; give steps back, from 1."
            )
        rising = all(a < b for a, b in zip(self.levels, self.levels[1:], strict=False))
        if (
            len(self.levels) < 2
            or not rising
            or not 0 < self.levels[0] < self.levels[-1] < 1
        ):
            raise ValueError(
                f"model.levels is {list(self.levels)}; give two or more, rising, "
                "between 0 and 1."
            )
        if self.encoder.bidirectional:
            raise ValueError(
                "model.encoder.bidirectional is true, but a forecast is read off the "
                "last step, where the way back has only begun: set it to false."
            )

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
        name = self.encoder.title
        if self.kind == "decoder":
            return f"{name}, encoder and decoder"
        how = NORMALIZED[self.normalize]
        if self.kind == "deepar":
            return f"DeepAR of {name}{how}"
        patches = f", patches of {self.patch}" if self.patch > 1 else ""
        beside = " + linear" if self.skip else ""
        quantiles = ", quantiles" if self.head == "quantile" else ""
        return f"{name}{beside}{patches}{how}{quantiles}"

    def check(self, sizes: ForecastSizes) -> None:
        """Raise ValueError unless this can forecast windows of these sizes."""
        if self.kind == "direct" and sizes.length % self.patch:
            below = sizes.length - sizes.length % self.patch
            raise ValueError(
                f"data.length is {sizes.length}, no multiple of model.patch="
                f"{self.patch}: set data.length={below or self.patch}, or the patch."
            )
        if self.kind == "deepar" and max(self.lags) >= sizes.length:
            raise ValueError(
                f"model.lags reach {max(self.lags)} steps back, data.length is "
                f"{sizes.length}: look at more steps, or give shorter lags."
            )
