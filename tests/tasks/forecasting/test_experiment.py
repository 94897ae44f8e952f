"""The forecasting task from a user's file to the table, the plot, what is next."""

import csv
import json

import numpy as np
import pytest

from jlstm.data import ForecastConfig, Series, Windows, forecast_of
from jlstm.data.scale import Scaler
from jlstm.data.spans import Span
from jlstm.data.windows import last_value
from jlstm.tasks.forecasting.baselines import Baseline, find_season, make_baselines
from jlstm.tasks.forecasting.beyond import Beyond
from jlstm.tasks.forecasting.dates import next_dates
from jlstm.tasks.forecasting.ends import part_at_ends
from jlstm.tasks.forecasting.experiment import Config, ForecastExperiment
from jlstm.tasks.forecasting.model_config import ForecasterConfig, ForecastSizes
from jlstm.tasks.forecasting.objective import WindowConfig
from jlstm.tasks.forecasting.report import MOST_LINES, beyond_table, score_table
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig, TrainConfig

RNG = np.random.default_rng(0)


@pytest.fixture
def path(tmp_path):
    days = np.datetime64("2024-01-01") + np.arange(150)
    lines = [
        f"{day},{n % 5 + 0.1 * RNG.normal():.3f},{n}" for n, day in enumerate(days)
    ]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["day,sold,price", *lines]))
    return path


def own(path, **options):
    data = ForecastConfig("csv", str(path), **{"length": 10, "horizon": 3} | options)
    encoder = StackConfig("RNNCell", hidden_sizes=(4,))
    return Config(
        data=data,
        model=ForecasterConfig(stack=encoder, normalize="last", head="quantile"),
        batches=WindowConfig(batch_size=32, eval_batch=32),
        optimizer=OptimizerConfig("adam", 0.01),
        train=TrainConfig(seeds=2),
        examples=2,
        name="mine",
    )


@pytest.mark.long
def test_a_file_of_ones_own_becomes_a_table_a_plot_and_a_forecast(
    path, tmp_path, capsys, standard_promotion
):
    job = ForecastExperiment.from_config(own(path, target="sold"))
    assert job.data.prep.season == 5
    import jax

    with jax.debug_key_reuse(False):
        summary = job.run(tmp_path)
    said = capsys.readouterr().out
    names = ["last value", "seasonal naive (5 steps)", "NLinear", "DLinear"]
    assert all(name in said for name in ["RNN 1×4", *names])
    with (tmp_path / "forecast.csv").open() as file:
        header, *rows = csv.reader(file)
    assert header == ["when", "column", "forecast", "low", "high", "seasonal naive"]
    next_days = ("2024-05-30", "2024-05-31", "2024-06-01")
    assert [row[:2] for row in rows] == [[day, "sold"] for day in next_days]
    numbers = np.array([[float(cell) for cell in row[2:]] for row in rows])
    assert (numbers[:, 1] < numbers[:, 0]).all() and (
        numbers[:, 0] < numbers[:, 2]
    ).all()
    np.testing.assert_allclose(numbers[:, 3], [0, 1, 2], atol=0.4)
    assert (tmp_path / "forecast.svg").read_text().startswith("<svg")
    page = (tmp_path / "report.html").read_text()
    assert "depends on what it held before" in page
    saved = json.loads((tmp_path / "result.json").read_text())
    assert saved["baselines"] == summary["baselines"] and len(saved["baselines"]) == 4
    assert saved["windows"] == {"train": 93, "valid": 13, "test": 28}
    assert len(saved["test"]["mse_members"]) == 2


def test_baselines_are_scored_like_a_model():
    values = np.tile([0.0, 3.0, 1.0], 40)[:, None] + 0.1 * RNG.normal(size=(120, 1))
    forecast = forecast_of(
        Series("toy", values, ("a",)), ForecastConfig("sunspots", length=9, horizon=4)
    )
    found = make_baselines(forecast, season=3, intervals=True)
    scores = {name: one.tally(forecast.test).means() for name, one in found.items()}
    assert list(scores)[:2] == ["last value", "seasonal naive (3 steps)"]
    assert (
        scores["seasonal naive (3 steps)"]["mse"] < 0.05 < scores["last value"]["mse"]
    )
    assert 0.75 < scores["NLinear, least squares"]["coverage"] <= 1
    bare = Baseline(last_value).tally(forecast.test).means()
    assert set(bare) == {"mse", "mae", "rse"}
    scaled = forecast.train.values[:, 0]
    steps = np.arange(9, forecast.train.stop)
    naive = np.abs(scaled[steps] - scaled[steps - 3]).mean()
    ratio = scores["last value"]["mae"] / naive
    assert scores["last value"]["mase"] == pytest.approx(ratio)
    own = forecast.test.targets * forecast.scaler.std + forecast.scaler.mean
    last = last_value(forecast.test) * forecast.scaler.std + forecast.scaler.mean
    shares = 200 * np.abs(own - last) / (np.abs(own) + np.abs(last))
    assert scores["last value"]["smape"] == pytest.approx(shares.mean())
    assert bare["mse"] == pytest.approx(scores["last value"]["mse"])


