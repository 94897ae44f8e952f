"""Optimizers and schedules are those of optax; several batches make one update."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jlstm.training.config.by_name import OPTIMIZER_NAMES, OPTIMIZERS, SCHEDULES
from jlstm.training.config.schedules import make_factor
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.log import read_metrics
from jlstm.training.loop import Trainer
from jlstm.training.optimizer import make_optimizer
from tests.quick import quick
from tests.training.test_loop import bits, untimed
from tests.training.test_program import INPUTS, Fit

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
PARAMS = {"w": jnp.ones((3, 2), jnp.float32), "b": jnp.array([2.0, -1.0], jnp.float32)}
NAMES = [name for name in OPTIMIZER_NAMES if name != "momentum"]
GIVEN = {"noisy_sgd": {"key": 0}}
OURS = {
    "rmsprop": {"decay": 0.95, "eps_in_sqrt": False},
    "adamw": {"weight_decay": 0.0},
    "lion": {"weight_decay": 0.0},
}
"""What a configuration says where optax has another default."""


def gradients(number):
    rng = np.random.default_rng(number)
    return {
        k: jnp.asarray(rng.normal(size=v.shape), v.dtype) for k, v in PARAMS.items()
    }


def trained(update, state, updates=4):
    params = PARAMS
    for number in range(updates):
        change, state = jax.jit(update)(gradients(number), state, params)
        params = optax.apply_updates(params, change)
    return params


@pytest.mark.parametrize("name", quick(["fromage", "lion", "rmsprop", *NAMES], 3))
def test_an_optimizer_is_that_of_optax(name):
    options = GIVEN.get(name, {})
    config = OptimizerConfig(name, 0.03, clip=None, options=options)
    rule = make_optimizer(config)
    own = trained(lambda *a: rule.update(*a, learning_rate=0.03), rule.init(PARAMS))
    no_decay = {k: 0.0 for k in ("weight_decay",) if k in signature(name)}
    theirs = OPTIMIZERS[name](0.03, **no_decay | OURS.get(name, {}) | options)
    for ours, other in zip(
        jax.tree.leaves(own),
        jax.tree.leaves(trained(theirs.update, theirs.init(PARAMS))),
        strict=True,
    ):
        np.testing.assert_allclose(ours, other, rtol=1e-6, atol=1e-7)


def signature(name):
    function = OPTIMIZERS[name]
    return function.__code__.co_varnames[: function.__code__.co_argcount]


SCHEDULED = [
    (ScheduleConfig("cosine"), lambda n: 0.5 * (1 + np.cos(np.pi * min(n / 40, 1)))),
    (ScheduleConfig("constant", warmup=4), lambda n: min((n + 1) / 4, 1)),
    (ScheduleConfig("plateau", warmup=0.1), lambda n: min((n + 1) / 4, 1)),
    (
        ScheduleConfig("cosine", warmup=0.25, options={"alpha": 0.2}),
        lambda n: (
            (n + 1) / 10
            if n < 10
            else 0.2 + 0.8 * 0.5 * (1 + np.cos(np.pi * min((n - 10) / 30, 1)))
        ),
    ),
    (
        ScheduleConfig("cosine", options={"decay_steps": 20}),
        lambda n: 0.5 * (1 + np.cos(np.pi * min(n / 20, 1))),
    ),
    (
        ScheduleConfig("exponential_decay", options={"decay_rate": 0.5}),
        lambda n: 0.5 ** (n / 40),
    ),
    (ScheduleConfig("linear_schedule"), lambda n: max(1 - n / 40, 0)),
    (
        ScheduleConfig("warmup_cosine_decay_schedule", options={"warmup_steps": 0.25}),
        SCHEDULES["warmup_cosine_decay_schedule"](0.0, 1.0, 10, 40),
    ),
    (
        ScheduleConfig(
            "piecewise_constant_schedule",
            options={"boundaries_and_scales": [[0.5, 0.1], [30, 0.5]]},
        ),
        lambda n: 1.0 if n < 20 else 0.1 if n < 30 else 0.05,
    ),
]


@pytest.mark.parametrize(("config", "expected"), SCHEDULED)
def test_a_schedule_multiplies_the_rate(config, expected):
    factor = make_factor(config, updates=40)
    places = (0, 1, 3, 4, 9, 10, 20, 29, 35, 40, 60)
    found = [float(factor(n)) for n in places]
    np.testing.assert_allclose(found, [float(expected(n)) for n in places], atol=2e-6)


def test_without_a_schedule_nothing_is_multiplied():
    assert make_factor(ScheduleConfig("step", hold_epochs=2), 40) is None


@pytest.mark.parametrize(
    ("config", "spans"),
    [
        (ScheduleConfig(), False),
        (ScheduleConfig("plateau", warmup=100), False),
        (ScheduleConfig("plateau", warmup=0.1), True),
        (ScheduleConfig("cosine"), True),
        (ScheduleConfig("cosine", options={"decay_steps": 1.0}), True),
        (ScheduleConfig("cosine", options={"decay_steps": 5000}), False),
        (ScheduleConfig("cosine_onecycle_schedule"), True),
    ],
)
def test_it_is_known_whether_a_schedule_ends_with_the_run(config, spans):
    assert config.spans_run is spans


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: OptimizerConfig("adamm"),
            "OptimizerConfig: name is 'adamm'; did you mean adam?",
        ),
        (
            lambda: OptimizerConfig("lion", options={"b_1": 0.5}),
            "options: lion has no option b_1: did you mean b1?",
        ),
        (
            lambda: OptimizerConfig("adam", options={"b1": 0.5}),
            "options.b1: write beta1, a key next to options.",
        ),
        (
            lambda: OptimizerConfig("lion", options={"weight_decay": 0.5}),
            "options.weight_decay: write weight_decay, a key next to options.",
        ),
        (
            lambda: OptimizerConfig("sign_sgd", options={"momentum": 0.5}),
            "options: sign_sgd has no option momentum; it has none.",
        ),
        (
            lambda: OptimizerConfig("lion", options={"b1": "much"}),
            "options: lion refuses {'b1': 'much'}: ",
        ),
        (
            lambda: ScheduleConfig("cosin"),
            "ScheduleConfig: name is 'cosin'; did you mean cosine?",
        ),
        (
            lambda: ScheduleConfig("step", options={"alpha": 0.1}),
            "options: step has no option alpha; it has none.",
        ),
        (
            lambda: ScheduleConfig("polynomial_schedule"),
            "options: polynomial_schedule needs the option power: give it.",
        ),
        (
            lambda: ScheduleConfig("cosine", options={"decay_step": 3}),
            "options: cosine has no option decay_step: did you mean decay_steps?",
        ),
        (
            lambda: ScheduleConfig(warmup=1.5),
            "ScheduleConfig: warmup is 1.5; give a number of updates, 0 or more, or a "
            "share of the run between 0 and 1.",
        ),
    ],
)
def test_what_optax_does_not_have_is_refused(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value).startswith(message)


@dataclasses.dataclass(frozen=True, eq=False)
class Quiet(Fit):
    """Least squares in batches of any size."""

    rows: tuple = (4,) * 6

    def batches(self, epoch):
        flat = INPUTS.reshape(-1, 3)
        return np.split(flat, np.cumsum(self.rows)[:-1])

    def loss(self, model, carry, batch, key):
        loss = jnp.mean((batch @ model.w[...] - 1) ** 2)
        return loss, (carry, {"loss": loss})


def fit(folder, task, accumulate=1, name="adam", **options):
    train = TrainConfig(epochs=3, log_every=1, test_weights="last", **options,
                        accumulate=accumulate)  # fmt: skip
    rule = OptimizerConfig(name, 0.1, clip=0.5)
    plan = ScheduleConfig("cosine", warmup=2)
    return Trainer(task, train, rule, plan, folder).fit()


@pytest.mark.long
def test_several_batches_make_the_update_of_a_large_one(tmp_path):
    large = fit(tmp_path / "large", Quiet(rows=(8, 8, 8)))
    small = fit(tmp_path / "small", Quiet(rows=(2, 6, 5, 3, 1, 7)), accumulate=2)
    np.testing.assert_allclose(small.model.w[...], large.model.w[...], rtol=1e-5)
    rates = [
        r["learning_rate"] for r in read_metrics(tmp_path / "small") if "grad_norm" in r
    ]
    expected = [
        r["learning_rate"] for r in read_metrics(tmp_path / "large") if "grad_norm" in r
    ]
    assert rates[1::2] == expected and len(expected) == 9


@pytest.mark.long
def test_seeds_accumulate_side_by_side_as_each_alone(tmp_path):
    both = fit(tmp_path / "both", Quiet(), accumulate=4, seeds=2)
    second = fit(tmp_path / "one", Quiet(), accumulate=4, seed=1)
    np.testing.assert_allclose(both.model.w[1], second.model.w[...], rtol=1e-5)


KILLED = [
    {"accumulate": 4},  # in the middle of an update
    {"name": "muon", "accumulate": 5, "seeds": 2},
]


@pytest.mark.long
@pytest.mark.parametrize("how", quick(KILLED, 1))
@pytest.mark.parametrize("at", quick([9, 17], 1))
def test_a_killed_run_resumed_equals_the_uninterrupted_one(tmp_path, how, at):
    whole = fit(tmp_path / "whole", Fit(), **how)
    calls = iter(range(100))

    class Killed(Fit):
        def count(self, batch):
            if next(calls) == at:
                raise KeyboardInterrupt
            return len(batch)

    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "cut", Killed(), **how, checkpoint_every=2)
    resumed = fit(tmp_path / "cut", Fit(), **how, checkpoint_every=2)
    assert bits(resumed.model) == bits(whole.model)
    assert untimed(tmp_path / "cut") == untimed(tmp_path / "whole")
