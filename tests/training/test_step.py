"""One update is clip, rule and rate; the schedule and the losses are plain numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.losses import reduce_tokens, token_nll
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.optimizer import make_optimizer
from jlstm.training.schedule import rate_factor

pytestmark = pytest.mark.usefixtures("standard_promotion")
GRADS = {"w": jnp.array([3.0, -4.0, 0.0])}


def direction(config, params=None, steps=1):
    rule = make_optimizer(config)
    state = rule.init(GRADS)
    for _ in range(steps):
        out, state = rule.update(
            GRADS, state, GRADS if params is None else params, learning_rate=1.0
        )
    return -np.asarray(out["w"])


def test_sgd_is_the_clipped_gradient():
    assert np.allclose(direction(OptimizerConfig(clip=None)), [3, -4, 0])
    assert np.allclose(direction(OptimizerConfig(clip=2.5)), [1.5, -2, 0])
    value = OptimizerConfig(clip=3.5, clip_kind="value")
    assert np.allclose(direction(value), [3, -3.5, 0])


def test_momentum_accumulates():
    config = OptimizerConfig("momentum", momentum=0.5, clip=None)
    assert np.allclose(direction(config, steps=2), [4.5, -6, 0])


@pytest.mark.long
def test_rmsprop_is_that_of_torch():
    config = OptimizerConfig("rmsprop", decay=0.9, clip=None)
    expected = np.array([3, -4, 0]) / (np.sqrt(0.1 * np.array([9, 16, 0])) + 1e-8)
    assert np.allclose(direction(config), expected)


def test_adam_starts_with_the_sign():
    assert np.allclose(direction(OptimizerConfig("adam", clip=None)), [1, -1, 0])
    bare = OptimizerConfig("adam", beta1=0.0, beta2=0.5, clip=None)
    assert np.allclose(direction(bare, steps=3), [1, -1, 0])


def test_weight_decay_is_coupled_except_in_adamw():
    params = {"w": jnp.array([10.0, 0.0, 10.0])}
    sgd = OptimizerConfig("sgd", weight_decay=0.1, clip=None)
    assert np.allclose(direction(sgd, params), [4, -4, 1])
    adamw = OptimizerConfig("adamw", weight_decay=0.1, clip=None)
    assert np.allclose(direction(adamw, params), [2, -1, 1], atol=1e-6)


def rates(config, losses):
    rate, best, seen = 8.0, (np.inf, 0), []
    for epoch, loss in enumerate(losses, 1):
        seen.append(rate)
        best = min(best, (loss, epoch))
        rate *= rate_factor(config, epoch, epoch - best[1])
    return seen


def test_schedules():
    losses = [3, 2, 2.5, 2.4, 1]
    assert rates(ScheduleConfig(), losses) == [8] * 5
    step = ScheduleConfig("step", hold_epochs=3, factor=0.5)
    assert rates(step, losses) == [8, 8, 8, 4, 2]
    assert rates(ScheduleConfig("plateau", factor=0.25), losses) == [8, 8, 8, 2, 0.5]
    patient = ScheduleConfig("plateau", factor=0.5, patience=1)
    assert rates(patient, [3, 4, 4, 4, 4, 2, 2, 2]) == [8, 8, 8, 4, 4, 2, 2, 2]


@pytest.mark.long
def test_token_nll_is_minus_log_softmax():
    logits = jax.random.normal(jax.random.key(0), (3, 2, 5))
    targets = jnp.array([[0, 4], [1, 1], [3, 2]])
    table = np.asarray(logits) - np.log(np.exp(np.asarray(logits)).sum(-1))[..., None]
    expected = -np.take_along_axis(table, np.asarray(targets)[..., None], -1)[..., 0]
    nll = token_nll(logits, targets)
    assert np.allclose(nll, expected)
    assert np.allclose(reduce_tokens(nll, "mean"), expected.mean())
    assert np.allclose(reduce_tokens(nll, "sum_time"), expected.sum(0).mean())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: OptimizerConfig(learning_rate=0.0),
            "OptimizerConfig: learning_rate is 0.0; give a positive",
        ),
        (
            lambda: OptimizerConfig(clip=-1.0),
            "OptimizerConfig: clip is -1.0; give a positive",
        ),
        (
            lambda: ScheduleConfig(factor=1.5),
            "ScheduleConfig: factor is 1.5; give a share",
        ),
        (lambda: TrainConfig(epochs=0), "TrainConfig: epochs is 0; give a positive"),
    ],
)
def test_out_of_range_options_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
