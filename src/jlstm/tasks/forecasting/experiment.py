"""The forecasting task: a series, a network, its baselines, what is next, a report."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from jlstm._internal.options import Count
from jlstm.data.bucket import rows_for
from jlstm.data.forecast import ForecastConfig
from jlstm.tasks.forecasting.baselines import Baseline, make_baselines
from jlstm.tasks.forecasting.data import Prep, about_several, load, read_new, rejoined
from jlstm.tasks.forecasting.ends import Part
from jlstm.tasks.forecasting.model import Forecaster
from jlstm.tasks.forecasting.model_config import ForecasterConfig
from jlstm.tasks.forecasting.objective import MODELS, ForecastTask, WindowConfig
from jlstm.tasks.forecasting.overview import make_overview
from jlstm.tasks.forecasting.predict import forecast_rows
from jlstm.tasks.forecasting.report import make_report
from jlstm.tasks.forecasting.rolling import rolled
from jlstm.training.backtest import Backtest
from jlstm.training.config.run import RunConfig
from jlstm.training.experiment import Experiment, Finished, Loaded, Report, Row, Scores
from jlstm.training.overview import Overview


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a forecasting run.

    Attributes:
        data: which series, and what to predict of it.
        model: hyper-parameters of the model.
        batches: how windows are put into batches.
        examples: forecasts of the test that the report shows.
    """

    task: str = "forecast"
    data: ForecastConfig = ForecastConfig()
    model: ForecasterConfig = ForecasterConfig()
    batches: WindowConfig = WindowConfig()
    examples: Count = 3


class ForecastExperiment(Experiment[Config, Prep, Part]):
    """The next steps of a series, as points or with intervals."""

    Config = Config
    Prep = Prep

    def load(self) -> Loaded[Prep, Part]:
        """Read and cut the series."""
        data = load(self.config.data)
        if data.train.series.read:
            print(data.train.series.read, flush=True)
        for line in about_several(data):
            print(line, flush=True)
        self.config.model.check(data.prep.sizes)
        return data

    def make_model(self, prep: Prep, rngs: nnx.Rngs) -> nnx.Module:
        """Draw a model."""
        config = self.config.model
        return MODELS[config.kind](config, prep.sizes, rngs=rngs)

    def task(self, data: Loaded[Prep, Part], baselines: Scores) -> ForecastTask:
        """Return what the trainer trains."""
        config = self.config
        own = {"season": data.prep.season, "seed": config.train.seed}
        return ForecastTask(config.model, rejoined(data), config.batches, **own)

    @cached_property
    def rules(self) -> dict[str, Baseline]:
        """The baselines, fitted to the training part."""
        intervals = self.config.model.has_intervals
        return make_baselines(rejoined(self.data), self.data.prep.season, intervals)

    def baselines(self, data: Loaded[Prep, Part]) -> dict[str, dict[str, Any]]:
        """Return the scores of the baselines on validation and test."""
        parts = {part: data.parts[part].windows for part in ("valid", "test")}
        return {
            name: {part: own.tally(windows).means() for part, windows in parts.items()}
            for name, own in self.rules.items()
        }

    def identity(self, data: Loaded[Prep, Part]) -> dict[str, Any]:
        """Return the shape and a checksum of the series."""
        values = np.ascontiguousarray(data.train.series.values)
        return {"shape": list(values.shape), "checksum": zlib.crc32(values)}

    def overview(self, data: Loaded[Prep, Part]) -> Overview:
        """Say what the data holds."""
        return make_overview(data, self.config.model)

    def report(self, run: Finished[Prep, Part]) -> Report:
        """Forecast what is after the series, and compare with the baselines."""
        return make_report(self.config, run, self.rules)

    def read(self, source: str | Path, prep: Prep, *, labelled: bool) -> Part:
        """Read a table; without labels, its end is what the forecast begins after."""
        return read_new(source, prep, self.config.data, labelled)

    def predict(self, model: Forecaster, new: Part, prep: Prep) -> Iterator[Row]:
        """Yield a row for each predicted step and column of each window."""
        task = self.task(Loaded.of_one(prep, new), {})
        rows = rows_for(len(new.windows), task.cut.eval_batch)
        cut = replace(task.cut, eval_batch=rows)
        return forecast_rows(replace(task, cut=cut), model, new)

    def backtest(
        self, model: Forecaster, new: Part, prep: Prep, every: int | None
    ) -> Backtest:
        """Forecast from every so many steps, the horizon where none are given."""
        return rolled(self.task(Loaded.of_one(prep, new), {}), model, new, every)

    def held_out(
        self, task: ForecastTask, model: Forecaster, part: Part, prep: Prep
    ) -> Iterator[Row]:
        """Yield the forecast of each step of each window, and what came."""
        return forecast_rows(task, model, part, known=True)
