"""Several series in a file, and columns that are known ahead; new data with them."""

import csv
import json
import re

import jax
import numpy as np
import pytest
from flax import nnx

from jlstm.data import ForecastConfig, load_forecast, read_csv
from jlstm.data.sheet.read import TableOptions
from jlstm.tasks.forecasting.data import Prep
from jlstm.tasks.forecasting.experiment import Config, ForecastExperiment
from jlstm.tasks.forecasting.model_config import ForecasterConfig
from jlstm.tasks.forecasting.objective import WindowConfig
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig, TrainConfig
from jlstm.training.prep import pack, unpack
from tests.quick import quick

DAYS = np.datetime64("2024-01-01") + np.arange(400)
STACK = StackConfig("LSTMCell", hidden_sizes=(4,))


def stores(lengths):
    """Return rows of stores, day by day: store n sells 1000 n + the day's number."""
    return [
        f"{DAYS[day]},s{n},{1000 * n + day}"
        for day in range(max(lengths))
        for n, length in enumerate(lengths)
        if day < length
    ]


def put(folder, rows, names="day,store,sold", name="a.csv"):
    path = folder / name
    path.write_text("\n".join([names, *rows]) + "\n")
    return str(path)


def back(forecast, part):
    """Return inputs and targets of a part, in the units of the series."""
    mean, std = forecast.scaler.mean[0], forecast.scaler.std[0]
    return (x[..., 0] * std + mean for x in (part.inputs, part.targets))


def test_windows_never_cross_series_and_each_is_split_by_time(tmp_path):
    path = put(tmp_path, stores([40, 60, 20]))
    config = ForecastConfig("csv", path, id="store", length=4, horizon=3)
    forecast = load_forecast(config)
    assert forecast.series.read == (
        "read a.csv: 120 rows, 3 series (s0, s1, s2) of 20 to 60 rows by store, "
        "1 column (sold), 2024-01-01 to 2024-02-09 (the first series), steps of 1 day"
    )
    predicted = {}
    for name in ("train", "valid", "test"):
        inputs, targets = back(forecast, getattr(forecast, name))
        whole = np.concatenate([inputs, targets], axis=1)
        np.testing.assert_allclose(np.diff(whole, axis=1), 1, atol=1e-6)
        predicted[name] = {round(value) for value in targets.ravel()}
    # 70 % and 20 % of 40, 60 and 20; the middle 10 % of 20 are too few for 3 steps
    days = {"train": (28, 42, 14), "valid": (32, 48), "test": (40, 60, 20)}
    starts = {"train": (4, 4, 4), "valid": (28, 42), "test": (32, 48, 16)}
    for name, found in predicted.items():
        wanted = zip(starts[name], days[name], strict=True)
        assert found == {
            1000 * n + day for n, (a, b) in enumerate(wanted) for day in range(a, b)
        }


def test_all_series_share_one_scale_and_may_stand_in_any_order(tmp_path):
    rows = stores([30, 30])
    config = {"id": "store", "length": 4, "horizon": 2}
    one = load_forecast(ForecastConfig("csv", put(tmp_path, rows), **config))
    learned = np.concatenate([np.arange(21), 1000 + np.arange(21)])
    np.testing.assert_allclose(one.scaler.mean, learned.mean())
    np.testing.assert_allclose(one.scaler.std, learned.std())
    turned = put(tmp_path, rows[::-1], name="b.csv")
    other = load_forecast(ForecastConfig("csv", turned, **config))
    assert [span.name for span in other.series.parts] == ["s1", "s0"]
    np.testing.assert_array_equal(
        np.sort(one.test.targets.ravel()), np.sort(other.test.targets.ravel())
    )


