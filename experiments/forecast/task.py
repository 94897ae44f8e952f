"""The forecasting task: a series, a network, its baselines, what is next, a report."""

import dataclasses
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments import present
from experiments.config import RunConfig
from experiments.forecast.baselines import Baseline, find_season, make_baselines
from experiments.forecast.beyond import forecast_beyond
from experiments.forecast.report import Findings, show
from jlstm.data.forecast import Forecast, ForecastConfig, load_forecast, season_of
from jlstm.models.forecast_config import ForecasterConfig
from jlstm.options import Count
from jlstm.train.forecast import ForecastTask, WindowConfig
from jlstm.train.loop import Result
from jlstm.train.program import take


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


@dataclass(frozen=True, eq=False)
class Job:
    """A run that was checked and can start; see ``experiments/tasks.py``.

    Attributes:
        config: what to run, with an absolute path to the user's file.
        forecast: the windows.
        season: steps after which things repeat.
    """

    config: Config
    forecast: Forecast
    season: int

    def identity(self) -> dict[str, Any]:
        """Return what must not change between the start of a run and its resumption."""
        values = np.ascontiguousarray(self.forecast.series.values)
        return {"shape": list(values.shape), "checksum": zlib.crc32(values)}

    def run(self, folder: Path) -> dict[str, Any]:
        """Train, score, forecast and report in ``folder``."""
        config, forecast = self.config, self.forecast
        intervals = config.model.has_intervals
        baselines = make_baselines(forecast, self.season, intervals)
        task = make_task(config, forecast)
        result = present.fit(task, config, folder)
        model = result.model if config.train.seeds == 1 else take(result.model, 0)
        summary = summarize(config, self, result, baselines)
        steps = task.tally(model, forecast.test).by_step()
        beyond = forecast_beyond(task, model, baselines)
        show(folder, config, task, Findings(summary, model, baselines, steps, beyond))
        return summary


def prepare(config: Config) -> Job:
    """Read and cut the series."""
    if config.data.path is not None:  # so that the run can go on from elsewhere
        path = str(Path(config.data.path).absolute())
        own = dataclasses.replace(config.data, path=path)
        config = dataclasses.replace(config, data=own)
    forecast = load_forecast(config.data)
    if forecast.series.read:
        print(forecast.series.read, flush=True)
    config.model.check(make_task(config, forecast).sizes)
    return Job(config, forecast, _season(config.data, forecast))


def make_task(config: Config, forecast: Forecast) -> ForecastTask:
    """Return what the trainer trains."""
    return ForecastTask(config.model, forecast, config.batches, seed=config.train.seed)


def summarize(
    config: Config, job: Job, result: Result, baselines: dict[str, Baseline]
) -> dict[str, Any]:
    """Return the numbers of a finished run, for ``result.json``."""
    common = present.summarize(config, result)
    forecast = job.forecast
    parts = {"valid": forecast.valid, "test": forecast.test}
    scores = {
        name: {part: own.tally(windows).means() for part, windows in parts.items()}
        for name, own in baselines.items()
    }
    return common | {
        "parameters": common["parameters"] // config.train.seeds,
        "model": config.model.title,
        "baselines": scores,
        "season": job.season,
        "windows": {
            "train": len(forecast.train),
            "valid": len(forecast.valid),
            "test": len(forecast.test),
        },
        "note": forecast.series.note,
    }


def _season(data: ForecastConfig, forecast: Forecast) -> int:
    """Return the season of a series; that of a file is looked for in its training part.

    Raises:
        ValueError: the windows look at less than a season.
    """
    known = data.season is not None or data.name != "csv"
    season = season_of(forecast, data) if known else find_season(forecast.train)
    if season > data.length:
        raise ValueError(
            f"data.length is {data.length}, less than a season of {season} steps, "
            "which the seasonal naive forecast repeats: look at more steps, or set "
            "data.season."
        )
    return season
