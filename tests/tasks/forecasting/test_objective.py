"""The forecasting task: every window once, exact scores, an order of its own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.data import ForecastConfig, Series, forecast_of
from jlstm.tasks.forecasting.model_config import ForecasterConfig
from jlstm.tasks.forecasting.objective import ForecastTask, WindowConfig, pieces
from jlstm.training.config.stack import StackConfig
from jlstm.training.task import Task

RNG = np.random.default_rng(0)
SERIES = Series("toy", RNG.normal(size=(120, 2)), ("a", "b"))
FORECAST = forecast_of(SERIES, ForecastConfig(length=6, horizon=3, name="sunspots"))
ENCODER = StackConfig("RNNCell", hidden_sizes=(4,))
CUT = WindowConfig(batch_size=8, eval_batch=10)


def task(cut=CUT, **options):
    return ForecastTask(ForecasterConfig(stack=ENCODER, **options), FORECAST, cut)


def test_it_is_a_task():
    assert isinstance(task(), Task)
    assert task().sizes == (6, 3, 2, (0, 1), ())


@pytest.mark.long
def test_every_window_is_scored_once_and_the_last_batch_too():
    own = task()
    model = own.make_model(jax.random.key(0))
    windows = FORECAST.test
    assert len(windows) % CUT.eval_batch != 0
    inputs = windows.inputs.swapaxes(0, 1).astype(np.float32)
    answers = np.asarray(model(jnp.asarray(inputs)))[0].swapaxes(0, 1)
    wrong = answers - windows.targets
    found = own.evaluate(model, "test")
    assert found["mse"] == pytest.approx((wrong**2).mean(), rel=1e-5)
    assert found["loss"] == pytest.approx(found["mse"], rel=1e-5)
    assert found["mae"] == pytest.approx(np.abs(wrong).mean(), rel=1e-5)


def test_pieces_are_the_windows_in_their_order():
    windows = FORECAST.train
    parts = list(pieces(windows, 7))
    joined = np.concatenate([part.targets for part in parts])
    np.testing.assert_array_equal(joined, windows.targets)
    np.testing.assert_array_equal(parts[1].inputs[0], windows.inputs[7])


def test_an_epoch_has_its_own_order_and_keeps_it():
    own = task(WindowConfig(batch_size=8, epoch_windows=20))
    first = [batch.targets for batch in own.batches(1)]
    assert len(first) == 2 and first[0].dtype == np.float32
    np.testing.assert_array_equal(first, [b.targets for b in own.batches(1)])
    assert not np.array_equal(first[0], own.batches(2)[0].targets)
    assert own.count(own.batches(1)[0]) == 8
    few = task(WindowConfig(batch_size=1000))
    assert len(few.batches(1)) == 1
    with pytest.raises(IndexError, match="There are 2 batches, no batch 2"):
        own.batches(1)[2]


@pytest.mark.long
def test_paths_are_drawn_for_the_test_alone_and_again_the_same():
    own = task(kind="deepar", samples=3)
    model = own.make_model(jax.random.key(0))
    assert set(own.evaluate(model, "valid")) == {"loss"}
    found = own.evaluate(model, "test")
    assert set(found) == {
        "loss",
        "mse",
        "mae",
        "rse",
        "mase",
        "smape",
        "crps",
        "coverage",
        "width",
    }
    assert found == own.evaluate(model, "test")


def test_numbers_out_of_range_are_refused():
    with pytest.raises(
        ValueError,
        match="WindowConfig: epoch_windows is 0; give a positive integer or None",
    ):
        WindowConfig(epoch_windows=0)
