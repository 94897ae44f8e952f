"""Law: derivatives of first and second order are those of finite differences.

Gradients are followed along one random direction for each array, so that a wrong one
is named.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.zoo import (
    MAIN,
    MAIN_CELLS,
    apply,
    assert_close,
    draw,
    each,
    loss_of,
    measure,
    random_like,
)

STEP = 1e-5
SMOOTH = tuple(row for row in MAIN_CELLS if not row.kinked)
BOTH_ORDERS = ("rnn_tanh", "lstm", "gru_after", "peephole", "slstm", "learned_carry")


def directions(point, rng):
    """Yield, for each leaf, its path and a direction in which that leaf alone moves."""
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(point)]
    leaves, structure = jax.tree.flatten(point)
    for n, path in enumerate(paths):
        moves = [jnp.zeros_like(leaf) for leaf in leaves]
        moves[n] = random_like(leaves[n], rng, scale=1.0)
        yield path, jax.tree.unflatten(structure, moves)


def move(sample, direction, step):
    moved = jax.tree.map(lambda a, d: a + step * d, sample[:3], direction)
    return sample._replace(params=moved[0], xs=moved[1], carry=moved[2])


def inner(a, b):
    return sum(jax.tree.leaves(jax.tree.map(lambda x, y: jnp.vdot(x, y), a, b)))


@pytest.mark.long
@each(MAIN)
def test_gradient_is_the_finite_difference(row):
    sample = draw(row)
    grads = measure(row.layer, sample).grads[:3]
    slopes, unread = [], []
    for path, direction in directions(sample[:3], np.random.default_rng(7)):
        ahead = measure(row.layer, move(sample, direction, STEP)).loss
        behind = measure(row.layer, move(sample, direction, -STEP)).loss
        slope = inner(grads, direction)
        named = path.startswith("[2].") and path[4:] in row.unread
        (unread if named else slopes).append(slope)
        np.testing.assert_allclose(
            slope,
            (ahead - behind) / (2 * STEP),
            rtol=1e-6,
            atol=1e-8,
            err_msg=path,
        )
    assert np.abs(slopes).min() > 1e-4, "a direction in which nothing changes"
    assert len(unread) == len(row.unread) and not np.any(unread)


@partial(jax.jit, static_argnums=(0, 3))
def derivatives(layer, sample, direction, again=True):
    """Return jvp, forward over reverse and, again, reverse over reverse."""

    def loss(params, xs, carry):
        point = sample._replace(params=params, xs=xs, carry=carry)
        return loss_of(*apply(layer, point))

    grad = jax.grad(loss, (0, 1, 2))
    _, slope = jax.jvp(loss, sample[:3], direction)
    _, forward_reverse = jax.jvp(grad, sample[:3], direction)
    if not again:
        return slope, forward_reverse, None
    along = jax.grad(lambda *at: inner(grad(*at), direction), (0, 1, 2))
    return slope, forward_reverse, along(*sample[:3])


@pytest.mark.slow
@each(SMOOTH)
def test_jvp_and_hessian_are_the_finite_differences(row):
    sample = draw(row)
    direction = random_like(sample[:3], np.random.default_rng(7), scale=1.0)
    both = row.name in BOTH_ORDERS
    slope, hessian, again = derivatives(row.layer, sample, direction, both)
    np.testing.assert_allclose(
        slope, inner(measure(row.layer, sample).grads[:3], direction), rtol=1e-11
    )
    ahead, behind = (
        measure(row.layer, move(sample, direction, step)).grads[:3]
        for step in (STEP, -STEP)
    )
    wanted = jax.tree.map(lambda a, b: (a - b) / (2 * STEP), ahead, behind)
    assert_close(hessian, wanted, tol=1e-6)
    if both:
        assert_close(again, hessian)
    for path, leaf in jax.tree.leaves_with_path(hessian):
        field = getattr(path[-1], "name", None) if path[0].idx == 2 else None
        assert np.any(leaf) != (field in row.unread)
