"""Forecasting: published errors of simple rules, windows, scaling, a user's file."""

import numpy as np
import pytest

from jlstm.data import (
    ForecastConfig,
    Series,
    Windows,
    forecast_of,
    load_forecast,
    load_series,
)
from jlstm.data.forecast import season_of
from jlstm.data.scale import Scaler
from jlstm.data.windows import errors, last_value, seasonal_naive

# Last value and seasonal naive, MSE and MAE of the test part with 96 steps to look at.
KNOWN = [
    ("etth1", 24, (1.222, 0.671), (0.424, 0.389)),
    ("etth1", 96, (1.294, 0.713), (0.512, 0.433)),
    ("etth1", 720, (1.335, 0.755), (0.655, 0.514)),
    ("etth2", 24, (0.271, 0.332), (0.266, 0.304)),
    ("etth2", 96, (0.432, 0.422), (0.391, 0.380)),
    pytest.param("ettm1", 96, (1.214, 0.665), (0.423, 0.387), marks=pytest.mark.slow),
    pytest.param("weather", 96, (0.259, 0.254), None, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "horizon", "last", "seasonal"), KNOWN)
def test_errors_of_simple_rules_are_the_known_ones(real, name, horizon, last, seasonal):
    config = ForecastConfig(name, horizon=horizon)
    forecast = forecast_of(real(load_series, name), config)
    windows = forecast.test
    np.testing.assert_allclose(errors(windows, last_value(windows)), last, atol=6e-4)
    if seasonal is not None:
        season = season_of(forecast, config)
        found = errors(windows, seasonal_naive(windows, season))
        np.testing.assert_allclose(found, seasonal, atol=6e-4)


def test_one_variable_of_etth1(real):
    series = real(load_series, "etth1")
    config = ForecastConfig("etth1", target="OT", covariates=False)
    alone = forecast_of(series, config)
    found = errors(alone.test, last_value(alone.test))
    np.testing.assert_allclose(found, (0.0343, 0.139), atol=5e-4)
    nearby = forecast_of(series, ForecastConfig("etth1", target="OT"))
    assert nearby.test.inputs.shape[2] == 7
    np.testing.assert_allclose(alone.test.targets, nearby.test.targets)
    np.testing.assert_allclose(
        last_value(alone.test), last_value(nearby.test), rtol=1e-12
    )


@pytest.mark.slow
def test_counts_of_windows(real):
    forecast = real(load_forecast, ForecastConfig("etth1"))
    parts = forecast.train, forecast.valid, forecast.test
    assert [len(part) for part in parts] == [8_521, 2_857, 2_857]
    weather = forecast_of(real(load_series, "weather"), ForecastConfig("weather"))
    assert weather.borders == (36_887, 42_157, 52_696)
    assert len(weather.test) == 10_539 - 24 + 1


def counting(steps=40, columns=2):
    """Return a series whose values name their step and column."""
    values = np.arange(steps)[:, None] + np.arange(columns) * 1000.0
    return Series("counting", values, tuple("ab"[:columns]))


def test_parts_predict_every_step_once_and_look_back_over_borders():
    forecast = forecast_of(counting(), ForecastConfig(length=4, horizon=3, name="co2"))
    assert forecast.borders == (28, 32, 40)
    predicted = []
    for part in (forecast.train, forecast.valid, forecast.test):
        back = forecast.scaler.unscale(part.targets)
        inputs = forecast.scaler.unscale(part.inputs)
        # What is looked at ends right before what is predicted.
        np.testing.assert_allclose(inputs[:, -1, 0] + 1, back[:, 0, 0])
        predicted.append({round(step) for step in back[..., 0].ravel()})
        assert np.shares_memory(part.inputs, part.values)
        assert np.shares_memory(part.targets, part.values)
    assert predicted == [{*range(4, 28)}, {*range(28, 32)}, {*range(32, 40)}]


