"""Models that are trained side by side end as each would alone."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.log import read_metrics
from jlstm.training.loop import NonFiniteError, Trainer
from jlstm.training.program import Replica, take

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
INPUTS = np.random.default_rng(0).normal(size=(6, 4, 3)).astype(np.float32)
PLAN = ScheduleConfig("step", hold_epochs=1, factor=0.5)


class Line(nnx.Module):
    def __init__(self, key):
        self.w = nnx.Param(jax.random.normal(key, (3,), jnp.float32))


@dataclasses.dataclass(frozen=True, eq=False)
class Fit:
    """Least squares with noise: a task in a dozen lines."""

    unit: str = "rows"
    has_test: bool = True
    baselines: dict = dataclasses.field(default_factory=dict)

    def make_model(self, key):
        return Line(key)

    def init_carry(self):
        return jnp.zeros((), jnp.float32)

    def batches(self, epoch):
        return INPUTS

    def loss(self, model, carry, batch, key):
        noise = 0.1 * jax.random.normal(key, (4,), jnp.float32)
        loss = jnp.mean((batch @ model.w[...] - 1 + noise) ** 2)
        return loss, (carry + 1, {"loss": loss})

    def count(self, batch):
        return len(batch)

    def evaluate(self, model, part):
        return {"loss": float(np.mean((INPUTS @ np.asarray(model.w[...]) - 1) ** 2))}


def trainer(folder, train=None, **options):
    optimizer = OptimizerConfig("adam", 0.1, clip=1.0)
    train = train or TrainConfig(epochs=3, seed=5, log_every=4, test_weights="last")
    return Trainer(Fit(), train, optimizer, PLAN, folder, **options)


@pytest.mark.long
def test_members_end_as_each_of_them_alone(tmp_path):
    members = (Replica(5, 0.1), Replica(6, 0.1), Replica(5, 0.01))
    together = trainer(tmp_path / "all", members=members).fit()
    for number, member in enumerate(members):
        alone = trainer(tmp_path / str(number), members=(member,)).fit()
        own = take(together.model, number)
        np.testing.assert_allclose(own.w[...], alone.model.w[...], rtol=1e-5)
        assert math.isclose(
            together.test["loss_members"][number], alone.test["loss"], rel_tol=1e-5
        )
    assert math.isclose(
        together.valid["loss"], sum(together.valid["loss_members"]) / 3, rel_tol=1e-12
    )


@pytest.mark.long
def test_seeds_are_members_with_consecutive_seeds(tmp_path):
    train = TrainConfig(epochs=1, seed=5, seeds=2)
    seeds = trainer(tmp_path / "seeds", train).fit()
    named = (Replica(5, 0.1), Replica(6, 0.1))
    members = trainer(tmp_path / "members", train, members=named).fit()
    np.testing.assert_array_equal(seeds.model.w[...], members.model.w[...])


@pytest.mark.slow
def test_members_go_on_with_the_same_bits(tmp_path):
    members = (Replica(1, 0.1), Replica(2, 0.1))
    short = TrainConfig(epochs=1, test_weights="last")
    trainer(tmp_path / "a", short, members=members).fit()
    again = trainer(tmp_path / "a", members=members).fit()
    straight = trainer(tmp_path / "b", members=members).fit()
    np.testing.assert_array_equal(again.model.w[...], straight.model.w[...])


@pytest.mark.long
def test_a_diverged_member_is_left_out(tmp_path):
    members = (Replica(1, 0.1), Replica(2, float("inf")))
    result = trainer(tmp_path, members=members).fit()
    good, bad = result.valid["loss_members"]
    assert math.isnan(bad) and result.valid["loss"] == good < 1
    logged = read_metrics(tmp_path)[0]["loss_members"]
    assert math.isfinite(logged[0]) and not math.isfinite(logged[1])


@pytest.mark.long
def test_nan_in_all_members_stops_the_run(tmp_path):
    members = (Replica(1, float("inf")), Replica(2, float("inf")))
    with pytest.raises(NonFiniteError, match="Step 2: grad_norm is"):
        trainer(tmp_path, members=members).fit()
