"""The forecasting task: windows of a series, a forecaster, exact scores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Integer

from jlstm._internal.options import Options, Size
from jlstm._internal.types import Carry, Key
from jlstm.data.forecast import Forecast
from jlstm.data.share import WHOLE, OwnRows, Share, among_all, own_rows
from jlstm.data.windows import WindowBatch, Windows
from jlstm.metrics.forecast import ForecastTally
from jlstm.metrics.scaled import Units, naive_errors
from jlstm.tasks.forecasting.decoder import DecoderForecaster
from jlstm.tasks.forecasting.deepar import DeepAR
from jlstm.tasks.forecasting.linear import LinearForecaster
from jlstm.tasks.forecasting.model import DirectForecaster, Forecaster
from jlstm.tasks.forecasting.model_config import ForecasterConfig, ForecastSizes, Kind
from jlstm.training.select import Better
from jlstm.training.task import Metrics

MODELS: dict[Kind, type[nnx.Module]] = {
    "direct": DirectForecaster,
    "decoder": DecoderForecaster,
    "deepar": DeepAR,
    "nlinear": LinearForecaster,
    "dlinear": LinearForecaster,
}


@dataclass(frozen=True)
class WindowConfig(Options):
    """How windows are put into batches.

    Attributes:
        batch_size: windows of an update; fewer where training has not so many.
        eval_batch: windows of an evaluation step; changes speed only.
        epoch_windows: windows of an epoch, drawn again for each; None takes all.
    """

    batch_size: Size = 32
    eval_batch: Size = 256
    epoch_windows: Size | None = None


@dataclass(frozen=True, eq=False)
class WindowBatches(OwnRows, Sequence):
    """Batches of windows in a drawn order; what fills no batch waits for another epoch.

    Example:
        >>> windows = Windows(np.ones((9, 1)), 3, 9, 3, horizon=2, predicted=(0,))
        >>> batches = WindowBatches(windows, np.array([4, 0, 2]), batch_size=2)
        >>> len(batches), batches[0].inputs.shape
        (1, (3, 2, 1))
    """

    windows: Windows
    rows: Integer[np.ndarray, " n"]
    batch_size: Size
    share: Share = WHOLE

    def __len__(self) -> int:
        return len(self.rows) // self.batch_size

    def __getitem__(self, number: int) -> WindowBatch:
        if not 0 <= number < len(self):
            raise IndexError(f"There are {len(self)} batches, no batch {number}.")
        size, share = self.batch_size, self.share
        rows = self.rows[number * size : (number + 1) * size][own_rows(size, share)]
        read = narrow(self.windows.take(rows))
        return WindowBatch(*(among_all(one, size, share, axis=1) for one in read))


@dataclass(frozen=True, eq=False)
class ForecastTask:
    """The next steps of a series; see :class:`jlstm.training.task.Task`.

    Attributes:
        model: hyper-parameters of the model.
        forecast: the windows.
        cut: how they are put into batches.
        baselines: validation losses of the baselines.
        season: steps of a season, of the naive errors that ``mase`` counts in.
        seed: of the order of the windows, and of the paths of an evaluation.
    """

    model: ForecasterConfig
    forecast: Forecast
    cut: WindowConfig = WindowConfig()
    baselines: dict[str, float] = field(default_factory=dict)
    season: int = 1
    seed: int = 0
    unit: str = "windows"
    has_test: bool = True

    @cached_property
    def sizes(self) -> ForecastSizes:
        """What the model reads and gives."""
        train, known = self.forecast.train, self.forecast.known
        columns = train.values.shape[1]
        return ForecastSizes(
            train.length, train.horizon, columns, train.predicted, known
        )

    @property
    def measures(self) -> dict[str, Better]:
        """The metrics that can choose the best epoch."""
        scores = ["mse", "mae", "smape", "mase", "rse"]
        scores += ["crps"] if self.model.has_intervals else []
        drawn = self.model.kind == "deepar"  # see evaluate
        return dict.fromkeys(["loss", *([] if drawn else scores)], "lower")

    @cached_property
    def units(self) -> Units:
        """The units of the predicted columns."""
        return units_of(self.forecast, self.season)

    def make_model(self, key: Key) -> nnx.Module:
        """Draw a model."""
        return MODELS[self.model.kind](self.model, self.sizes, rngs=nnx.Rngs(key))

    def init_carry(self) -> Carry:
        """Return nothing: each window starts from zeros."""
        return ()

    def batches(self, epoch: int) -> WindowBatches:
        """Return the training batches, in an order of their own each epoch."""
        windows, size = self.forecast.train, self.cut.batch_size
        rng = np.random.default_rng((self.seed, epoch))
        rows = rng.permutation(len(windows))[: self.cut.epoch_windows]
        return WindowBatches(windows, rows, min(size, len(rows)))

    def count(self, batch: WindowBatch) -> int:
        """Return the number of windows."""
        return batch.inputs.shape[1]

    def loss(
        self, model: Forecaster, carry: Carry, batch: WindowBatch, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return the mean loss of the windows."""
        loss = model.losses(batch.inputs, batch.targets, key=key).mean()
        return loss, (carry, {"loss": loss})

    def evaluate(self, model: Forecaster, part: str) -> dict[str, float]:
        """Return ``loss``, all windows weighted equally, and the scores of forecasts.

        Paths are drawn for the test only: on validation a DeepAR has its loss alone.
        """
        windows = getattr(self.forecast, part)
        total = sum(
            np.asarray(_losses(model, *narrow(batch)))[:real].sum(dtype=np.float64)
            for batch, real in self._pieces(windows)
        )
        metrics = {"loss": float(total / len(windows))}
        if part == "valid" and self.model.kind == "deepar":
            return metrics
        return metrics | self.tally(model, windows).means()

    def tally(self, model: Forecaster, windows: Windows) -> ForecastTally:
        """Return the scores of a model on all windows."""
        found = ForecastTally(tuple(model.levels), units=self.units)
        for piece, quantiles in self.forecasts(model, windows):
            found.add(piece.targets, quantiles, piece.places)
        return found

    def forecasts(
        self, model: Forecaster, windows: Windows
    ) -> Iterator[tuple[Windows, Float[np.ndarray, "q b k p"]]]:
        """Yield windows, some at a time, and the quantiles of their forecasts."""
        key = jax.random.key(self.seed)
        for number, piece in enumerate(pieces(windows, self.cut.eval_batch)):
            batch, real = padded(piece, self.cut.eval_batch)
            own = jax.random.fold_in(key, number)
            found = np.asarray(_quantiles(model, narrow(batch).inputs, own))
            yield piece, found.swapaxes(1, 2)[:, :real]

    def _pieces(self, windows: Windows) -> Iterator[tuple[WindowBatch, int]]:
        for piece in pieces(windows, self.cut.eval_batch):
            yield padded(piece, self.cut.eval_batch)


