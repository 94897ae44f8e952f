"""Resets from dones and segments; the last output that counts; the carry in front."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import LSTMCell, last_output, prepend, trace, unroll


def test_resets_follow_dones():
    dones = jnp.array([[False, True], [True, False], [False, False], [False, True]])
    wanted = [[False, False], [False, True], [True, False], [False, False]]
    assert jlstm.resets_from_dones(dones).tolist() == wanted
    first = jnp.array([True, False])
    begun = jlstm.resets_from_dones(dones, first)
    assert begun.tolist() == [[True, False], *wanted[1:]]


def test_resets_stand_where_segments_change():
    segments = jnp.array([[1, 7], [1, 7], [2, 7], [2, 3], [1, 0]])
    wanted = [[1, 1], [0, 0], [1, 0], [0, 1], [1, 1]]
    assert jlstm.resets_from_segments(segments).astype(int).tolist() == wanted


@pytest.mark.long
def test_the_last_output_is_that_of_the_last_step_that_counts():
    ys = jnp.arange(24.0).reshape(4, 3, 2) + 1
    np.testing.assert_array_equal(last_output(ys), ys[-1])
    lengths = jnp.array([4, 0, 2])
    mask = jnp.array([[1, 1, 0], [0, 1, 1], [1, 0, 1], [0, 1, 0]], bool)
    for options, steps in (
        ((lengths, None), (3, None, 1)),
        ((None, mask), (2, 3, 2)),
        ((lengths, mask), (2, None, 1)),
    ):
        out = last_output(ys, *options)
        for row, step in enumerate(steps):
            wanted = np.zeros(2) if step is None else ys[step, row]
            np.testing.assert_array_equal(out[row], wanted)


@pytest.mark.slow
def test_the_last_output_is_the_h_of_the_last_carry():
    """For a cell that holds its carry in padding; with axes of an image as well."""
    cell = LSTMCell(3)
    params = cell.init(jax.random.key(0), 2, jnp.float64)
    xs = jax.random.normal(jax.random.key(1), (5, 4, 2))
    lengths = jnp.array([5, 1, 0, 3])
    carry, ys = unroll(cell, params, xs, lengths=lengths)
    np.testing.assert_array_equal(last_output(ys, lengths), carry.h)
    images = jnp.stack([ys, -ys], axis=-2)
    np.testing.assert_array_equal(last_output(images, lengths)[:, 1], -carry.h)
    (grads,) = jax.vjp(lambda ys: last_output(ys, lengths), ys)[1](
        jnp.ones_like(carry.h)
    )
    np.testing.assert_array_equal(grads.sum(-1)[:, 0], [0, 0, 0, 0, 3])
    assert not np.any(grads[:, 2])


@pytest.mark.slow
def test_the_carry_before_a_step_is_where_the_step_starts():
    cell = LSTMCell(3)
    params = cell.init(jax.random.key(0), 2, jnp.float64)
    xs = jax.random.normal(jax.random.key(1), (5, 4, 2))
    start = jax.tree.map(jnp.ones_like, cell.init_carry((4,)))
    last, (carries, _) = trace(cell, params, xs, start)
    before = prepend(start, carries)
    assert before.c.dtype == carries.c.dtype
    for n in range(5):
        at = jax.tree.map(lambda leaf, n=n: leaf[n], before)
        new, _ = cell.step(params, at, cell.project(params, xs[n]))
        np.testing.assert_allclose(new.c, before.c[n + 1], rtol=1e-6)
    np.testing.assert_array_equal(before.h[-1], last.h)
