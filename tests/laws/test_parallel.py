"""Law: a cell that runs over all steps at once computes what its steps compute."""

import dataclasses
import re
from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

import jlstm
from jlstm._backends import Call, Steps, named, run_call
from jlstm._backends.choose import why_parallel
from jlstm._backends.parallel import steps_at_once
from jlstm._internal.tree import cast
from jlstm.cell import ParallelCell
from tests import oracle
from tests.zoo import (
    CELLS,
    LSTM,
    Sample,
    apply,
    as_dicts,
    ask_oracle,
    assert_close,
    assert_same,
    draw,
    each,
    measure,
    plain,
    run,
)

PARALLEL = tuple(row for row in CELLS if isinstance(row.cell, ParallelCell))
MAIN = tuple(row for row in PARALLEL if not row.variant)
VARIANTS = tuple(row for row in PARALLEL if row.variant)
LINEAR = tuple(row for row in MAIN if row.name != "mlstm")


def at_once(row, **options):
    """Return the layer of a row with the parallel backend."""
    return with_backend(row, "parallel", options)


def sequential_scan(row, **options):
    """Return the layer of a row with the loop over steps."""
    return with_backend(row, "scan", options)


def with_backend(row, backend, options):
    if not options and jlstm.explain(row.cell).backend == backend:
        return row.layer  # other laws have compiled it
    return dataclasses.replace(row.layer, backend=backend, **options)


def widened(sample):
    return sample._replace(
        params=cast(sample.params, jnp.float64),
        xs=sample.xs.astype(jnp.float64),
        carry=cast(sample.carry, jnp.float64),
    )


@each(MAIN)
def test_values_and_gradients_are_those_of_the_steps(row):
    """With all options at once, and with each of them alone."""
    sample = draw(row)
    options = ("carry", "lengths", "mask", "resets")
    singles = [
        plain(sample)._replace(**{name: getattr(sample, name)}) for name in options
    ]
    for one in (sample, *singles):
        assert_close(measure(at_once(row), one), measure(sequential_scan(row), one))


@each(VARIANTS)
def test_variants_are_their_steps(row):
    sample = draw(row)
    carry, ys = run(at_once(row), sample)
    assert_close((as_dicts(carry), np.asarray(ys)), ask_oracle(row, sample))


@each(MAIN)
def test_without_options_it_is_its_steps(row):
    sample = draw(row)
    bare = sample._replace(carry=None, lengths=None, mask=None, resets=None)
    measured = measure(sequential_scan(row), plain(sample))
    assert_close(run(at_once(row), bare), (measured.carry, measured.ys))


@each(MAIN)
def test_backwards_and_in_chunks_it_is_its_steps(row):
    """Of 5 steps, chunks of 3 leave a rest."""
    sample = draw(row)
    carry, ys = run(at_once(row, reverse=True, checkpoint=3), sample)
    arrays = jax.tree.map(np.asarray, sample)
    steps = oracle.Recurrent(row.oracle.step, row.oracle.shapes, reverse=True)
    wanted = steps.run(arrays.params, arrays.xs, as_dicts(sample.carry), *arrays[3:])
    assert_close((as_dicts(carry), np.asarray(ys)), wanted)


def test_in_chunks_the_gradient_is_that_of_the_steps():
    row = next(row for row in MAIN if row.name == "qrnn")
    sample = draw(row)
    chunked = measure(at_once(row, checkpoint=3), sample)
    assert_close(chunked, measure(sequential_scan(row), sample))


@each(MAIN)
@pytest.mark.parametrize(("dtype", "tol"), [("float32", 1e-5), ("bfloat16", 0.03)])
def test_in_narrow_dtypes_it_stays_near_float64(row, dtype, tol):
    sample = draw(row, dtype=jnp.dtype(dtype))
    actual = run(at_once(row), sample)
    assert {leaf.dtype for leaf in jax.tree.leaves(actual)} == {jnp.dtype(dtype)}
    wanted = measure(sequential_scan(row), widened(sample))
    assert_close(cast(actual, jnp.float64), (wanted.carry, wanted.ys), tol)