def test_each_series_may_have_its_own_scale(tmp_path, capsys):
    """s1 sells 1000 more than s0: both are alike once each has its own scale."""
    path = put(tmp_path, stores([30, 30]))
    config = {"id": "store", "length": 4, "horizon": 2}
    found = load_forecast(ForecastConfig("csv", path, scale="series", **config))
    values = found.train.values[:, 0].reshape(2, 30)
    np.testing.assert_allclose(values[0], values[1], atol=1e-9)
    learned = values[0, :21]
    np.testing.assert_allclose([learned.mean(), learned.std()], [0, 1], atol=1e-9)
    scale = found.scaler.rows(found.series)
    for n, own in enumerate(scale.mean[:, 0].reshape(2, 30)):
        np.testing.assert_allclose(own, 1000 * n + np.arange(21).mean())
    np.testing.assert_allclose(scale.unscale(found.test.values), found.series.values)
    plain = load_forecast(ForecastConfig("csv", path, scale="none", **config))
    np.testing.assert_array_equal(plain.test.values, plain.series.values)
    with pytest.raises(ValueError, match="scale is 'series', but no column says which"):
        ForecastConfig("csv", path, scale="series")


def test_a_flag_means_the_same_in_every_series(tmp_path):
    rows = [
        f"{DAYS[n]},s{s},{int(n % (2 + s) == 0)},{n + 9 * s}"
        for n in range(40)
        for s in range(2)
    ]
    path = put(tmp_path, rows, "day,store,price,sold")
    given = {**AHEAD, "id": "store", "scale": "series"}
    found = load_forecast(ForecastConfig("csv", path, **given))
    scale = found.scaler.rows(found.series)
    flag, sold = (found.series.column(name) for name in ("price", "sold"))
    assert np.ptp(scale.mean[:, flag]) == 0 and np.ptp(scale.std[:, flag]) == 0
    np.testing.assert_allclose(np.ptp(scale.mean[:, sold]), 9)


@pytest.mark.parametrize("how", quick(["series", "column", "none"]))
def test_forecasts_of_series_old_and_new_are_in_their_own_units(
    how, tmp_path, capsys, monkeypatch, model_of
):
    made = experiment(put(tmp_path, stores([40, 60])), id="store", length=6, horizon=3,
                      scale=how)  # fmt: skip
    lines = capsys.readouterr().out
    assert ("by its own mean and deviation" in lines) == (how == "series")
    kept, arrays = pack(made.data.prep)
    prep = unpack(Prep, json.loads(json.dumps(kept)), arrays)
    new = put(tmp_path, stores([9, 7, 8]), name="new.csv")
    monkeypatch.setattr(
        "jlstm.tasks.forecasting.objective._quantiles",
        lambda model, inputs, key: np.repeat(inputs[None, -1:], 3, axis=1),
    )
    part = made.read(new, prep, labelled=False)
    said = capsys.readouterr().out
    assert ("not trained on, so scaled by their own rows: s2" in said) == (
        how == "series"
    )
    model = model_of(made)
    rows = list(made.predict(model, part, prep))
    wanted = np.repeat([8, 1006, 2007], 3)
    np.testing.assert_allclose([row["forecast"] for row in rows], wanted, rtol=1e-4)
    task = made.task(made.data, {})
    right = [*made.held_out(task, model, made.data.test, prep)]
    found = task.tally(model, made.data.test.windows).means()
    truth, point = (np.array([r[n] for r in right]) for n in ("right", "forecast"))
    np.testing.assert_allclose(truth - point, [r["ahead"] for r in right], rtol=1e-2)
    smape = 200 * np.abs(truth - point) / (np.abs(truth) + np.abs(point))
    assert found["smape"] == pytest.approx(smape.mean(), rel=1e-3)


def ahead(count, more):
    """Return days with a price, then more with the price alone."""
    rng = np.random.default_rng(0)
    prices = rng.integers(0, 2, count + more)
    sold = [str(p * 3 + 2) for p in prices[:count]] + [""] * more
    return prices, [f"{d},{p},{s}" for d, p, s in zip(DAYS, prices, sold, strict=False)]


AHEAD = {"target": "sold", "known_future": ("price",), "length": 6, "horizon": 3}