def test_a_season_is_the_shortest_that_is_good():
    wave = np.sin(2 * np.pi * np.arange(300) / 7)[:, None]
    noisy = wave + 0.1 * RNG.normal(size=wave.shape)
    assert find_season(Windows(noisy, 0, 300, 40, 10, (0,))) == 7
    walk = np.cumsum(RNG.normal(size=(300, 1)), axis=0)
    assert find_season(Windows(walk, 0, 300, 40, 10, (0,))) == 1


@pytest.mark.parametrize(
    ("dates", "wanted"),
    [
        (("1949", "1950"), ("1951", "1952")),
        (("1949-11", "1949-12"), ("1950-01", "1950-02")),
        (("2024-02-27", "2024-02-28"), ("2024-02-29", "2024-03-01")),
        (("2024-02-01", "2024-02-28", "2024-03-03"), ("+1", "+2")),
        (("3/4/2024", "4/4/2024"), ("+1", "+2")),
        (("2024-01-01",), ("+1", "+2")),
    ],
)
def test_dates_go_on_where_there_is_a_rule(dates, wanted):
    assert next_dates(dates, 2) == wanted


def test_the_window_at_the_end_looks_at_the_last_steps():
    series = Series("toy", np.arange(20.0)[:, None], ("a",))
    sizes = ForecastSizes(4, 2, 1, (0,))
    last = part_at_ends("toy", series, Scaler(np.zeros(1), np.ones(1)), sizes).windows
    assert last.inputs.ravel().tolist() == [16, 17, 18, 19]
    assert len(last) == 1 and np.isnan(last.targets).all()


def test_the_table_has_the_spread_of_seeds():
    test = {
        "mse": 0.5,
        "mse_members": [0.4, 0.6],
        "mae": 0.3,
        "mae_members": [0.3, 0.3],
    }
    other = {"mse": 0.7, "mae": 0.4}
    baselines = {"last value": {"valid": other, "test": other}}
    summary = {"model": "LSTM", "valid": {}, "test": test, "baselines": baselines}
    lines = score_table(summary).splitlines()
    assert "0.500 ± 0.141" in lines[2] and "| last value |     0.700 |" in lines[3]


def test_a_long_forecast_is_cut_on_the_screen():
    steps, values = MOST_LINES + 1, np.arange(2.0 * MOST_LINES + 2).reshape(-1, 2)
    when = tuple(f"+{n}" for n in range(1, steps + 1))
    beyond = Beyond(Span("", 0, 9, 9), when, ("a", "b"), values, None, None, values)
    title, _, *lines = beyond_table([beyond]).splitlines()
    assert title == "b, the next steps (all steps and columns are in forecast.csv):"
    assert len(lines) == MOST_LINES + 2
    assert lines[2].split() == ["|", "+1", "|", "1", "|", "1", "|"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"target": "nothing"}, r"no column 'nothing' of numbers: choose from sold"),
        ({"horizon": 90}, r"hold no window of 10 and 90 steps: give a longer series"),
        ({"season": 11}, r"data\.length is 10, less than a season of 11 steps"),
        ({"length": 12}, r"data\.length is 12, no multiple of model\.patch=5"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(path, options, line):
    config = own(path, **options)
    if "length" in options:
        import dataclasses

        model = dataclasses.replace(config.model, patch=5)
        config = dataclasses.replace(config, model=model)
    with pytest.raises(ValueError, match=line):
        ForecastExperiment.from_config(config)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No file at .*nothing\.csv"):
        ForecastExperiment.from_config(own(tmp_path / "nothing.csv"))


def test_examples_are_not_negative():
    with pytest.raises(ValueError, match="examples is -1; give 0 or a positive"):
        Config(examples=-1)
