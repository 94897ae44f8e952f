"""Law: shapes and dtypes are those that the contract promises."""

import chex
import jax
import jax.numpy as jnp
import pytest

import jlstm
from jlstm._internal.types import accumulator_dtype
from tests.zoo import ALL, CELLS, MAIN, each

DTYPES = (jnp.bfloat16, jnp.float32, jnp.float64)
STEPS = 5


def initial(row, dtype):
    return jax.eval_shape(
        lambda: row.layer.init(jax.random.key(0), row.input_size, dtype)
    )


def inputs(row, dtype, batch=(3,)):
    return jax.ShapeDtypeStruct((STEPS, *batch, *row.feature_shape), dtype)


@each(ALL)
@pytest.mark.parametrize("dtype", DTYPES)
def test_params_have_the_dtype_asked_for(row, dtype):
    leaves = jax.tree.leaves(initial(row, dtype))
    assert leaves
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype(dtype)}


@each(MAIN)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_outputs_have_the_dtype_of_the_input(row, dtype, batch):
    params = initial(row, jnp.float32)
    xs = inputs(row, dtype, batch)
    carry, ys = jax.eval_shape(row.layer.apply, params, xs)
    assert ys.shape[: 1 + len(batch)] == (STEPS, *batch)
    assert ys.shape[-1] == row.layer.output_size(row.input_size)
    assert ys.ndim == xs.ndim
    assert ys.dtype == dtype
    fresh = jax.eval_shape(
        lambda: row.layer.init_carry(batch, accumulator_dtype(dtype))
    )
    chex.assert_trees_all_equal_shapes_and_dtypes(carry, fresh)


@each(ALL)
@pytest.mark.parametrize("dtype", DTYPES)
def test_carry_keeps_its_dtype(row, dtype):
    params = initial(row, jnp.float32)
    xs = inputs(row, jnp.float32)
    given = jax.eval_shape(lambda: row.layer.init_carry((3,), dtype))
    assert {leaf.dtype for leaf in jax.tree.leaves(given)} == {jnp.dtype(dtype)}
    carry, _ = jax.eval_shape(row.layer.apply, params, xs, given)
    chex.assert_trees_all_equal_shapes_and_dtypes(carry, given)


@each(CELLS)
def test_carry_begins_with_h_and_h_is_the_output(row):
    params = initial(row, jnp.float32)
    xs = inputs(row, jnp.float32)
    last, (carries, gates) = jax.eval_shape(
        lambda p, xs: jlstm.trace(row.cell, p, xs), params, xs
    )
    assert carries._fields[0] == "h"
    assert last.h.shape[-1] == row.layer.output_size(row.input_size)
    assert carries.h.shape == (STEPS, *last.h.shape)
    for leaf in jax.tree.leaves((carries, gates)):
        assert leaf.shape[:2] == (STEPS, 3)
    assert gates._fields