def test_what_is_known_ahead_stands_next_to_what_is_looked_at(tmp_path):
    prices, rows = ahead(60, 5)
    path = put(tmp_path, rows, "day,price,sold")
    forecast = load_forecast(ForecastConfig("csv", path, **AHEAD))
    assert forecast.series.read.endswith("steps of 1 day, 5 more with price alone")
    assert forecast.known == (0, 2) and forecast.test.predicted == (1,)
    mean, std = forecast.scaler.mean[0], forecast.scaler.std[0]
    for window, place in zip(forecast.test.inputs, forecast.test.places, strict=True):
        seen = window[:, [0, 2]] * std + mean
        np.testing.assert_allclose(seen[:, 0], prices[place - 6 : place], atol=1e-9)
        np.testing.assert_allclose(seen[:, 1], prices[place - 3 : place + 3], atol=1e-9)


def experiment(path, epochs=1, **options):
    data, model = {}, {"stack": STACK, "normalize": "last"}
    for name, value in options.items():
        (data if name in ForecastConfig.__dataclass_fields__ else model)[name] = value
    return ForecastExperiment.from_config(
        Config(
            data=ForecastConfig("csv", path, **data),
            model=ForecasterConfig(**model),
            batches=WindowConfig(16, 64),
            optimizer=OptimizerConfig(name="adam", learning_rate=0.03),
            train=TrainConfig(epochs=epochs),
        )
    )


@pytest.mark.long
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("shared", quick([True, False]))
def test_a_model_learns_from_what_is_known_ahead(tmp_path, shared):
    _, rows = ahead(300, 5)
    path = put(tmp_path, rows, "day,price,sold")
    made = experiment(path, 12, **AHEAD, shared=shared)
    assert ("does not look" in str(made.overview(made.data).problems)) is False
    folder = tmp_path / "run"
    folder.mkdir()
    finished = made.fit(folder)
    # Nothing but the price of the same day tells what is sold.
    assert finished.result.test["mse"] < 0.25
    assert min(own["test"]["mse"] for own in finished.baselines.values()) > 0.7


@pytest.fixture
def model_of():
    def make(made):
        return made.make_model(made.data.prep, nnx.Rngs(jax.random.key(0)))

    return make


def test_new_data_goes_on_for_each_series(tmp_path, model_of):
    made = experiment(put(tmp_path, stores([40, 60])), id="store", length=6, horizon=3)
    new = put(tmp_path, stores([9, 7, 8]), name="new.csv")
    part = made.read(new, made.data.prep, labelled=False)
    rows = list(made.predict(model_of(made), part, made.data.prep))
    assert [row["series"] for row in rows] == ["s0"] * 3 + ["s1"] * 3 + ["s2"] * 3
    assert [row["when"] for row in rows[3:6]] == [str(day) for day in DAYS[7:10]]
    known = made.read(new, made.data.prep, labelled=True)
    assert known.windows.places.tolist() == [6]  # 9 rows of s0: 6 and 3
    short = put(tmp_path, stores([9, 5]), name="short.csv")
    with pytest.raises(ValueError, match="has 5 rows of 's1', the model looks at 6"):
        made.read(short, made.data.prep, labelled=False)


def test_new_data_has_what_is_known_ahead(tmp_path, model_of):
    _, rows = ahead(60, 0)
    names = "day,price,sold"
    made = experiment(put(tmp_path, rows, names), **AHEAD)
    prep = made.data.prep
    new = put(tmp_path, ahead(10, 3)[1], names, "new.csv")
    part = made.read(new, prep, labelled=False)
    found = list(made.predict(model_of(made), part, prep))
    assert [row["when"] for row in found] == [str(day) for day in DAYS[10:13]]
    # Another price of the last day to forecast is another forecast.
    lines = ahead(10, 3)[1]
    day, price, _ = lines[-1].split(",")
    lines[-1] = f"{day},{1 - int(price)},"
    changed = made.read(put(tmp_path, lines, names, "b.csv"), prep, labelled=False)
    other = list(made.predict(model_of(made), changed, prep))
    assert [row["forecast"] for row in found] != [row["forecast"] for row in other]
    few = put(tmp_path, ahead(10, 2)[1], names, "few.csv")
    with pytest.raises(ValueError, match="does not go on for 3 rows with price alone"):
        made.read(few, prep, labelled=False)


