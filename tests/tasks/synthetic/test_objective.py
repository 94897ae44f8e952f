"""Generated tasks: exact losses, own data for each seed, evaluation sets that stay."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.data.synthetic import SyntheticBatch
from jlstm.data.synthetic.problem import ProblemConfig, make_problem
from jlstm.tasks.synthetic.model import MemoryConfig
from jlstm.tasks.synthetic.objective import (
    DrawConfig,
    MemoryTask,
    score_classes,
    score_numbers,
    score_sets,
)
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig
from jlstm.training.optimizer import make_optimizer
from jlstm.training.program import Replica, make_program

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
RNG = np.random.default_rng(0)


def make_task(name="adding", **sizes):
    config = ProblemConfig(name, **{"steps": 8, "longest": 4, "far": 8} | sizes)
    draw = DrawConfig(batch_size=16, updates=3, exam_batches=2)
    return MemoryTask(
        make_problem(config), MemoryConfig(stack=StackConfig(hidden_sizes=(8,))), draw
    )


def test_numbers_are_scored_by_their_errors():
    answers, targets = RNG.normal(size=(2, 3, 1)), RNG.normal(size=(2, 3))
    targets[0, 0] = answers[0, 0, 0] + 0.039
    targets[0, 1] = answers[0, 1, 0] - 0.041
    losses, right = score_numbers(jnp.asarray(answers), jnp.asarray(targets))
    np.testing.assert_allclose(losses, (answers[..., 0] - targets) ** 2, rtol=1e-6)
    assert right[0, 0] and not right[0, 1]


@pytest.mark.long
def test_classes_are_scored_by_their_nats():
    answers, targets = RNG.normal(size=(2, 3, 4)), RNG.integers(0, 4, (2, 3))
    losses, right = score_classes(jnp.asarray(answers), jnp.asarray(targets))
    shares = np.exp(answers) / np.exp(answers).sum(-1, keepdims=True)
    picked = np.take_along_axis(shares, targets[..., None], -1)[..., 0]
    np.testing.assert_allclose(losses, -np.log(picked), rtol=1e-6)
    np.testing.assert_array_equal(right, answers.argmax(-1) == targets)


def test_a_set_is_right_where_every_symbol_is():
    answers = np.array([[[3.0, -1.0], [3.0, 1.0]]])
    targets = np.array([[[1.0, 0.0], [1.0, 0.0]]])
    losses, right = score_sets(jnp.asarray(answers), jnp.asarray(targets))
    likely = 1 / (1 + np.exp(-np.where(targets > 0, answers, -answers)))
    np.testing.assert_allclose(losses, -np.log(likely).sum(-1), rtol=1e-6)
    assert right.tolist() == [[True, False]]


@pytest.mark.long
def test_the_loss_is_the_mean_over_the_steps_that_count():
    task, key = make_task("parity", every=True), jax.random.key(2)
    model = task.make_model(jax.random.key(0))
    loss, (carry, metrics) = task.loss(model, (), 0, key)
    batch = task.problem.draw(key, 16)
    losses = score_classes(model(batch.xs), batch.targets)[0]
    wanted = np.average(np.asarray(losses), weights=np.asarray(batch.weights))
    np.testing.assert_allclose(loss, wanted, rtol=1e-5)
    assert carry == () and metrics["loss"] == loss
    assert (list(task.batches(1)), task.count(0)) == ([0, 1, 2], 16)


@pytest.mark.long
def test_an_oracle_solves_it_and_a_guess_does_not():
    """The oracle reads the number of ones; its answer is right at every length."""
    task = make_task("parity")

    def oracle(xs):
        odd = jnp.cumsum(xs, axis=0) % 2
        return 3.0 * jax.nn.one_hot(odd, 2, dtype=jnp.float32)

    right = task.evaluate(jax.tree_util.Partial(oracle), "test")
    assert right["accuracy"] == right["far_accuracy"] == right["solved"] == 1
    assert right["loss"] == pytest.approx(np.log1p(np.exp(-3.0)), rel=1e-5)
    guess = task.evaluate(
        jax.tree_util.Partial(lambda xs: jnp.zeros((*xs.shape, 2), jnp.float32)), "test"
    )
    assert guess["solved"] == 0 and guess["loss"] == pytest.approx(np.log(2))


@pytest.mark.slow
def test_evaluation_sets_stay_the_same_and_parts_differ():
    valid, test = (make_task()._batches[part][0] for part in ("valid", "test"))
    again = make_task()._batches["valid"][0]
    assert len(valid) == 2 and isinstance(valid[0], SyntheticBatch)
    np.testing.assert_array_equal(valid[0].xs, again[0].xs)
    assert not np.allclose(valid[0].xs, test[0].xs)
    assert not np.allclose(valid[0].xs, valid[1].xs)


@pytest.mark.slow
def test_each_seed_sees_sequences_of_its_own():
    """With a learning rate of 0 losses differ by parameters and data alone."""
    task = make_task()
    twins = (Replica(1, 0.0), Replica(1, 0.0), Replica(2, 0.0))
    rule = make_optimizer(OptimizerConfig("adam", 1.0, clip=1.0))
    program = make_program(task, rule, twins)
    state = program.init()
    losses = []
    for number in range(2):
        state, metrics = program.step(state, number)
        losses.append(np.asarray(metrics["loss"]))
    first, second = losses
    assert first[0] == first[1] != first[2]
    assert first[0] != second[0]  # and every update others


@pytest.mark.parametrize("name", ["batch_size", "updates", "exam_batches"])
def test_nothing_to_draw_is_refused(name):
    with pytest.raises(ValueError, match=f"DrawConfig: {name} is 0; give a positive"):
        DrawConfig(**{name: 0})
