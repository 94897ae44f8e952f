"""Averaged weights are the mean of the iterates, and a cut run ends with the same."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.training.average import (
    init_average,
    should_average,
    start_average,
    update_average,
)
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.loop import Trainer
from jlstm.training.program import Replica, take
from tests.training.test_program import INPUTS, Fit, Line

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
RATE, SCALES = 0.4, (0.5, 1.0, 2.0)


class Wild(Fit):
    """Least squares on single rows: the loss soon goes up and down."""

    def batches(self, epoch):
        return [rows[:n] for rows, n in zip(INPUTS, (1, 2, 4, 1, 2, 4), strict=True)]

    def loss(self, model, carry, batch, key):
        loss = jnp.mean((batch @ model.w[...] - 1) ** 2)
        return loss, (carry, {"loss": loss})

    def rate_scale(self, batch):
        return SCALES[len(batch) // 2]


def trainer(folder, epochs=8, **options):
    train = TrainConfig(
        epochs, average="nt_asgd", average_patience=1, test_weights="last",
        checkpoint_every=4,
    )  # fmt: skip
    rule = OptimizerConfig("sgd", RATE, clip=None)
    return Trainer(Wild(), train, rule, ScheduleConfig(), folder, **options)


def by_hand(weights, epochs, rate=RATE):
    """The same training in numpy; return what is scored and when averaging began."""
    losses, iterates, began = [], None, None
    for epoch in range(1, epochs + 1):
        for rows in Wild().batches(epoch):
            error = rows @ weights - 1
            gradient = 2 * rows.T @ error / len(rows)
            weights = weights - rate * SCALES[len(rows) // 2] * gradient
            if iterates is not None:
                iterates.append(weights)
        scored = np.mean(iterates, axis=0) if iterates else weights
        losses.append(np.mean((INPUTS @ scored - 1) ** 2))
        before = losses[:-2]
        if iterates is None and before and losses[-1] > min(before):
            iterates, began = [], epoch
    return scored, losses, began


@pytest.mark.slow
def test_the_scored_weights_are_the_mean_since_validation_got_worse(tmp_path):
    start = trainer(tmp_path)._program.init().model.w[...]
    expected, losses, began = by_hand(np.asarray(start, np.float64), 8)
    result = trainer(tmp_path).fit()
    assert 2 < began < 7  # else the test shows nothing
    np.testing.assert_allclose(result.model.w[...], expected, rtol=1e-4)
    np.testing.assert_allclose(result.place.losses, losses, rtol=1e-4)


@pytest.mark.long
def test_a_cut_run_ends_with_the_same_mean(tmp_path):
    whole = trainer(tmp_path / "whole").fit()
    began = by_hand(np.asarray(trainer(tmp_path)._program.init().model.w[...]), 8)[2]
    for epochs in (began, 8):
        cut = trainer(tmp_path / "cut", epochs).fit()
    np.testing.assert_array_equal(cut.model.w[...], whole.model.w[...])
    assert cut.place.losses == whole.place.losses


@pytest.mark.slow
def test_members_have_a_mean_each(tmp_path):
    members = (Replica(0, RATE), Replica(3, RATE))
    together = trainer(tmp_path, members=members).fit().model
    assert together.w[...].shape == (2, 3)
    assert not np.allclose(take(together, 0).w[...], take(together, 1).w[...])


@pytest.mark.long
def test_a_mean_grows_only_once_it_has_begun():
    models = [Line(jax.random.key(n)) for n in range(4)]
    idle = update_average(init_average(models[0], jnp.zeros((), jnp.int32)), models[0])
    assert int(idle.count) == -1 and not np.any(idle.mean.w[...])
    average = start_average(start_average(idle))
    for model in models[1:]:
        average = start_average(update_average(average, model))
    expected = np.mean([model.w[...] for model in models[1:]], axis=0)
    assert int(average.count) == 3
    np.testing.assert_allclose(average.mean.w[...], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("losses", "patience", "worth"),
    [
        ([], 0, False),
        ([3.0], 0, False),
        ([3.0, 4.0], 0, True),
        ([3.0, 2.0], 0, False),
        ([2.0, 3.0, 4.0], 1, True),
        ([3.0, 2.0, 2.5], 1, False),
        ([3.0, 3.0, 3.0], 1, False),
    ],
)
def test_it_is_worth_averaging_when_the_last_loss_is_above_earlier_ones(
    losses, patience, worth
):
    assert should_average(losses, patience) is worth


def test_a_negative_patience_is_refused():
    with pytest.raises(ValueError, match="TrainConfig: average_patience is -1; give"):
        TrainConfig(average_patience=-1)
