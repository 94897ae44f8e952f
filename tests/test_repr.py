"""Params, carries and gates print in a line: shapes and dtypes, not their numbers."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from jlstm import LSTMCell, Recurrent, Stack
from jlstm._internal.repr import shapes_repr
from jlstm.cells import LSTMParams
from jlstm.losses.crf import CRFParams
from jlstm.nnx.attention import AdditiveParams, GeneralParams
from jlstm.nnx.pooling import AttentionParams
from tests.zoo import ALL, each


class Pair(NamedTuple):
    """A NamedTuple of somebody else, which prints all its numbers."""

    first: object
    second: object


def named_tuples(tree):
    """Yield every NamedTuple of a tree of tuples."""
    if isinstance(tree, tuple):
        if hasattr(tree, "_fields"):
            yield tree
        for part in tree:
            yield from named_tuples(part)


def made_by(row):
    """Return what a row's layer makes: params, carry, gates, and what enters a step."""
    layer, cell = row.layer, row.cell
    params = layer.init(jax.random.key(0), row.input_size)
    made = (params, layer.init_carry((2,)))
    if cell is None:
        return made
    x = jnp.ones((2, *row.feature_shape), jnp.float32)
    params = cell.prepare(params, jax.eval_shape(lambda: x), None)
    zx = cell.project(params, x)
    return (*made, zx, *cell.step(params, made[1], zx))


@each(ALL, always=True)
def test_what_a_layer_makes_prints_shapes(row):
    made = jax.eval_shape(lambda: made_by(row))
    found = list(named_tuples(made))
    assert found
    long = {type(one).__name__ for one in found if type(one).__repr__ != shapes_repr}
    assert not long, f"say __repr__ = shapes_repr in {long}"
    for one in found:
        shapes = [",".join(map(str, leaf.shape)) for leaf in jax.tree.leaves(one)]
        assert all(f"f32[{shape}]" in repr(one) for shape in shapes)


@pytest.mark.parametrize(
    "kind", [CRFParams, AttentionParams, AdditiveParams, GeneralParams]
)
def test_params_of_models_print_shapes(kind):
    assert kind.__repr__ is shapes_repr


def test_the_text():
    params = LSTMCell(3, use_bias=False).init(jax.random.key(0), 2)
    text = "LSTMParams(w_ih=f32[2,4,3], w_hh=f32[3,4,3], b=None)"
    assert repr(params) == str(params) == text
    stack = Stack((Recurrent(LSTMCell(3)), Recurrent(LSTMCell(1))))
    carry = "(LSTMCarry(h=f32[5,3], c=f32[5,3]), LSTMCarry(h=f32[5,1], c=f32[5,1]))"
    assert repr(stack.init_carry((5,))) == carry


@pytest.mark.parametrize(
    ("leaf", "wanted"),
    [
        (np.ones((2, 3), np.complex64), "c64[2,3]"),
        (np.uint8(3), "u8[]"),
        (np.ones(4, bool), "bool[4]"),
        (jnp.ones((1, 2), jnp.bfloat16), "bf16[1,2]"),
        (jax.ShapeDtypeStruct((), jnp.int32), "i32[]"),
        (jax.ShapeDtypeStruct(jax.export.symbolic_shape("t, 4"), "f8"), "f64[t,4]"),
        (jax.random.key(0), "key<fry>[]"),
        (nnx.Param(jnp.ones(3, jnp.float16)), "f16[3]"),
        (Pair(np.ones(2), None), "Pair(first=f64[2], second=None)"),
        ((np.ones(2),), "(f64[2],)"),
        ([np.ones(2), ()], "[f64[2], ()]"),
        ({"w": np.ones(2)}, "{'w': f64[2]}"),
        (0.5, "0.5"),
        ("sum", "'sum'"),
        (None, "None"),
        (object, "<class 'object'>"),
        (optax.MaskedNode(), "MaskedNode()"),
    ],
    ids=repr,
)
def test_a_leaf_may_be_anything(leaf, wanted):
    text = repr(LSTMParams(leaf, None, leaf))
    assert text == f"LSTMParams(w_ih={wanted}, w_hh=None, b={wanted})"


def test_tracers_print_as_arrays_do():
    params, texts = LSTMParams(jnp.ones(2), jnp.ones(3, int), None), []
    jax.make_jaxpr(lambda params: texts.append(repr(params)) or params)(params)
    assert texts == [repr(params)] == ["LSTMParams(w_ih=f64[2], w_hh=i64[3], b=None)"]
