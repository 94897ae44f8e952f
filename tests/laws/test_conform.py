"""Law: shapes and dtypes are those that the contract promises."""

import jax
import jax.numpy as jnp
import pytest

import jlstm
from jlstm._types import accumulator_dtype
from tests.zoo import ALL, CELLS, each

DTYPES = (jnp.bfloat16, jnp.float32, jnp.float64)
STEPS, INPUT_SIZE = 5, 2


def shapes_of(tree):
    return jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)


def initial(layer, dtype):
    return jax.eval_shape(lambda: layer.init(jax.random.key(0), INPUT_SIZE, dtype))


@each(ALL)
@pytest.mark.parametrize("dtype", DTYPES)
def test_params_have_the_dtype_asked_for(row, dtype):
    leaves = jax.tree.leaves(initial(row.layer, dtype))
    assert leaves
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype(dtype)}


@each(ALL)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_outputs_have_the_dtype_of_the_input(row, dtype, batch):
    params = initial(row.layer, jnp.float32)
    xs = jax.ShapeDtypeStruct((STEPS, *batch, INPUT_SIZE), dtype)
    carry, ys = jax.eval_shape(row.layer.apply, params, xs)
    assert ys.shape == (STEPS, *batch, row.layer.output_size(INPUT_SIZE))
    assert ys.dtype == dtype
    fresh = jax.eval_shape(
        lambda: row.layer.init_carry(batch, accumulator_dtype(dtype))
    )
    assert shapes_of(carry) == shapes_of(fresh)


@each(ALL)
@pytest.mark.parametrize("dtype", DTYPES)
def test_carry_keeps_its_dtype(row, dtype):
    params = initial(row.layer, jnp.float32)
    xs = jax.ShapeDtypeStruct((STEPS, 3, INPUT_SIZE), jnp.float32)
    given = jax.eval_shape(lambda: row.layer.init_carry((3,), dtype))
    assert {leaf.dtype for leaf in jax.tree.leaves(given)} == {jnp.dtype(dtype)}
    carry, _ = jax.eval_shape(row.layer.apply, params, xs, given)
    assert shapes_of(carry) == shapes_of(given)


@each(CELLS)
def test_carry_begins_with_h_and_h_is_the_output(row):
    params = initial(row.cell, jnp.float32)
    xs = jax.ShapeDtypeStruct((STEPS, 3, INPUT_SIZE), jnp.float32)
    last, (carries, gates) = jax.eval_shape(
        lambda p, xs: jlstm.trace(row.cell, p, xs), params, xs
    )
    assert carries._fields[0] == "h"
    assert last.h.shape == (3, row.cell.hidden_size)
    assert {leaf.shape for leaf in jax.tree.leaves((carries, gates))} == {
        (STEPS, 3, row.cell.hidden_size)
    }
    assert gates._fields
