"""Law: layers run step by step compute what they compute over the whole sequence."""

import dataclasses
import re

import jax
import jax.numpy as jnp
import pytest

import jlstm
from jlstm import Bidirectional, Recurrent, Stack
from jlstm.layers.noise import PreparedStack
from tests.quick import quick
from tests.zoo import FEW, MAIN, assert_close, assert_same, draw, each

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


def in_steps(layer, params, xs, carry, key=None):
    """Run a layer as a decoder does, one step after the other."""
    prepared, noise = layer.prepare(params, xs, key)

    def step(carry, inputs):
        return layer.step(prepared, carry, *inputs)

    return jax.lax.scan(step, carry, (xs, noise))


def loss(result):
    return sum(jnp.sum(jnp.cos(leaf)) for leaf in jax.tree.leaves(result))


@each(FORWARD)
def test_steps_are_the_sequence_with_noise_and_without(row):
    sample, layer = draw(row), row.layer

    def both(run):
        return jax.jit(lambda s: [run(s, key) for key in (None, jax.random.key(7))])(
            sample
        )

    got = both(lambda s, key: in_steps(layer, s.params, s.xs, s.carry, key))
    want = both(lambda s, key: layer.apply(s.params, s.xs, s.carry, key=key))
    assert_close(got, want)


@each(FORWARD, kinds=FEW)
def test_one_step_is_a_sequence_of_one_step(row):
    sample, layer = draw(row), row.layer
    x = sample.xs[0]

    def one(params, x, carry):
        return layer.step(layer.prepare(params, x[None])[0], carry, x)

    carry, y = jax.jit(one)(sample.params, x, sample.carry)
    want = jax.jit(layer.apply)(sample.params, x[None], sample.carry)
    assert_close((carry, y[None]), want)


@pytest.mark.long
@pytest.mark.parametrize("connect", quick(reversed(STACKS), 2))
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


NOISY = {
    f"{connect} variational" if variational else connect: dataclasses.replace(
        STACKS[connect], variational=variational
    )
    for connect in STACKS
    for variational in (False, True)
}
IMAGES = Stack(
    (
        Recurrent(jlstm.ConvLSTMCell(2, input_shape=(4, 3), strides=2)),
        Recurrent(jlstm.InputDropout(jlstm.ConvGRUCell(2, input_shape=(2, 2)), 0.5)),
    ),
    dropout=0.5,
)
NESTED = Stack((STACKS["skip"], Recurrent(WRAPPED)), dropout=0.5, variational=True)


@pytest.mark.parametrize("name", quick(NOISY))
def test_steps_draw_the_noise_of_the_sequence(name):
    assert_noise_of_the_sequence(NOISY[name], (5, 4, 2))


@pytest.mark.long
@pytest.mark.parametrize(
    ("stack", "shape"),
    [
        (NESTED, (5, 4, 2)),
        pytest.param(IMAGES, (3, 2, 4, 3, 1), marks=pytest.mark.slow),
    ],
)
def test_noise_of_images_and_of_a_stack_in_a_stack(stack, shape):
    assert_noise_of_the_sequence(stack, shape)


def assert_noise_of_the_sequence(stack, shape):
    params = stack.init(jax.random.key(0), shape[-1], jnp.float64)
    xs = jax.random.normal(jax.random.key(1), shape, jnp.float64)
    start = stack.fresh_carry(params, shape[1:2], jnp.float64)

    def runs(run):
        return [jax.jit(run)(jax.random.key(seed)) for seed in (2, 3)]

    got = runs(lambda key: in_steps(stack, params, xs, start, key))
    assert_close(got, runs(lambda key: stack.apply(params, xs, start, key=key)))
    assert not jnp.allclose(got[0][1], got[1][1])


def test_prepare_reads_the_shape_of_the_inputs_only():
    stack, xs = STACKS["plain"], jnp.ones((5, 4, 2))
    params = stack.init(jax.random.key(0), 2)
    described = jax.ShapeDtypeStruct(xs.shape, xs.dtype)
    _, got = stack.prepare(params, described, jax.random.key(1))
    _, want = stack.prepare(params, xs, jax.random.key(1))
    assert len(jax.tree.leaves(got.kept)) == 2
    assert_same(got.kept, want.kept)


@pytest.mark.parametrize("variational", [False, True])
def test_masks_are_drawn_once_or_in_each_step(variational):
    stack = dataclasses.replace(STACKS["plain"], variational=variational)
    params, xs = stack.init(jax.random.key(0), 2), jnp.ones((5, 4, 2))
    prepared, noise = stack.prepare(params, xs, jax.random.key(1))
    once, each = (
        [mask.shape for mask in jax.tree.leaves(drawn.kept)]
        for drawn in (prepared, noise)
    )
    assert once == ([(4, 3)] * 2 if variational else [])
    assert each == ([] if variational else [(5, 4, 3)] * 2)


def test_without_a_key_there_is_no_noise():
    for layer in (Recurrent(CELL), *STACKS.values()):
        params = layer.init(jax.random.key(0), 2)
        prepared, noise = layer.prepare(params, jnp.ones((5, 2)))
        assert noise is None
        assert getattr(prepared, "kept", (None,) * 3) == (None,) * 3


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
        layer.prepare(params, x[None])
    prepared = PreparedStack(params, (None,)) if stacked else params
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        layer.step(prepared, layer.init_carry(), x)
