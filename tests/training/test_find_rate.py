"""A range test ends where the loss diverges, and suggests a rate at which it falls."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.cli.find_rate import advice, rate_table
from jlstm.training.config.train import OptimizerConfig, TrainConfig
from jlstm.training.find_rate import find_rate, judged
from tests.training.test_program import Fit

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")


@dataclasses.dataclass(frozen=True, eq=False)
class Bowl(Fit):
    """A parabola: gradient descent at a rate above 2 diverges."""

    def make_model(self, key):
        model = super().make_model(key)
        return jax.tree.map(lambda w: 3 * jnp.ones_like(w), model)

    def loss(self, model, carry, batch, key):
        loss = 0.5 * jnp.sum(model.w[...] ** 2)
        return loss, (carry, {"loss": loss})


def written_out(rates):
    """The losses of gradient descent on the bowl, a product of factors 1 - rate."""
    factors = np.concatenate([[1.0], 1 - rates[:-1]])
    return 0.5 * 27 * np.cumprod(factors) ** 2


@pytest.mark.long
def test_a_parabola_is_descended_at_a_stable_rate():
    plain = OptimizerConfig("sgd", clip=None)
    found = find_rate(Bowl(), TrainConfig(), plain, 1e-4, 1e3, updates=150)
    assert len(found.rates) < 150  # it ended before
    np.testing.assert_allclose(
        found.losses, written_out(found.rates), rtol=1e-3, atol=1e-12
    )
    assert 1e-3 < found.suggested < 1
    assert "optimizer.learning_rate=" in advice(found)
    assert f"{found.rates[0]:.2e}" in rate_table(found)


def test_a_loss_that_never_falls_suggests_nothing():
    rates = np.geomspace(1e-3, 1, 30)
    found = judged(rates, 1 + rates)
    assert found.suggested is None
    assert advice(found).startswith("The loss did not fall at any rate")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 1.0, "high": 0.1}, "the rates go from 1 to 0.1; give rising ones."),
        ({"updates": 9}, "there are 9 updates; give 10 or more."),
    ],
)
def test_rates_that_do_not_rise_are_refused(options, message):
    with pytest.raises(ValueError) as caught:
        find_rate(Bowl(), TrainConfig(), OptimizerConfig(), **options)
    assert str(caught.value) == message