def test_a_batch_is_a_copy_with_time_first():
    windows = Windows(np.arange(20.0).reshape(10, 2), 4, 10, 3, 2, (1,))
    batch = windows.take(np.array([2, 0]))
    assert batch.inputs.shape == (3, 2, 2)
    assert batch.inputs[:, 0, 0].tolist() == [6.0, 8.0, 10.0]
    assert batch.targets[..., 0].T.tolist() == [[13.0, 15.0], [9.0, 11.0]]
    assert not np.shares_memory(batch.inputs, windows.values)


def test_scaling_sees_the_training_part_only():
    series = counting()
    config = ForecastConfig("co2", length=4, horizon=2)
    before = forecast_of(series, config).scaler
    series.values[28:] = 1e6
    after = forecast_of(series, config).scaler
    np.testing.assert_array_equal(before.mean, after.mean)
    np.testing.assert_array_equal(before.std, after.std)
    flat = Scaler.fit(np.full((5, 1), 3.0))
    np.testing.assert_array_equal(flat.scale(np.full((2, 1), 4.0)), [[1.0], [1.0]])


def test_seasonal_naive_repeats_the_last_season():
    windows = Windows(np.arange(12.0)[:, None], 6, 12, 5, 5, (0,))
    assert seasonal_naive(windows, 2)[0].ravel().tolist() == [4, 5, 4, 5, 4]
    assert seasonal_naive(windows, 5)[1].ravel().tolist() == [2, 3, 4, 5, 6]
    assert last_value(windows)[0].ravel().tolist() == [5] * 5


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "sales.csv"
    rows = [f"2024-01-{day:02},{day},{day * day}" for day in range(1, 31)]
    path.write_text("\n".join(["day,sold,squared", *rows]))
    config = ForecastConfig("csv", str(path), "sold", length=5, horizon=2, season=7)
    forecast = load_forecast(config)
    assert forecast.series.dates is not None
    assert forecast.series.dates[-1] == "2024-01-30"
    assert season_of(forecast, config) == 7
    assert forecast.test.inputs.shape == (5, 5, 2)
    last = forecast.test.targets[-1] * forecast.scaler.std[0] + forecast.scaler.mean[0]
    np.testing.assert_allclose(last.ravel(), [29, 30])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ForecastConfig("etth3"),
            "ForecastConfig: name is 'etth3'; choose one of etth1, etth2, ettm1, "
            "ettm2, weather, illness, beijing_pm25, airline_passengers, co2, "
            "daily_min_temperatures, monthly_sunspots, sunspots, csv.",
        ),
        (
            lambda: ForecastConfig(path="a.csv"),
            "data.path goes with data.name=csv and only with it, got path='a.csv' "
            "and name='etth1': set or unset data.path.",
        ),
        (
            lambda: ForecastConfig(horizon=0),
            "ForecastConfig: horizon is 0; give a positive integer.",
        ),
        (
            lambda: ForecastConfig(train_fraction=0.8),
            "train_fraction and test_fraction must be above 0 and leave steps for "
            "validation, got 0.8 and 0.2.",
        ),
        (
            lambda: forecast_of(counting(), ForecastConfig("co2", target="c")),
            "counting has no column 'c' of numbers: choose from a, b.",
        ),
        (
            lambda: forecast_of(counting(), ForecastConfig("co2", length=5)),
            "Steps 0 to 28 of 40 hold no window of 5 and 24 steps: give a longer "
            "series, other fractions, or a smaller length or horizon.",
        ),
        (
            lambda: seasonal_naive(Windows(np.ones((9, 1)), 4, 9, 3, 2, (0,)), 4),
            "season must be from 1 to the window's length, 3, got 4: look at more "
            "steps.",
        ),
        (
            lambda: errors(
                Windows(np.ones((9, 1)), 4, 9, 3, 2, (0,)), np.ones((3, 2, 1))
            ),
            "predictions have shape (3, 2, 1), the targets of the windows (4, 2, 1): "
            "predict every window, the last ones too.",
        ),
    ],
)
def test_what_is_wrong_is_said(make, message):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == message
