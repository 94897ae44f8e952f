"""What a finished forecasting run leaves, and what it shows on the screen."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jlstm.analysis.plots import (
    ForecastExample,
    figure_to_svg,
    plot_forecast,
    step_errors,
)
from jlstm.data.windows import Windows
from jlstm.metrics.forecast import at_level
from jlstm.tasks.forecasting.baselines import SEASONAL, Baseline
from jlstm.tasks.forecasting.beyond import EDGES, Beyond, forecast_beyond, rows, save
from jlstm.tasks.forecasting.data import Prep
from jlstm.tasks.forecasting.ends import Part
from jlstm.tasks.forecasting.linear import LinearForecaster
from jlstm.tasks.forecasting.model import Forecaster
from jlstm.tasks.forecasting.objective import ForecastTask, narrow
from jlstm.training.experiment import Finished, Report
from jlstm.training.report.layer_figures import Example, every_nth, layer_figures
from jlstm.training.report.table import score_text, table
from jlstm.training.report.verdict import Verdict, compared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCORES = {
    "mse": "MSE", "mae": "MAE", "rse": "RSE", "mase": "MASE", "smape": "sMAPE",
    "crps": "CRPS", "coverage": "in 90 % interval",
}  # fmt: skip
MOST_LINES = 24  # of the table of what comes next
CSV, PLOT = "forecast.csv", "forecast.svg"


class Findings(NamedTuple):
    """What a run found.

    Attributes:
        summary: the numbers, for ``result.json``.
        model: that of the first seed.
        baselines: scores of simpler methods, to compare with.
        steps: scores of the model on the test at each step of the horizon.
        beyond: the steps after the end of each series.
    """

    summary: dict[str, Any]
    model: Forecaster
    baselines: dict[str, Baseline]
    steps: dict[str, np.ndarray]
    beyond: tuple[Beyond, ...]


def make_report(
    config: Any, run: Finished[Prep, Part], rules: dict[str, Baseline]
) -> Report:
    """Forecast the steps after the series, and lay all scores side by side."""
    task, model = run.task, run.model
    numbers = numbers_of(config.model.title, run)
    steps = task.tally(model, task.forecast.test).by_step()
    beyond = forecast_beyond(task, model, rules)
    numbers["by_step"] = {name: values.tolist() for name, values in steps.items()}
    found = Findings(run.summary | numbers, model, rules, steps, beyond)
    scores, ahead = score_table(found.summary), beyond_table(beyond)
    examples = config.examples
    where = f"\n\nforecast: {run.folder / CSV}\nplot: {run.folder / PLOT}"

    def ahead_plot() -> tuple[str, "Figure"]:
        caption, figure = draw_beyond(task, beyond)
        (run.folder / PLOT).write_text(figure_to_svg(figure), encoding="utf-8")
        return caption, figure

    return Report(
        numbers=numbers,
        verdict=verdict_of(run.summary | numbers),
        said=f"\n{scores}\n\n{ahead}" + where * bool(beyond),
        headline=key_numbers(found.summary),
        loss_label="loss (scaled values)",
        figures=[
            *([ahead_plot] if beyond else []),
            *([lambda: draw_examples(task, found, examples)] if examples else []),
            lambda: draw_steps(task, found),
            lambda: layer_plots(task, model),
        ],
        tables=[
            ("errors of scaled values, over all windows", scores),
            ("errors of the test by step of the horizon", step_table(steps)),
            ("after the end of the series", ahead),
        ],
        files={CSV: partial(save, beyond=beyond)} if beyond else {},
    )


def numbers_of(title: str, run: Finished[Prep, Part]) -> dict[str, Any]:
    """Return the numbers of a run that only forecasts have, for ``result.json``."""
    return {
        "model": title,
        "baselines": run.baselines,
        "season": run.data.prep.season,
        "windows": {name: len(part.windows) for name, part in run.data.parts.items()},
        "note": run.data.note,
    }


def score_table(summary: dict[str, Any]) -> str:
    """Return the scores of a model next to those of its baselines.

    Of several seeds they are mean ± standard deviation. Errors are of values that were
    scaled by mean and standard deviation of the training part.
    """
    names = [name for name in SCORES if name in summary["test"]]
    header = ["", "valid MSE", *(f"test {SCORES[name]}" for name in names)]
    of_all = {summary["model"]: summary} | summary["baselines"]
    lines = [
        [name, shown(own["valid"], "mse"), *(shown(own["test"], n) for n in names)]
        for name, own in of_all.items()
    ]
    return table(header, lines)


def step_table(steps: dict[str, np.ndarray]) -> str:
    """Return the scores at each step of the horizon.

    Example:
        >>> print(step_table({"mae": np.array([0.5, 0.75])}))
        | step |   MAE |
        |-----:|------:|
        |    1 | 0.500 |
        |    2 | 0.750 |
    """
    names = [name for name in SCORES if name in steps and name != "coverage"]
    rows = zip(*(steps[name].tolist() for name in names), strict=True)
    lines = [[number, *row] for number, row in enumerate(rows, 1)]
    return table(["step", *(SCORES[name] for name in names)], lines)


def shown(metrics: dict[str, Any], name: str) -> str:
    """Return a score, of several seeds with its standard deviation.

    Example:
        >>> shown({"mse": 0.37}, "mse"), shown({}, "mse")
        ('0.370', '')
        >>> shown({"coverage": 0.9, "coverage_members": [0.89, 0.91]}, "coverage")
        '90.0 ± 1.4 %'
    """
    if name not in metrics:
        return ""
    factor, form, unit = (
        (100.0, ".1f", " %") if name == "coverage" else (1.0, ".3f", "")
    )
    return score_text(metrics, name, form, factor) + unit


def beyond_table(found: Sequence[Beyond]) -> str:
    """Return the next steps of the last column, in its own units, or the first ones.

    Of several series it is the first one.
    """
    if not found:
        return "no forecast after the end: too little is known there of known_future"
    beyond = found[0]
    header = ["", "forecast", "5 %", "95 %", SEASONAL]
    last = beyond.columns[-1]
    lines = [[row[0], *row[2:]] for row in rows(beyond) if row[1] == last]
    if beyond.low is None:
        header = [header[n] for n in (0, 1, 4)]
        lines = [[line[n] for n in (0, 1, 4)] for line in lines]
    several = len(found) > 1
    more = several or len(beyond.columns) > 1 or len(lines) > MOST_LINES
    what = "series, steps" if several else "steps"
    where = f" (all {what} and columns are in {CSV})" if more else ""
    whose = f"{beyond.span.name}: " if beyond.span.name else ""
    return (
        f"{whose}{last}, the next steps{where}:\n\n{table(header, lines[:MOST_LINES])}"
    )


def verdict_of(summary: dict[str, Any]) -> Verdict:
    """Return the errors of the test next to the best baseline."""
    test, rivals = summary["test"], summary["baselines"]
    shared = all("crps" in own["test"] for own in rivals.values())
    name = "crps" if "crps" in test and shared else "mse"
    tests = {key: own["test"][name] for key, own in rivals.items()}
    return compared(f"test {SCORES[name]}", test[name], tests, "lower")


def key_numbers(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    seeds = len(summary["test"].get("mse_members", [0]))
    given = f" ({seeds} seeds)" if seeds > 1 else ""
    numbers = [
        ("model", summary["model"]),
        (f"test MSE{given}", shown(summary["test"], "mse")),
    ]
    for name in ("crps", "coverage"):
        if name in summary["test"]:
            numbers.append((f"test {SCORES[name]}", shown(summary["test"], name)))
    numbers += [
        (f"MSE, {name}", shown(own["test"], "mse"))
        for name, own in summary["baselines"].items()
    ]
    return [*numbers, ("training windows", f"{summary['windows']['train']:,}")]


def draw_beyond(task: ForecastTask, found: Sequence[Beyond]) -> tuple[str, "Figure"]:
    """Return the last column and its next steps, in its own units; of one series."""
    beyond, series = found[0], task.forecast.series
    end = next(own for own in series.parts if own.name == beyond.span.name).end
    first = end - context_of(task.forecast.test)
    known = series.values[first:end, series.column(beyond.columns[-1])]
    ends = (None if part is None else part[:, -1] for part in (beyond.low, beyond.high))
    low, high = ends
    example = ForecastExample(
        f"{beyond.columns[-1]}, from {beyond.when[0]} to {beyond.when[-1]}",
        known,
        beyond.point[:, -1],
        None,
        low,
        high,
        beyond.baseline[:, -1],
    )
    caption = (
        f"After the end of {series.name}: what nobody knows yet, in its own units."
    )
    return caption, plot_forecast([example])


def draw_examples(
    task: ForecastTask, found: Findings, count: int
) -> tuple[str, "Figure"]:
    """Return forecasts of the last column, evenly over the test, in its own units."""
    windows = task.forecast.test
    places = np.linspace(0, len(windows) - 1, count + 2)[1:-1].astype(int)
    singles = [windows.part(n, n + 1) for n in places.tolist()]
    drawn = [example_of(task, found, window) for window in singles]
    caption = (
        "Forecasts of the test, evenly spread over it and not chosen by how good they "
        "are, in the units of the series."
    )
    return caption, plot_forecast(drawn)


def example_of(task: ForecastTask, found: Findings, window: Windows) -> ForecastExample:
    """Return the forecast of the last column of one window."""
    forecast = task.forecast
    column = window.predicted[-1]
    ((_, quantiles),) = task.forecasts(found.model, window)
    own = quantiles[:, 0, :, -1]
    repeated = next(one for name, one in found.baselines.items() if SEASONAL in name)

    scale = forecast.scaler.rows(forecast.series)
    mean, std = (part.item() for part in scale.at(window.places, [column]))

    def back(values: np.ndarray) -> np.ndarray:
        return values * std + mean

    levels = found.model.levels
    several = len(levels) > 1
    low, high = (back(at_level(own, levels, e)) if several else None for e in EDGES)
    dates, name = forecast.series.dates, forecast.series.columns[column]
    first = window.places[0]
    when = f" from {dates[first]}" if dates else f" from step {first}"
    return ForecastExample(
        name + when,
        back(window.inputs[0, -context_of(window) :, column]),
        back(at_level(own, levels, 0.5)),
        back(window.targets[0, :, -1]),
        low,
        high,
        back(repeated.rule(window)[0, :, -1]),
    )


def draw_steps(task: ForecastTask, found: Findings) -> tuple[str, "Figure"]:
    """Return the squared error of each step ahead next to that of the baselines."""
    others = {
        name: own.tally(task.forecast.test).by_step()["mse"]
        for name, own in found.baselines.items()
    }
    name = str(found.summary["model"])
    caption = (
        "Mean squared error on the test at each step ahead, of scaled values. The "
        "worst line may leave the plot."
    )
    return caption, step_errors({name: found.steps["mse"]} | others)


def layer_plots(task: ForecastTask, model: Forecaster) -> list[tuple[str, "Figure"]]:
    """Return plots of the top layer over the first test window's known steps.

    Of a model that reads each column by itself it is the last column. A linear model
    has nothing to show.
    """
    if isinstance(model, LinearForecaster):
        return []
    window = task.forecast.test.part(0, 1)
    inputs = narrow(window.take(np.array([0]))).inputs
    reading = model.top_layer_inputs(jnp.asarray(inputs))
    reading = reading.row(*[-1] * (reading.xs.ndim - 2))
    patch = task.model.patch if task.model.kind == "direct" else 1
    # The first steps may be no input of their own, but what a lag looks back to.
    first = window.start - len(reading.xs) * patch
    dates = task.forecast.series.dates
    places = range(first, window.start, patch)
    labels = every_nth([dates[n] if dates else str(n) for n in places])
    name, unit = "a test window", "step"
    if patch > 1:
        name, unit = f"{name} in patches of {patch} steps", "patch"
    return layer_figures(reading, Example(name, unit, labels))


def context_of(windows: Windows) -> int:
    """Return how many known steps a plot shows."""
    return min(windows.length, max(3 * windows.horizon // 2, 12))
