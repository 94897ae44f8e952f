"""Law: the fused rule for a whole sequence differentiates what the loop computes."""

import dataclasses
import re

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import GatedCell
from tests.laws.test_gradients import derivatives
from tests.zoo import (
    CELLS,
    assert_close,
    draw,
    each,
    measure,
    plain,
    random_like,
    run,
)

GATED = tuple(row for row in CELLS if isinstance(row.cell, GatedCell))
# What these do to a gradient is the point of them, and only backward.
GATED = tuple(row for row in GATED if row.name not in ("clip_gradient", "cut_gradient"))
MAIN = tuple(row for row in GATED if not row.variant)
KINDS = tuple(row for row in MAIN if row.name in ("lstm", "gru_before"))


def with_backend(row, backend, **options):
    if not options and jlstm.explain(row.cell).backend == backend:
        return row.layer  # other laws have compiled it
    return dataclasses.replace(row.layer, backend=backend, **options)


@pytest.mark.slow
@each(MAIN)
def test_values_and_gradients_are_those_of_the_scan(row):
    """With all options at once, and with each of them alone."""
    sample = draw(row)
    options = ("carry", "lengths", "mask", "resets")
    singles = [
        plain(sample)._replace(**{name: getattr(sample, name)}) for name in options
    ]
    layers = with_backend(row, "fused"), with_backend(row, "scan")
    for one in (sample, *singles):
        assert_close(*(measure(layer, one) for layer in layers))


def check_the_form_for_accelerators(row):
    """Several steps in a turn, of which 5 leave a rest, and no share is kept."""
    sample = draw(row)
    wanted = measure(with_backend(row, "scan", reverse=True), sample)
    with jlstm.target("tpu"):
        made = measure(with_backend(row, "fused", reverse=True), sample)
    assert_close(made, wanted)


@pytest.mark.long
@each(KINDS[:1])
def test_the_form_for_accelerators_has_the_same_numbers(row):
    check_the_form_for_accelerators(row)


@pytest.mark.slow
@each([row for row in MAIN if row.name != KINDS[0].name])
def test_the_form_for_accelerators_of_every_cell_has_the_same_numbers(row):
    check_the_form_for_accelerators(row)


@pytest.mark.long
@each(KINDS)
def test_without_options_backwards_and_in_chunks(row):
    """Of 5 steps, chunks of 3 leave a rest."""
    sample = draw(row)
    bare = sample._replace(lengths=None, mask=None, resets=None)
    chunked = with_backend(row, "fused", reverse=True, checkpoint=3)
    wanted = with_backend(row, "scan", reverse=True)
    assert_close(measure(chunked, bare), measure(wanted, bare))


@pytest.mark.slow
@each(KINDS)
def test_every_mode_of_differentiation_works(row):
    sample = draw(row)
    along = random_like(sample[:3], np.random.default_rng(7), scale=1.0)
    layers = with_backend(row, "fused"), with_backend(row, "scan")
    assert_close(*(derivatives(layer, sample, along) for layer in layers), tol=1e-10)


@pytest.mark.long
@each(KINDS)
def test_in_bfloat16_it_stays_near_the_scan(row):
    sample = draw(row, dtype=jnp.bfloat16)
    layers = with_backend(row, "fused"), with_backend(row, "scan")
    ours, theirs = (measure(layer, sample) for layer in layers)
    chex.assert_trees_all_equal_dtypes(ours, theirs)
    chex.assert_trees_all_close(ours, theirs, atol=0.05, rtol=0.05)


@each(KINDS)
def test_no_step_at_all_returns_the_carry(row):
    sample = draw(row, steps=0)
    carry, ys = run(with_backend(row, "fused"), sample)
    assert_close(carry, sample.carry, tol=0)
    assert ys.shape == (0, 3, 3)


@pytest.mark.long
def test_it_keeps_less_than_the_scan():
    """What the backward pass needs of 200 steps, as the compiler plans it."""
    cell = jlstm.LSTMCell(64)
    params = cell.init(jax.random.key(0), 64)
    xs = jax.ShapeDtypeStruct((200, 16, 64), jnp.float32)

    def needed(backend):
        def loss(params, xs):
            return jlstm.unroll(cell, params, xs, backend=backend)[1].sum()

        compiled = jax.jit(jax.grad(loss)).lower(params, xs).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    assert needed("fused") < 0.8 * needed("scan")


def test_a_cell_without_gates_is_refused():
    cell = jlstm.MinGRUCell(3)
    wanted = (
        "The fused backend cannot run MinGRUCell(hidden_size=3): it is no GatedCell. "
        'Use backend="scan".'
    )
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        jlstm.explain(cell, "fused")