@each([row for row in MAIN if row.name in ("lru", "mlstm")])
def test_in_float32_the_gradient_stays_near_float64(row):
    """Of a cell with complex numbers, and of one with exponentials."""
    sample = draw(row, dtype=jnp.float32)
    actual = measure(at_once(row), sample)
    assert {leaf.dtype for leaf in jax.tree.leaves(actual)} == {jnp.dtype("float32")}
    assert_close(actual, measure(sequential_scan(row), widened(sample)), tol=1e-4)


@partial(jax.jit, static_argnums=(0, 1))
def run_backend(backend, cell, sample, fresh):
    """Run a backend itself, on flags as they are and with any fresh carry."""
    params, xs, carry, _, live, resets = sample
    call = Call(cell, params, carry, fresh, Steps(xs, live, resets))
    return run_call(named(backend).run, call)


@each(MAIN)
def test_a_reset_starts_from_the_fresh_carry_whatever_it_is(row):
    sample, fresh = draw(row), draw(row, seed=1).carry
    made = [run_backend(name, row.cell, sample, fresh) for name in ("parallel", "scan")]
    assert_close(*made)
    zero = run_backend("scan", row.cell, sample, jax.tree.map(jnp.zeros_like, fresh))
    assert not np.allclose(made[0][1], zero[1])


@each(MAIN)
@pytest.mark.parametrize("steps", [0, 1])
def test_the_shortest_sequences_are_right(row, steps):
    sample = draw(row, steps=steps)
    carry, ys = run(at_once(row), sample)
    if steps == 0:
        assert_same(carry, sample.carry)
        assert ys.shape[:2] == (0, 3)
        return
    assert_close((as_dicts(carry), np.asarray(ys)), ask_oracle(row, sample))


@each(MAIN)
@pytest.mark.parametrize("garbage", [np.nan, np.inf, 1e300])
def test_padding_is_invisible(row, garbage):
    sample = draw(row)
    within = np.arange(len(sample.xs))[:, None] < np.asarray(sample.lengths)
    live = (np.asarray(sample.mask) & within)[..., None]
    spoilt = sample._replace(xs=jnp.where(live, sample.xs, garbage))
    assert_same(measure(at_once(row), spoilt), measure(at_once(row), sample))


@each(MAIN)
@pytest.mark.parametrize("steps", [66, 67])
def test_chunks_are_one_sequence(row, steps):
    """Of 66 steps two chunks are equal; the last one of 67 has to be filled."""
    sample = draw(row, steps=steps)
    arrays = jax.tree.map(np.asarray, sample)
    for reverse in (False, True):
        carry, ys = run(at_once(row, reverse=reverse), sample)
        wanted = oracle.Recurrent(row.oracle.step, row.oracle.shapes, reverse=reverse)
        wanted = wanted.run(
            arrays.params, arrays.xs, as_dicts(sample.carry), *arrays[3:]
        )
        assert_close((as_dicts(carry), np.asarray(ys)), wanted)


@pytest.mark.long
def test_the_gradient_of_chunks_is_that_of_the_steps():
    """Without a mask too, where only what is filled in does not count."""
    row = next(row for row in MAIN if row.name == "min_gru")
    sample = draw(row, steps=67)
    bare = sample._replace(lengths=None, mask=None, resets=None)
    for one in (sample, bare):
        assert_close(measure(at_once(row), one), measure(sequential_scan(row), one))


@each(LINEAR)
def test_a_number_that_is_none_ends_at_a_reset(row):
    """As in the loop; so does its gradient."""
    sample = plain(draw(row))
    sample = sample._replace(
        xs=sample.xs.at[1, 1].set(np.nan), resets=sample.resets.at[3].set(True)
    )
    made = [measure(layer(row), sample) for layer in (at_once, sequential_scan)]
    assert_close(made[0], made[1])
    assert np.isnan(made[0].ys[1:3, 1]).any()
    assert np.isfinite(made[0].ys[3:]).all()


