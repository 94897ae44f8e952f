"""A backtest is the score of forecasts that were made every so many steps."""

import json
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from jlstm.cli import use
from jlstm.data.windows import Windows
from jlstm.tasks.forecasting.rolling import from_every
from jlstm.tasks.runs import TrainedRun
from jlstm.training.failure import Reached
from tests.tasks.small import small

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")


@pytest.fixture
def run(tmp_path, monkeypatch):
    made = small("forecast", tmp_path, monkeypatch)
    model = made.task(made.data, {}).make_model(jax.random.key(0))
    return TrainedRun(tmp_path, made, made.data.prep, model)


@pytest.mark.long
def test_each_step_is_forecast_once_unless_told(run, tmp_path, capsys, monkeypatch):
    source = tmp_path / "a.csv"  # 60 days; the model looks at 6 and forecasts 2
    found = run.backtest(source)
    when = [row["when"] for row in found.rows]
    assert len(set(when)) == len(when) == 54 and found.origins == 27
    assert [row["ahead"] for row in found.rows] == [1, 2] * 27
    std = run.prep.scaler.std[0]
    wrong = np.array([row["forecast"] - row["right"] for row in found.rows]) / std
    assert found.scores["mae"] == pytest.approx(np.abs(wrong).mean(), rel=1e-5)
    by_step = np.abs(wrong).reshape(27, 2).mean(0)
    np.testing.assert_allclose(found.by_step["mae"], by_step, rtol=1e-5)
    every = run.backtest(source, every=1)
    score = run.score(source)
    assert every.origins == 53
    assert every.scores == pytest.approx({k: score[k] for k in every.scores})
    monkeypatch.setattr(use, "_loaded", lambda options: run)
    out = tmp_path / "back.csv"
    words = ["RUN", str(source), "--every", "4", "--json", "--out", str(out)]
    assert use.backtest(words, Reached()) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["origins"] == 14 and len(said["by_step"]["crps"]) == 2
    assert len(out.read_text().splitlines()) == 1 + 2 * 14
    with pytest.raises(ValueError, match="every is 0; give a positive number"):
        run.backtest(source, every=0)


@pytest.mark.usefixtures("unchecked")
def test_each_series_has_its_own_first_origin():
    spans = [SimpleNamespace(start=0, stop=9), SimpleNamespace(start=9, stop=20)]
    series = SimpleNamespace(part_of=lambda row: spans[row >= 9])
    places = np.array([3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17, 18])
    windows = Windows(np.ones((20, 1)), 3, 20, 3, 2, (0,), chosen=places)
    part = SimpleNamespace(windows=windows, series=series)
    assert from_every(part, 3).places.tolist() == [3, 6, 12, 15, 18]


@pytest.mark.usefixtures("unchecked")
def test_other_tasks_have_none(tmp_path, monkeypatch):
    made = small("tagging", tmp_path, monkeypatch)
    with pytest.raises(NotImplementedError) as caught:
        made.backtest(None, None, made.data.prep, None)
    assert str(caught.value).startswith("task=tagging has no backtest")
    run = TrainedRun(tmp_path, made, made.data.prep, None)
    with pytest.raises(NotImplementedError, match="task=tagging has no backtest"):
        run.backtest("none.txt")  # which is not looked for
