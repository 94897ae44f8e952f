"""Law: the loop is the Python loop of ``step``, and both are the oracle."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from tests import oracle
from tests.zoo import (
    ALL,
    CELLS,
    MAIN,
    MAIN_CELLS,
    as_dicts,
    ask_oracle,
    assert_close,
    draw,
    each,
    outputs,
    plain,
    run,
)


def require_oracle(row, sample, out):
    carry, ys = out
    assert_close((as_dicts(carry), np.asarray(ys)), ask_oracle(row, sample))


@each(ALL, always=True)
@pytest.mark.parametrize("seed", [0, 1])
def test_layer_is_the_oracle(row, seed):
    sample = draw(row, seed)
    require_oracle(row, sample, outputs(row, sample))


@each(ALL)
@pytest.mark.parametrize("option", ["carry", "lengths", "mask", "resets"])
def test_layer_with_one_option_is_the_oracle(row, option):
    sample = draw(row)
    one = plain(sample)._replace(**{option: getattr(sample, option)})
    require_oracle(row, one, outputs(row, one))


@each(MAIN)
def test_layer_without_options_is_the_oracle(row):
    sample = draw(row)._replace(carry=None, lengths=None, mask=None, resets=None)
    require_oracle(row, sample, run(row.layer, sample))


@partial(jax.jit, static_argnums=(0, 1))
def trace(cell, reverse, sample):
    params, xs, carry, lengths, mask, resets = sample
    return jlstm.trace(
        cell,
        params,
        xs,
        carry,
        lengths=lengths,
        mask=mask,
        resets=resets,
        reverse=reverse,
    )


def require_trace(row, reverse):
    sample = draw(row)
    last, (carries, gates) = trace(row.cell, reverse, sample)
    arrays = jax.tree.map(np.asarray, sample)
    reference = oracle.Recurrent(
        row.oracle.step, row.oracle.shapes, reverse, row.oracle.fresh
    )
    wanted = reference.trace(
        arrays.params, arrays.xs, as_dicts(sample.carry), *arrays[3:]
    )
    assert_close(as_dicts((last, carries, gates)), wanted)


@each(MAIN_CELLS)
def test_trace_is_the_oracle(row):
    require_trace(row, reverse=False)


def test_reverse_trace_is_the_oracle():
    require_trace(next(row for row in CELLS if row.name == "lstm"), reverse=True)


@partial(jax.jit, static_argnums=0)
def step(cell, params, carry, x):
    return cell.step(params, carry, cell.project(params, x))


@each(MAIN_CELLS)
def test_unroll_is_the_loop_of_step(row):
    sample = plain(draw(row), carry=True)
    carry, hs = sample.carry, []
    for x in sample.xs:
        carry, _ = step(row.cell, sample.params, carry, x)
        hs.append(carry.h)
    assert_close(outputs(row, sample), (carry, jnp.stack(hs)))
