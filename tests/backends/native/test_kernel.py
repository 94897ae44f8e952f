"""The kernel computes what the scan computes, in value and in gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from tests.backends.native.samples import (
    CELLS,
    assert_close,
    draw,
    needs_kernel,
    run,
    value_and_grad,
)

pytestmark = needs_kernel
# Steps, batch, inputs, hidden units: one of each, odd sizes, several batch axes, none,
# more rows than a block has, units shared out to threads.
SHAPES = [
    (1, (1,), 1, 1),
    (7, (5,), 3, 19),
    (3, (2, 3), 17, 32),
    (4, (), 5, 40),
    (2, (33,), 70, 65),
    (2, (3,), 20, 230),
]


def both(cell, sample, reverse=False):
    return (value_and_grad(name, cell, sample, reverse) for name in ("native", "scan"))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", CELLS)
def test_value_and_gradient_are_those_of_the_scan(kind, shape):
    steps, batch, inputs, size = shape
    sample = draw(kind(size), steps, batch, inputs)
    ours, wanted = both(kind(size), sample)
    assert_close(ours, wanted)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize(
    ("live", "resets", "reverse", "use_bias"),
    [
        (True, False, False, True),
        (False, True, True, False),
        (True, True, True, True),
    ],
)
def test_options_are_those_of_the_scan(kind, live, resets, reverse, use_bias):
    cell = kind(19, use_bias=use_bias)
    sample = draw(cell, 7, (5,), 3, live, resets)
    ours, wanted = both(cell, sample, reverse)
    assert_close(ours, wanted)
    if live:
        assert not np.any(ours[0][1][~sample.live])


@pytest.mark.parametrize("kind", CELLS)
def test_no_rows(kind):
    """No steps never come here: tests/test_empty.py."""
    sample = draw(kind(5), 4, (0,), 2)
    ours, wanted = both(kind(5), sample)
    assert_close(ours, wanted)


@pytest.mark.parametrize("kind", CELLS)
def test_nan_stays_in_its_row_and_in_padding_it_is_not_seen(kind):
    cell = kind(19)
    sample = draw(cell, 4, (7,), 3, live=True)
    live = sample.live
    xs = jnp.where(live[..., None], sample.point.xs, jnp.nan)
    padded = sample._replace(point=sample.point._replace(xs=xs))
    assert_close(
        value_and_grad("native", cell, padded), value_and_grad("native", cell, sample)
    )
    broken = draw(cell, 4, (7,), 3)
    xs = broken.point.xs.at[1, 2].set(jnp.nan)
    _, ys = run("native", cell, broken._replace(point=broken.point._replace(xs=xs)))
    bad = jnp.isnan(ys)
    assert bad[1:, 2].all() and not bad[0].any()
    assert not jnp.delete(bad, 2, axis=1).any()


@pytest.mark.parametrize("kind", CELLS)
def test_large_inputs_saturate(kind):
    cell = kind(3, use_bias=False)
    sample = draw(cell, 1, (2,), 2)
    grown = sample.point._replace(xs=jnp.full((1, 2, 2), jnp.float32(1e6)))
    ours, wanted = both(cell, sample._replace(point=grown))
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(ours))
    assert_close(ours[0], wanted[0])


def test_a_mixture_of_dtypes_is_refused():
    cell = jlstm.LSTMCell(3)
    params, xs, carry, _ = draw(cell, 2, (2,), 2).point
    carry = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), carry)
    with pytest.raises(ValueError, match=r"float32 and float64, not in both\. Use"):
        jlstm.unroll(cell, params, xs, carry, backend="native")


def test_gates_are_accurate_over_their_range():
    """A cell of one unit that shows sigmoid and tanh of its input as they are."""
    z = np.concatenate([np.linspace(-20, 20, 4001), np.geomspace(1e-8, 1, 200)])
    xs = jnp.asarray(z[None, :, None], jnp.float32)
    cell = jlstm.GRUCell(1, use_bias=False)
    params = cell.init(jax.random.key(0), 1)
    zeros = jax.tree.map(jnp.zeros_like, params)
    # With z = sigmoid(0) = 1/2 the output from zero is tanh(x) / 2.
    candidate = zeros._replace(w_ih=zeros.w_ih.at[0, 2, 0].set(1.0))
    carry = cell.init_carry((z.size,))
    sample = draw(cell, 1, (z.size,), 1)
    point = sample.point._replace(params=candidate, xs=xs, carry=carry)
    _, ys = run("native", cell, sample._replace(point=point))
    exact = np.tanh(np.asarray(xs[0, :, 0], np.float64))
    error = np.abs(2 * np.asarray(ys[0, :, 0], np.float64) - exact)
    assert (error <= 3e-7 * np.abs(exact)).all()
    # With n = 0 the output from one is z = sigmoid(x).
    update = zeros._replace(w_ih=zeros.w_ih.at[0, 1, 0].set(1.0))
    ones = jax.tree.map(jnp.ones_like, carry)
    point = sample.point._replace(params=update, xs=xs, carry=ones)
    _, ys = run("native", cell, sample._replace(point=point))
    exact = 1 / (1 + np.exp(-np.asarray(xs[0, :, 0], np.float64)))
    error = np.abs(np.asarray(ys[0, :, 0], np.float64) - exact)
    assert (error <= 3e-7 * exact).all()