@each([row for row in LINEAR if row.name in ("lru", "qrnn")])
def test_all_steps_at_once_are_the_steps(row, monkeypatch):
    """With the form for other platforms than this one."""
    sample = plain(draw(row), carry=True)
    sample = sample._replace(
        xs=sample.xs.at[1, 1].set(np.nan), resets=sample.resets.at[3].set(True)
    )
    wanted = measure(sequential_scan(row), sample)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert steps_at_once(64, 1000) == 1000
    # Options that nothing else has, or what was compiled for this platform would run.
    layer = at_once(row, unroll=3)
    assert_close(measure(layer, sample), wanted)


@pytest.mark.long
@pytest.mark.usefixtures("unchecked")
@each([row for row in MAIN if row.name in ("lru", "mlstm")])
def test_it_is_exported_for_any_number_of_steps(row):
    sample = draw(row, steps=70)
    structure = jax.tree.structure(sample.params)
    flat = jax.tree.leaves(sample.params)

    @jax.jit
    def ys_of(leaves, xs):
        return at_once(row).apply(jax.tree.unflatten(structure, leaves), xs)[1]

    shape = (*jax.export.symbolic_shape("t, b"), 2)
    made = jax.export.export(ys_of)(flat, jax.ShapeDtypeStruct(shape, jnp.float64))
    loaded = jax.export.deserialize(made.serialize())
    for steps in (3, 70):
        xs = sample.xs[:steps]
        wanted = jlstm.unroll(row.cell, sample.params, xs, backend="scan")[1]
        assert_close(loaded.call(flat, xs), wanted)


@each(MAIN)
def test_shard_map_accepts_it(row):
    sample = draw(row, batch=(8,))._replace(carry=None)
    axes = {"params": P(), "lengths": P("rows"), "carry": None}
    specs = Sample(*(axes.get(name, P(None, "rows")) for name in Sample._fields))
    mesh = jax.make_mesh((8,), ("rows",), axis_types=(jax.sharding.AxisType.Auto,))

    def alone(sample):
        return apply(at_once(row), sample)

    spread = jax.shard_map(
        alone, mesh=mesh, in_specs=(specs,), out_specs=(P("rows"), P(None, "rows"))
    )
    chex.assert_trees_all_equal_shapes_and_dtypes(
        *(jax.eval_shape(function, sample) for function in (spread, alone))
    )


def test_a_cell_that_reads_its_output_cannot_run_at_once():
    params = LSTM.init(jax.random.key(0), 2)
    wanted = (
        "The parallel backend cannot run LSTMCell(hidden_size=3): its steps read what "
        'the step before has made. Use backend="scan".'
    )
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        jlstm.unroll(LSTM, params, jnp.ones((4, 2)), backend="parallel")


@pytest.mark.parametrize(
    ("cell", "steps", "numbers", "wins"),
    [
        (jlstm.MinGRUCell(64), 1, 64, False),
        (jlstm.MinGRUCell(64), 2, 64, True),
        (jlstm.MinGRUCell(64), 1000, 2**15, True),
        (jlstm.MinGRUCell(64), 1000, 2**15 + 1, False),
        (jlstm.MLSTMCell(64), 1000, 2**20, True),
    ],
)
def test_it_is_chosen_for_some_steps_that_are_not_too_large(cell, steps, numbers, wins):
    reason = "what no carry enters is computed for many steps at once"
    assert why_parallel(cell, steps, numbers) == (reason if wins else None)


@pytest.mark.parametrize(
    ("steps", "size"),
    [(0, 1), (1, 1), (64, 64), (65, 33), (66, 33), (67, 34), (1000, 50), (2**16, 64)],
)
def test_chunks_are_equal_where_they_can_be(steps, size):
    assert steps_at_once(64, steps) == size