def units_of(forecast: Forecast, season: int) -> Units:
    """Return the units of the predicted columns, by the training part."""
    train, scaler = forecast.train, forecast.scaler.rows(forecast.series)
    columns = list(train.predicted)
    ahead = np.arange(train.horizon)
    steps = np.unique(train.places[:, None] + ahead)  # a season before is in the window
    naive = naive_errors(train.values[:, columns], steps, season)
    return Units(scaler.mean[..., columns], scaler.std[..., columns], naive)


def pieces(windows: Windows, size: int) -> Iterator[Windows]:
    """Yield windows ``size`` at a time, in their order, the last ones too.

    Example:
        >>> windows = Windows(np.ones((9, 1)), 3, 9, 3, horizon=2, predicted=(0,))
        >>> [len(piece) for piece in pieces(windows, 2)]
        [2, 2, 1]
    """
    for begin in range(0, len(windows), size):
        yield windows.part(begin, begin + size)


def padded(windows: Windows, size: int) -> tuple[WindowBatch, int]:
    """Return a batch of ``size``, the last window repeated, and how many are real."""
    rows = np.minimum(np.arange(size), len(windows) - 1)
    return windows.take(rows), len(windows)


def narrow(batch: WindowBatch) -> WindowBatch:
    """Return a batch in single precision."""
    return WindowBatch(*(part.astype(np.float32) for part in batch))


@jax.jit
def _quantiles(model: Forecaster, inputs: Array, key: Key) -> Float[Array, "q k b p"]:
    return model.quantiles(inputs, key)


@jax.jit
def _losses(model: Forecaster, inputs: Array, targets: Array) -> Float[Array, " b"]:
    return model.losses(inputs, targets)
