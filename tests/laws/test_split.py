"""Law: a sequence run in two pieces is the sequence run at once, gradients included.

This is truncated backpropagation through time without the truncation.
"""

from functools import partial

import jax
import jax.numpy as jnp

from tests.zoo import (
    MAIN,
    apply,
    assert_close,
    draw,
    each,
    loss_of,
    measure,
    outputs,
    run,
)

ONE_WAY = tuple(row for row in MAIN if row.direction != "both")
WITH_GRADIENT = tuple(r for r in ONE_WAY if r.name in ("lstm", "reverse", "stack"))


def pieces(sample, cut):
    """Cut a sample in time; a row's length is shared out between the two."""
    first = sample._replace(lengths=jnp.minimum(sample.lengths, cut))
    second = sample._replace(lengths=jnp.maximum(sample.lengths - cut, 0))
    over_time = ("xs", "mask", "resets")
    return (
        first._replace(**{name: getattr(sample, name)[:cut] for name in over_time}),
        second._replace(**{name: getattr(sample, name)[cut:] for name in over_time}),
    )


def run_in_pieces(run_one, sample, cut, backward):
    """Run the piece that comes first, hand its carry to the other, join the outputs."""
    order = pieces(sample, cut)[:: -1 if backward else 1]
    carry, ys = run_one(order[0])
    carry, zs = run_one(order[1]._replace(carry=carry))
    return carry, jnp.concatenate([zs, ys] if backward else [ys, zs])


@each(ONE_WAY)
def test_two_pieces_are_the_whole(row):
    sample = draw(row, steps=10)
    halves = run_in_pieces(
        lambda piece: outputs(row, piece), sample, 5, row.direction == "backward"
    )
    assert_close(halves, run(row.layer, sample))


@partial(jax.jit, static_argnums=(0, 1))
def measure_in_pieces(layer, backward, sample):
    def scored(params, xs, carry):
        whole = sample._replace(params=params, xs=xs, carry=carry)
        return loss_of(*run_in_pieces(partial(apply, layer), whole, 2, backward))

    return jax.value_and_grad(scored, (0, 1, 2))(*sample[:3])


@each(WITH_GRADIENT)
def test_the_gradient_of_two_pieces_is_that_of_the_whole(row):
    sample = draw(row)
    whole = measure(row.layer, sample)
    loss, grads = measure_in_pieces(row.layer, row.direction == "backward", sample)
    assert_close(loss, whole.loss)
    assert_close(grads, tuple(whole.grads[:3]))