def test_rows_of_another_spacing_are_refused_for_a_trained_model(tmp_path):
    path = put(tmp_path, stores([40]))
    made = experiment(path, id="store", length=6, horizon=3)
    prep = made.data.prep
    weeks = [f"{DAYS[7 * n]},s0,{n}" for n in range(50)]
    path = put(tmp_path, weeks, name="weeks.csv")
    for labelled in (True, False):
        with pytest.raises(
            ValueError, match="has steps of 1 week, the model was train"
        ):
            made.read(path, prep, labelled=labelled)


@pytest.mark.long
@pytest.mark.usefixtures("standard_promotion")
def test_forecasts_after_each_series_are_written(tmp_path):
    made = experiment(
        put(tmp_path, stores([40, 60])), id="store", length=6, horizon=3, shared=True
    )
    folder = tmp_path / "run"
    folder.mkdir()
    made.run(folder)
    with (folder / "forecast.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["series"] for row in rows] == ["s0"] * 3 + ["s1"] * 3
    assert [row["when"] for row in rows] == [
        str(day) for day in (*DAYS[40:43], *DAYS[60:63])
    ]


def test_steps_without_a_row_are_filled_as_told(tmp_path):
    rows = ["2024-01-01,1", "2024-01-02,5", "2024-01-05,8", "2024-01-06,9"]
    path = put(tmp_path, rows, "day,sold")
    wanted = {"fill": [1, 5, 6, 7, 8, 9], "forward": [1, 5, 5, 5, 8, 9],
              "keep": [1, 5, 8, 9]}  # fmt: skip
    for gaps, values in wanted.items():
        series = read_csv(path, options=TableOptions(gaps=gaps))
        assert series.values.ravel().tolist() == values
    with pytest.raises(ValueError, match="forward to repeat the row before"):
        read_csv(path)


REFUSED = {
    "no such column": (
        {"id": "shop"}, stores([30]), "no column 'shop': data.id must be one of day, "
    ),
    "a row of nobody": ({"id": "store"}, ["2024-01-01,,3"], "has no name in column"),
    "several spacings": (
        {"id": "store"},
        [*stores([9]), *(f"{DAYS[7 * n]},b,{n}" for n in range(9))],
        "rows of 's0' 1 day apart and rows of 'b' 1 week apart",
    ),
    "several series without an id": ({}, stores([9, 9]), "set data.id=store"),
    "nothing known ahead": (
        {"id": "store", "known_future": ("price",)}, stores([30]), "no column 'price'",
    ),
    "all known ahead": (
        {"id": "store", "known_future": ("sold",)}, stores([30]), "no column next to",
    ),
    "no window": ({"id": "store"}, stores([3, 4]), "hold no window of 96 and 24"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused(what, tmp_path):
    options, rows, said = REFUSED[what]
    with pytest.raises(ValueError, match=re.escape(said)):
        load_forecast(ForecastConfig("csv", put(tmp_path, rows), **options))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({**AHEAD, "target": "price"}, "target is 'price', which is in known_future"),
        ({**AHEAD, "length": 2}, "length is 2, less than horizon=3"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        ForecastConfig("csv", "a.csv", **options)


@pytest.mark.parametrize("kind", ["deepar", "nlinear"])
def test_a_model_that_reads_the_past_alone_takes_nothing_known_ahead(kind, tmp_path):
    path = put(tmp_path, ahead(60, 3)[1], "day,price,sold")
    with pytest.raises(ValueError, match=f"model.kind={kind} reads the past of each"):
        experiment(path, **AHEAD, kind=kind, normalize="none")
