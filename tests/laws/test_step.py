"""Law: layers run step by step compute what they compute over the whole sequence."""

import dataclasses
import re

import jax
import jax.numpy as jnp
import pytest

import jlstm
from jlstm import Bidirectional, Recurrent, Stack
from tests.zoo import MAIN, assert_close, assert_same, draw, each

CELL = jlstm.LSTMCell(3)
WRAPPED = jlstm.LearnedCarry(jlstm.Zoneout(jlstm.RecurrentDropout(CELL, 0.5), h=0.4))
STACKS = {
    connect: Stack(
        (Recurrent(CELL), Recurrent(WRAPPED), Recurrent(jlstm.GRUCell(3))),
        dropout=0.5,
        connect=connect,
    )
    for connect in ("plain", "residual", "highway", "skip")
}
FORWARD = tuple(row for row in MAIN if row.direction == "forward")


def in_steps(layer, params, xs, carry, masks=None):
    """Run a layer as a decoder does, one step after the other."""
    params = layer.prepare(params, xs[0])

    def step(carry, inputs):
        x, at = inputs
        return layer.step(params, carry, x, **({} if at is None else {"masks": at}))

    return jax.lax.scan(step, carry, (xs, masks))


def loss(result):
    return sum(jnp.sum(jnp.cos(leaf)) for leaf in jax.tree.leaves(result))


@each(FORWARD)
def test_steps_are_the_sequence(row):
    sample, layer = draw(row), row.layer
    got = jax.jit(lambda s: in_steps(layer, s.params, s.xs, s.carry))(sample)
    want = jax.jit(lambda s: layer.apply(s.params, s.xs, s.carry))(sample)
    assert_close(got, want)


@pytest.mark.long
@pytest.mark.parametrize("connect", STACKS)
def test_steps_of_a_stack_are_the_sequence_however_it_is_connected(connect):
    stack = STACKS[connect]
    params = stack.init(jax.random.key(0), 2, jnp.float64)
    xs = jax.random.normal(jax.random.key(1), (5, 4, 2), jnp.float64)
    start = stack.fresh_carry(params, (4,), jnp.float64)

    def value(run):
        return jax.jit(jax.value_and_grad(lambda p, x: loss(run(p, x)), (0, 1)))

    got = value(lambda p, x: in_steps(stack, p, x, start))(params, xs)
    want = value(lambda p, x: stack.apply(p, x, start))(params, xs)
    assert_close(got, want)


@pytest.mark.long
@pytest.mark.parametrize("connect", STACKS)
def test_masks_drop_what_enters_the_layers_above_the_first(connect):
    stack = Stack((Recurrent(CELL), Recurrent(CELL)), dropout=0.5, connect=connect)
    params = stack.init(jax.random.key(0), 2, jnp.float64)
    xs = jax.random.normal(jax.random.key(1), (5, 4, 2), jnp.float64)
    (mask,) = masks = stack.masks((5, 4), jnp.float64, jax.random.key(2))
    _, got = in_steps(stack, params, xs, stack.init_carry((4,), jnp.float64), masks)

    def own(n):
        return params[n].layer if connect == "highway" and n else params[n]

    _, first = stack.layers[0].apply(own(0), xs)
    entering = first * mask
    if connect == "skip":
        entering = jnp.concatenate([xs, entering], -1)
    _, second = stack.layers[1].apply(own(1), entering)
    want = {
        "plain": lambda: second,
        "residual": lambda: first + second,
        "highway": lambda: jlstm.layers.connect.highway(params[1], first, second),
        "skip": lambda: jnp.concatenate([first, second], -1),
    }[connect]()
    assert set(jnp.unique(mask).tolist()) == {0.0, 2.0}
    assert_close(got, want)


def test_variational_masks_stay_over_time():
    stack = dataclasses.replace(STACKS["plain"], variational=True)
    masks = stack.masks((5, 4), jnp.float64, jax.random.key(0))
    assert [mask.shape for mask in masks] == [(5, 4, 3)] * 2
    for mask in masks:
        assert_same(mask, jnp.broadcast_to(mask[:1], mask.shape))


@pytest.mark.parametrize(
    "stack", [STACKS["plain"], Stack((Recurrent(CELL),), dropout=0.5)]
)
def test_without_a_key_or_a_layer_above_nothing_is_dropped(stack):
    key = None if len(stack.layers) > 1 else jax.random.key(0)
    assert stack.masks((5, 4), jnp.float64, key) is None


def test_what_is_drawn_once_for_a_sequence_stays_over_its_steps():
    stack = Stack((Recurrent(jlstm.RecurrentDropout(CELL, 0.5)),))
    params = stack.init(jax.random.key(0), 2, jnp.float64)
    x, carry = jnp.ones((4, 2), jnp.float64), stack.init_carry((4,), jnp.float64)
    carry = jax.tree.map(lambda leaf: leaf + 1, carry)
    prepared = stack.prepare(params, x, jax.random.key(1))
    noisy, again = (stack.step(prepared, carry, x)[1] for _ in range(2))
    quiet = stack.step(stack.prepare(params, x), carry, x)[1]
    assert_same(noisy, again)
    assert not jnp.allclose(noisy, quiet)


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        (
            Recurrent(CELL, reverse=True),
            "Recurrent(cell=LSTMCell(hidden_size=3), reverse=True) reads from the end, "
            "so it cannot run step by step; use apply, or a layer with reverse=False.",
        ),
        (
            Bidirectional(CELL),
            "Bidirectional(forward=LSTMCell(hidden_size=3)) reads from both ends, so "
            "it cannot run step by step; use apply, or a Recurrent layer.",
        ),
    ],
)
@pytest.mark.parametrize("stacked", [False, True])
def test_a_layer_that_reads_from_the_end_has_no_steps(layer, wanted, stacked):
    layer = Stack((layer,)) if stacked else layer
    params, x = layer.init(jax.random.key(0), 2), jnp.ones(2)
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        layer.step(layer.prepare(params, x), layer.init_carry(), x)
