"""Law: no key, no noise; with a key, noise whose expectation is the quiet value."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import Bidirectional, Recurrent, RNNCell, Stack
from tests.zoo import MAIN, apply, assert_same, draw, each, measure, run

STEPS, ROWS, SIZE = 20, 16, 8


@each(MAIN)
def test_no_key_is_deterministic(row):
    sample = draw(row)
    assert_same(measure(row.layer, sample), measure(row.layer, sample))


@partial(jax.jit, static_argnums=0)
def run_with_key(layer, sample, key):
    return apply(layer, sample, key)


@each(
    [row for row in MAIN if row.name in ("gru_after", "bidirectional_concat", "stack")]
)
def test_a_key_changes_nothing_where_nothing_is_noisy(row):
    sample = draw(row)
    noisy = run_with_key(row.layer, sample, jax.random.key(0))
    assert_same(noisy, run(row.layer, sample))


def see_through(layers, **options):
    """Return a stack that passes ones through unchanged, and its parameters.

    Between such layers nothing happens but dropout, which its output then shows.
    """
    cell = RNNCell(SIZE, activation="relu", use_bias=False)
    stack = Stack((Recurrent(cell),) * layers, **options)
    params = jax.eval_shape(lambda: stack.init(jax.random.key(0), SIZE))
    return stack, tuple(
        p._replace(w_ih=jnp.eye(SIZE), w_hh=jnp.zeros((SIZE, SIZE))) for p in params
    )


@partial(jax.jit, static_argnums=0)
def dropped(layer, params, key):
    return layer.apply(params, jnp.ones((STEPS, ROWS, SIZE)), key=key)[1]


@pytest.mark.parametrize("variational", [False, True])
def test_the_expectation_of_stack_dropout_is_the_quiet_value(variational):
    rate, layers = 0.25, 3
    stack, params = see_through(layers, dropout=rate, variational=variational)
    quiet = dropped(stack, params, None)
    np.testing.assert_array_equal(quiet, 1.0)
    keys = [jax.random.key(n) for n in range(40)]
    draws = np.stack([dropped(stack, params, key) for key in keys])
    values = np.unique(draws)
    np.testing.assert_allclose(values, [0.0, (1 - rate) ** (1 - layers)], rtol=1e-6)
    independent = draws.size if not variational else draws.size / STEPS
    # The masks are drawn apart: a value passes only where all of them keep it.
    kept = (1 - rate) ** (layers - 1)
    error = 5 * np.sqrt(kept * (1 - kept) / independent)
    assert abs((draws > 0).mean() - kept) < error
    assert abs(draws.mean() - 1) < error / kept


def test_the_mask_is_shared_over_time_only_if_variational():
    stack, params = see_through(2, dropout=0.5, variational=True)
    ys = dropped(stack, params, jax.random.key(0))
    np.testing.assert_array_equal(ys, np.broadcast_to(ys[:1], ys.shape))
    assert len(np.unique(ys[0], axis=0)) == ROWS
    stack, params = see_through(2, dropout=0.5)
    ys = dropped(stack, params, jax.random.key(0))
    assert len(np.unique(ys.reshape(STEPS * ROWS, SIZE), axis=0)) > STEPS


def test_another_key_is_another_mask_and_the_same_key_the_same():
    stack, params = see_through(2, dropout=0.5)
    first, again, other = (dropped(stack, params, jax.random.key(n)) for n in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert 0.4 < (first != other).mean() < 0.6


def test_dropout_is_only_between_layers():
    stack, params = see_through(1, dropout=0.5)
    np.testing.assert_array_equal(dropped(stack, params, jax.random.key(0)), 1.0)


def test_the_residual_path_is_not_dropped():
    stack, params = see_through(2, dropout=0.5, connect="residual")
    ys = dropped(stack, params, jax.random.key(0))
    np.testing.assert_array_equal(np.unique(ys), [1.0, 3.0])


def test_both_directions_read_one_mask():
    """Dropout stands before the upper layer, so its two cells see the same input."""
    half = RNNCell(SIZE, activation="relu", use_bias=False)
    stack, (lower, upper) = see_through(2, dropout=0.5)
    stack = Stack((stack.layers[0], Bidirectional(half)), dropout=0.5)
    both = jax.eval_shape(lambda: stack.layers[1].init(jax.random.key(0), SIZE))
    both = type(both)(upper, upper)
    ys = dropped(stack, (lower, both), jax.random.key(0))
    np.testing.assert_array_equal(ys[..., :SIZE], ys[..., SIZE:])
    assert 0.4 < (ys == 0).mean() < 0.6
