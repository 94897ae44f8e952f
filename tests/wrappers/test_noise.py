"""Noise of the wrappers: rate, scale, what shares a mask and what does not."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import (
    GRUCell,
    InputDropout,
    LSTMCell,
    Recurrent,
    RecurrentDropout,
    RNNCell,
    Stack,
    WeightDrop,
    WeightNoise,
    Zoneout,
    trace,
    unroll,
)
from tests.quick import quick

STEPS, ROWS, SIZE, RATE = 12, 40, 30, 0.25


def linear(size=SIZE):
    """Return a cell that adds its input to what it reads of h, and its parameters."""
    cell = RNNCell(size, activation="identity", use_bias=False)
    return cell, cell.init(jax.random.key(0), size)._replace(
        w_ih=jnp.eye(size), w_hh=jnp.eye(size)
    )


def within_five_errors(share, wanted, count):
    assert abs(share - wanted) < 5 * np.sqrt(wanted * (1 - wanted) / count)


@partial(jax.jit, static_argnums=0)
def run(cell, params, xs, key):
    return unroll(cell, params, xs, key=key)[1]


def increments(ys):
    """Return by how much each step scaled h, where the input is one impulse."""
    return np.asarray(ys[1:] / ys[:-1])


@pytest.mark.long
def test_zoneout_keeps_the_share_of_units_drawn_again_at_each_step():
    inner, params = linear()
    xs = jnp.ones((STEPS, ROWS, SIZE))
    ys = run(Zoneout(inner, h=RATE), params, xs, jax.random.key(1))
    kept = np.asarray(ys[1:] == ys[:-1])
    within_five_errors(kept.mean(), RATE, kept.size)
    assert set(np.unique(np.asarray(ys[1:] - ys[:-1]))) == {0.0, 1.0}
    masks = kept.reshape(-1, SIZE)
    assert len(np.unique(masks, axis=0)) > 0.9 * len(masks)


@pytest.mark.slow
def test_zoneout_treats_h_and_c_apart():
    cell = Zoneout(LSTMCell(SIZE), h=RATE, c=0.5)
    params = cell.init(jax.random.key(0), 2)
    xs = jax.random.normal(jax.random.key(2), (STEPS, ROWS, 2), jnp.float32)
    _, (carries, _) = trace(cell, params, xs, key=jax.random.key(1))
    kept = [np.asarray(leaf[1:] == leaf[:-1]) for leaf in carries]
    for mask, rate in zip(kept, (RATE, 0.5), strict=True):
        within_five_errors(mask.mean(), rate, mask.size)
    within_five_errors((kept[0] & kept[1]).mean(), RATE * 0.5, kept[0].size)


@pytest.mark.long
def test_recurrent_dropout_has_one_mask_for_all_steps_and_one_for_each_row():
    inner, params = linear()
    cell = RecurrentDropout(inner, RATE)
    xs = jnp.zeros((STEPS, ROWS, SIZE)).at[0].set(1.0)
    ys = run(cell, cell.init(jax.random.key(0), SIZE)._replace(cell=params), xs,
             jax.random.key(1))  # fmt: skip
    first = np.asarray(ys[1])
    np.testing.assert_allclose(np.unique(first), [0, 1 / (1 - RATE)], rtol=1e-12)
    within_five_errors((first == 0).mean(), RATE, first.size)
    np.testing.assert_allclose(ys, [first**t for t in range(STEPS)], rtol=1e-9)
    assert len(np.unique(first, axis=0)) == ROWS


@pytest.mark.long
def test_recurrent_dropout_leaves_the_old_state_of_a_gru_alone():
    """A closed update gate hands h on as it was; the mask is only on the matrix."""
    cell = RecurrentDropout(GRUCell(SIZE), 0.5)
    params = cell.init(jax.random.key(0), 2, jnp.float64)
    shut = params.cell._replace(b=params.cell.b.at[1].set(50.0))
    carry = cell.init_carry((ROWS,), jnp.float64)._replace(h=jnp.ones((ROWS, SIZE)))
    xs = jnp.ones((3, ROWS, 2))
    _, ys = unroll(cell, params._replace(cell=shut), xs, carry, key=jax.random.key(1))
    np.testing.assert_allclose(ys, 1.0, rtol=1e-12)


@pytest.mark.long
def test_input_dropout_has_one_mask_for_all_steps_and_one_for_each_row():
    inner, params = linear()
    cell = InputDropout(inner, RATE)
    params = cell.init(jax.random.key(0), SIZE)._replace(
        cell=params._replace(w_hh=jnp.zeros((SIZE, SIZE)))
    )
    ys = run(cell, params, jnp.ones((STEPS, ROWS, SIZE)), jax.random.key(1))
    np.testing.assert_array_equal(ys, np.broadcast_to(ys[:1], ys.shape))
    np.testing.assert_allclose(np.unique(ys), [0, 1 / (1 - RATE)], rtol=1e-12)
    within_five_errors((np.asarray(ys[0]) == 0).mean(), RATE, ys[0].size)
    assert len(np.unique(ys[0], axis=0)) == ROWS


@pytest.mark.long
def test_weight_drop_has_one_mask_for_all_steps_and_rows():
    inner, params = linear()
    params = params._replace(w_hh=jnp.ones((SIZE, SIZE)))
    xs = jnp.zeros((3, ROWS, SIZE)).at[0].set(1.0)
    ys = run(WeightDrop(inner, RATE), params, xs, jax.random.key(1))
    np.testing.assert_array_equal(ys, np.broadcast_to(ys[:, :1], ys.shape))
    kept = np.asarray(ys[1, 0]) * (1 - RATE) / SIZE
    within_five_errors(kept.mean(), 1 - RATE, SIZE * SIZE)
    one_step = jax.ShapeDtypeStruct((ROWS, SIZE), jnp.float64)
    weights = WeightDrop(inner, RATE).prepare(params, one_step, jax.random.key(3)).w_hh
    np.testing.assert_allclose(np.unique(weights), [0, 1 / (1 - RATE)], rtol=1e-12)


@pytest.mark.slow
def test_weight_noise_is_normal_on_every_leaf_and_differs_between_them():
    cell = WeightNoise(LSTMCell(SIZE), std=0.075)
    params = cell.init(jax.random.key(0), SIZE, jnp.float64)
    one_step = jax.ShapeDtypeStruct((SIZE,), jnp.float64)
    noisy = cell.prepare(params, one_step, jax.random.key(1))
    noise = jax.tree.map(jnp.subtract, noisy, params)
    for leaf in noise:
        assert abs(leaf.std() - 0.075) < 5 * 0.075 / np.sqrt(2 * leaf.size)
        assert abs(leaf.mean()) < 5 * 0.075 / np.sqrt(leaf.size)
    assert not np.allclose(noise.w_ih, noise.w_hh)


NOISY = (
    Zoneout(LSTMCell(SIZE), h=0.5, c=0.5),
    RecurrentDropout(LSTMCell(SIZE), 0.5),
    InputDropout(LSTMCell(SIZE), 0.5),
    WeightDrop(LSTMCell(SIZE), 0.5),
    WeightNoise(LSTMCell(SIZE), 0.5),
    Zoneout(RecurrentDropout(WeightDrop(LSTMCell(SIZE), 0.2).cell, 0.2), h=0.1),
)


@pytest.mark.slow
@pytest.mark.parametrize("cell", quick(NOISY, 2), ids=lambda cell: repr(cell)[:30])
def test_another_key_is_other_noise_and_no_key_is_none(cell):
    params = cell.init(jax.random.key(0), 2, jnp.float64)
    xs = jax.random.normal(jax.random.key(2), (4, 3, 2))
    first, again, other, quiet = (
        run(cell, params, xs, None if n is None else jax.random.key(n))
        for n in (0, 0, 1, None)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first[-1], other[-1])
    assert not np.allclose(first[-1], quiet[-1])


@pytest.mark.slow
@pytest.mark.parametrize("cell", quick(NOISY[:4]), ids=lambda cell: repr(cell)[:30])
def test_layers_of_a_stack_draw_apart(cell):
    stack = Stack((Recurrent(cell), Recurrent(cell)))
    (one, _) = stack.init(jax.random.key(0), SIZE, jnp.float64)
    xs = jnp.ones((2, 3, SIZE))
    carries, _ = stack.apply((one, one), xs, key=jax.random.key(1))
    quiet, _ = stack.apply((one, one), xs)
    changed = [np.asarray(a.h - b.h) for a, b in zip(carries, quiet, strict=True)]
    assert all(np.any(change) for change in changed)
    assert not np.allclose(*changed)


@pytest.mark.slow
def test_the_expectation_of_a_noisy_step_is_the_quiet_step():
    """One step is linear in each noise; zoneout keeps or takes, the others scale."""
    inner, params = linear(4)
    xs = jax.random.normal(jax.random.key(2), (1, 20_000, 4))
    xs = jnp.broadcast_to(xs[:, :1], xs.shape)
    carry = inner.init_carry((20_000,), jnp.float64)
    carry = carry._replace(h=jnp.ones_like(carry.h))
    for cell in (Zoneout(inner, h=0.3), RecurrentDropout(inner, 0.3),
                 InputDropout(inner, 0.3)):  # fmt: skip
        masked = isinstance(cell, RecurrentDropout | InputDropout)
        own = (
            cell.init(jax.random.key(0), 4)._replace(cell=params) if masked else params
        )
        _, quiet = unroll(cell, own, xs, carry)
        _, noisy = unroll(cell, own, xs, carry, key=jax.random.key(1))
        error = 5 * noisy[0].std(0) / np.sqrt(20_000)
        assert (error > 0).all()
        assert (np.abs(noisy[0].mean(0) - quiet[0, 0]) < error).all()


@pytest.mark.slow
def test_noise_runs_under_vmap_over_keys():
    cell = Zoneout(RecurrentDropout(LSTMCell(3), 0.5), h=0.5)
    params = cell.init(jax.random.key(0), 2, jnp.float64)
    xs = jnp.ones((4, 2))
    keys, again = (jax.random.split(jax.random.key(1), 5) for _ in range(2))
    # The check takes any scan over keys under vmap for a second use of them.
    with jax.debug_key_reuse(False):
        ys = jax.vmap(lambda key: unroll(cell, params, xs, key=key)[1])(keys)
    for n in range(5):
        np.testing.assert_allclose(
            ys[n], unroll(cell, params, xs, key=again[n])[1], rtol=1e-12
        )
    assert len(np.unique(ys[:, -1], axis=0)) == 5


@pytest.mark.slow
@pytest.mark.parametrize("cell", quick(NOISY, 2), ids=lambda cell: repr(cell)[:30])
def test_the_gradient_of_a_noisy_run_is_its_finite_difference(cell):
    """The backward pass must see the masks that the forward pass saw, step by step."""
    params = cell.init(jax.random.key(0), 2, jnp.float64)
    xs = jax.random.normal(jax.random.key(2), (6, 3, 2))
    along = jax.random.normal(jax.random.key(4), xs.shape)

    @jax.jit
    def loss(at):
        ys = unroll(cell, params, xs + at * along, key=jax.random.key(1))[1]
        return jnp.sum(jnp.sin(jnp.arange(ys.size).reshape(ys.shape)) * ys)

    slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
    np.testing.assert_allclose(jax.grad(loss)(0.0), slope, rtol=1e-6)
    assert abs(slope) > 1e-3
