"""The generated tasks by name, and how answers to them are counted."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.data.synthetic import SyntheticBatch, adding_1997_baseline
from jlstm.data.synthetic.eval_sets import reach, share, strings, tail
from jlstm.data.synthetic.problem import (
    Goal,
    ProblemConfig,
    make_problem,
    memoryless_nats,
)

NAMES = {
    "adding": (2, 1, "number", 1 / 6),
    "adding_1997": (2, 1, "number", adding_1997_baseline(30)),
    "copying": (10, 9, "class", math.log(8) / 5),
    "temporal_order": (8, 4, "class", math.log(4)),
    "parity": (2, 2, "class", math.log(2)),
    "counting": (3, 3, "set", None),
    "dyck": (3, 2, "set", None),
}
RIGHT = np.array([[1, 1, 0, 1], [1, 1, 1, 0]], bool)
WEIGHTS = np.array([[1, 1, 1, 1], [1, 0, 1, 0]], float)


@pytest.fixture(scope="module")
def problems():
    sizes = {"steps": 30, "longest": 6, "far": 10}
    return {name: make_problem(ProblemConfig(name, **sizes)) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_problem_says_what_it_asks_for(name, problems):
    problem = problems[name]
    *sizes, kind, baseline = NAMES[name]
    assert [problem.inputs, problem.outputs, problem.kind] == [*sizes, kind]
    if baseline is not None:
        assert problem.baseline == pytest.approx(baseline)
    for eval_set in problem.eval_sets:
        draw = partial(eval_set.draw, batch_size=4)
        batch = jax.eval_shape(draw, jax.random.key(0))
        wide = batch.xs.shape[2:] if kind == "number" else (problem.inputs,)
        assert wide == (problem.inputs,)
        assert batch.weights.shape == batch.targets.shape[:2] == batch.xs.shape[:2]
        assert batch.targets.shape[2:] == ((problem.outputs,) if kind == "set" else ())


def test_the_far_set_holds_no_string_that_was_trained_on(problems):
    near, far = (
        eval_set.draw(jax.random.key(1), 64)
        for eval_set in problems["parity"].eval_sets
    )
    assert near.weights.sum(0).max() == 1 and near.xs.shape[0] == 6
    ends = np.asarray(far.weights).argmax(0) + 1
    assert (ends.min(), ends.max()) == (7, 10)
    every = problems["counting"].eval_sets[1].draw(jax.random.key(1), 1)
    np.testing.assert_array_equal((every.xs == 1).sum(0), np.arange(1, 11))


def test_a_goal_may_be_a_loss_or_a_score():
    assert Goal("loss", 0.01, at_most=True).met({"loss": 0.01})
    assert not Goal("loss", 0.01, at_most=True).met({"loss": 0.011})
    assert Goal("reach", 65).met({"reach": 65.0})
    assert not Goal("reach", 65).met({"reach": 64.0})
    asked = ProblemConfig("counting", longest=2, far=4, goal=3.0)
    assert make_problem(asked).goal == Goal("reach", 3)
    assert make_problem(ProblemConfig("counting", longest=2, far=4)).goal.value == 4


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (ProblemConfig("parity", longest=40, far=40), "far must be at least 41"),
        (ProblemConfig("dyck", longest=7, far=20), "longest and shortest must be even"),
        (ProblemConfig("adding", steps=1), "steps must be at least 2, got 1"),
        (ProblemConfig("temporal_order", signs=4), "signs must be 2 or 3, got 4"),
        (ProblemConfig("counting", letters=4), "letters must be 2 or 3, got 4"),
    ],
)
def test_a_number_out_of_range_is_refused(config, line):
    with pytest.raises(ValueError, match=line):
        make_problem(config)


def test_answers_that_do_not_count_are_not_counted():
    assert share(RIGHT, WEIGHTS) == 5 / 6
    assert tail(RIGHT, WEIGHTS, steps=1) == 1.0
    assert strings(RIGHT, WEIGHTS) == 0.75
    assert reach(RIGHT, WEIGHTS) == 2.0
    assert reach(RIGHT, np.zeros((2, 4))) == 4.0
    assert reach(~RIGHT, np.ones((2, 4))) == 0.0


def test_the_best_guess_from_one_symbol_is_its_entropy():
    """Symbol 0 is followed by the set {a} three times of four, by {} once."""
    xs = jnp.array([[0, 0, 0, 0], [1, 1, 0, 0]], jnp.int32)
    targets = jnp.array([[1, 1, 1, 0], [1, 1, 0, 0]], jnp.float32)[..., None]
    weights = jnp.array([[1, 1, 1, 1], [1, 1, 0, 0]], jnp.float32)
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    found = memoryless_nats(SyntheticBatch(xs, targets, weights))
    assert found == pytest.approx(4 / 6 * entropy)
