"""A stream takes the steps of its layer, whatever runs them."""

import gc
import threading
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import LSTMCell, Recurrent, Stack, stream
from jlstm._backends.native import session as session_module
from jlstm._backends.native.library import failure
from tests import zoo

FORWARD = tuple(
    row for row in zoo.ALL if row.direction == "forward" and "bidir" not in row.name
)
needs_kernel = pytest.mark.skipif(
    failure() is not None, reason=f"no kernel to test: {failure()}"
)
CELL = LSTMCell(5)


def sample_of(row, batch=(3,)):
    sample = zoo.draw(row, batch=batch, dtype=jnp.float32)
    return sample._replace(xs=np.asarray(sample.xs))


def made(cell=CELL, features=4, **options):
    params = cell.init(jax.random.key(0), features)
    return params, stream(cell, params, **options)


def draw(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def assert_close(ours, wanted, tol=1e-6):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, tol, tol), ours, wanted)


@zoo.each(FORWARD)
def test_steps_and_runs_are_those_of_the_layer(row):
    sample = sample_of(row)
    session = stream(row.layer, sample.params, batch=3, carry=sample.carry)
    ys = [session.step(x) for x in sample.xs[:2]]
    ys = np.stack([*ys, *session.run(sample.xs[2:])])
    carry, wanted = row.layer.apply(sample.params, jnp.asarray(sample.xs), sample.carry)
    assert_close((ys, session.carry), (wanted, carry))
    assert ys.dtype == np.float32


@needs_kernel
@pytest.mark.parametrize("name", ["lstm", "gru_before", "slstm", "minimal_rnn"])
def test_the_kernel_takes_what_it_can(name):
    row = next(row for row in zoo.CELLS if row.name == name)
    session = stream(row.layer, sample_of(row).params)
    assert session.backend.backend == "native"


def test_a_reason_is_given_where_the_kernel_cannot():
    _, session = made(jlstm.LRUCell(4))
    assert "as no kernel for LRUCell: it computes imag" in repr(session)
    _, session = made(dtype="float16", batch=2)
    assert "not in float16" in session.backend.reason
    assert session.step(jnp.ones((2, 4), jnp.float16)).dtype == jnp.float16
    asked = Recurrent(CELL, backend="scan")
    assert 'the layer has backend="scan"' in made(asked)[1].backend.reason


BATCHES = {
    "no axis": (CELL, ()),
    "no axis, heads": (LSTMCell(6, num_heads=2), ()),
    "two axes, heads": (LSTMCell(6, num_heads=2), (2, 3)),
    "no axis, streams": (jlstm.MinimalRNNCell(4), ()),
    "two axes, by JAX": (jlstm.LRUCell(4), (2, 3)),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_may_have_any_axes(name):
    cell, batch = BATCHES[name]
    params, session = made(cell, batch=batch)
    xs = draw(3, *batch, 4)
    carry, wanted = jlstm.unroll(cell, params, jnp.asarray(xs))
    ys = np.stack([session.step(xs[0]), *session.run(xs[1:])])
    assert_close((ys, session.carry), (wanted, carry))


def rounded(w):
    """Round a weight as int8 does: 127 is the largest of a column, over its inputs."""
    w = np.asarray(w)
    scale = np.abs(w).max(axis=0) / np.float32(127)
    return np.where(scale > 0, np.rint(w / np.where(scale > 0, scale, 1)), 0) * scale


@needs_kernel
@pytest.mark.parametrize("features", [1, 4, 6, 7])  # rows of weights that fill no lane
@pytest.mark.parametrize("cell", [LSTMCell(21), jlstm.GRUCell(6)])
def test_int8_rounds_the_weights_alone(cell, features):
    params, session = made(cell, features, batch=3, quantize="int8")
    xs = draw(6, 3, features)
    narrow = params._replace(w_ih=rounded(params.w_ih), w_hh=rounded(params.w_hh))
    narrow = jax.tree.map(jnp.float32, narrow)
    _, wanted = jlstm.unroll(cell, narrow, jnp.asarray(xs), backend="scan")
    assert_close(session.run(xs), wanted, 2e-6)
    assert "as int8" in session.backend.reason


@needs_kernel
def test_int8_takes_weights_of_zero():
    params = jax.tree.map(jnp.zeros_like, CELL.init(jax.random.key(0), 4))
    session = stream(CELL, params, batch=2, quantize="int8")
    np.testing.assert_array_equal(session.step(draw(2, 4)), 0)


def test_int8_without_a_kernel_is_refused():
    with pytest.raises(ValueError, match="needs the kernel, which does not run LRU"):
        made(jlstm.LRUCell(4), quantize="int8")


@needs_kernel
def test_bfloat16_is_rounded_once():
    params = CELL.init(jax.random.key(0), 4, jnp.bfloat16)
    xs = jnp.asarray(draw(6, 2, 4), jnp.bfloat16)
    session = stream(CELL, params, batch=2, dtype="bfloat16")
    ys = np.stack([session.step(xs[0]), *session.run(xs[1:])])
    wide, exact = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), (params, xs))
    _, wanted = jlstm.unroll(CELL, wide, exact)
    assert session.backend.backend == "native"
    np.testing.assert_array_equal(ys, wanted.astype(jnp.bfloat16))


@needs_kernel
@pytest.mark.long
@pytest.mark.parametrize(("rows", "units"), [(40, 160), (4, 400)])
def test_threads_share_large_steps_out(rows, units):
    cell = LSTMCell(units)
    params, session = made(cell, 64, batch=rows)
    xs = draw(3, rows, 64)
    _, wanted = jlstm.unroll(cell, params, jnp.asarray(xs), backend="scan")
    assert_close(np.stack([session.step(x) for x in xs]), wanted, 5e-6)


@pytest.mark.long
def test_a_stack_is_connected_as_it_says():
    layers = Recurrent(LSTMCell(4)), Recurrent(jlstm.LRUCell(4)), Recurrent(CELL)
    for connect in ("plain", "skip"):
        stack = Stack(layers, connect=connect, dropout=0.5)
        params, session = made(stack, batch=2)
        xs = draw(4, 2, 4)
        _, wanted = stack.apply(params, jnp.asarray(xs))
        assert_close(session.run(xs), wanted)
        assert "layers[1] scan" in session.backend.reason


def test_a_carry_can_be_kept_and_set():
    _, session = made(batch=2)
    x = draw(2, 4)
    session.step(x)
    kept = session.carry
    again = [session.step(x)]
    session.carry = jax.tree.map(jnp.asarray, kept)
    np.testing.assert_array_equal(session.step(x), again[0])
    assert np.any(session.carry.c != kept.c)  # a copy: later steps do not change it


@pytest.mark.parametrize("cell", [jlstm.LearnedCarry(CELL), jlstm.LRUCell(5)])
def test_rows_are_reset_even_if_they_are_nan(cell):
    params, session = made(cell, batch=4)
    broken = draw(4, 4)
    broken[1] = np.nan
    session.step(broken)
    before = session.carry
    session.reset([1, -1])
    flags = np.array([False, True, False, True])
    fresh = cell.fresh_carry(params, (4,))
    for leaf, old, new in zip(*map(jax.tree.leaves, (session.carry, before, fresh)),
                              strict=True):  # fmt: skip
        wanted = np.where(flags.reshape(-1, *[1] * (old.ndim - 1)), new, old)
        np.testing.assert_array_equal(leaf, wanted)
    session.reset(~flags)
    assert_close(session.carry, fresh)
    session.step(draw(4, 4))
    session.reset()
    assert_close(session.carry, fresh)


def test_outputs_belong_to_the_caller():
    for cell in (CELL, Recurrent(CELL, backend="scan")):
        _, session = made(cell, batch=2)
        y, x = session.step(draw(2, 4)), draw(2, 4)
        kept = y.copy()
        session.step(x)
        np.testing.assert_array_equal(y, kept)
        y[...] = 0  # it can be written to, and nothing reads it
        x[...] = np.nan
        assert np.isfinite(session.step(kept[:, :4])).all()


def test_no_steps_change_nothing():
    for cell in (CELL, Recurrent(CELL, backend="scan")):
        _, session = made(cell, batch=2)
        assert session.run(draw(0, 2, 4)).shape == (0, 2, 5)
        assert_close(session.carry, cell.init_carry((2,)))


def test_parameters_are_read_once():
    params, session = made()
    params = jax.tree.map(np.array, params)
    session = stream(CELL, params)
    wanted = session.step(draw(4))
    session.reset()
    params.w_hh[...] = params.w_ih[...] = np.nan
    np.testing.assert_array_equal(session.step(draw(4)), wanted)


@pytest.mark.long
def test_threads_wait_for_each_other():
    params, session = made(LSTMCell(64), 64, batch=8)
    xs = np.broadcast_to(draw(8, 64), (40, 8, 64))
    _, wanted = jlstm.unroll(LSTMCell(64), params, jnp.asarray(xs))

    def work():
        for x in xs[:10]:
            session.step(x)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert_close(session.carry.h, wanted[-1])


@pytest.mark.long
def test_streams_of_many_threads_run_at_once():
    cell = LSTMCell(256)
    params = cell.init(jax.random.key(0), 64)
    xs = draw(20, 32, 64)
    _, wanted = jlstm.unroll(cell, params, jnp.asarray(xs), backend="scan")
    sessions = [stream(cell, params, batch=32) for _ in range(4)]
    found = [None] * 4

    def work(n):
        found[n] = np.stack([sessions[n].step(x) for x in xs])

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for ys in found:
        assert_close(ys, wanted, 5e-6)


@needs_kernel
def test_memory_goes_with_the_stream(monkeypatch):
    freed = []
    monkeypatch.setattr(session_module, "free_session", freed.append)
    _, session = made()
    gone = weakref.ref(session)
    step = session.step
    del session
    gc.collect()
    assert not freed and step(draw(4)).shape == (5,)  # what can still be called, lives
    del step
    gc.collect()
    assert gone() is None and len(freed) == 1


REFUSED = {
    "float64": (np.ones((2, 4)), TypeError, "x has dtype float64; the stream takes fl"),
    "a list": ([[1.0] * 4] * 2, TypeError, "x is a list; give an array of NumPy or"),
    "other rows": (
        draw(3, 4),
        ValueError,
        r"shape \(3, 4\); the stream takes \(2, 4\)",
    ),
    "no rows": (draw(4), ValueError, r"x has shape \(4,\); the stream takes \(2, 4\)"),
    "a sequence": (draw(7, 2, 4), ValueError, r"x has shape \(7, 2, 4\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_input_that_does_not_fit_is_refused(name):
    x, kind, said = REFUSED[name]
    _, session = made(batch=2)
    with pytest.raises(kind, match=said):
        session.step(x)
    assert_close(session.carry, CELL.init_carry((2,)))
    with pytest.raises((TypeError, ValueError), match="xs "):
        session.run(x if name != "a sequence" else draw(2, 4))


def test_a_carry_that_does_not_fit_is_refused():
    _, session = made(batch=2)
    with pytest.raises(
        ValueError, match=r"shapes \[\(3, 5\), \(3, 5\)\]; the stream has"
    ):
        session.carry = CELL.init_carry((3,))
    with pytest.raises(ValueError, match="The carry is GRUCarry"):
        session.carry = jlstm.GRUCell(5).init_carry((2,))
    with pytest.raises(TypeError, match="a leaf of dtype int64"):
        session.carry = jax.tree.map(lambda leaf: leaf.astype(int), session.carry)
    for rows in ([2], 1.5, np.ones(3, bool)):
        with pytest.raises(IndexError, match="the batch of the stream has shape"):
            session.reset(rows)
    with pytest.raises(IndexError, match=r"shape \(\)"):
        made()[1].reset([0])


WRONG = {
    "reads from the end": (lambda: made(Recurrent(CELL, reverse=True)), "from the end"),
    "both ends": (lambda: made(jlstm.Bidirectional(CELL)), "reads from both ends"),
    "inside a stack": (
        lambda: made(Stack((Recurrent(CELL, reverse=True),))), "from the end",
    ),
    "rows": (lambda: made(batch=0), "batch is 0; give the rows of a step"),
    "params": (lambda: stream(CELL, ()), r"params are \(\), off which the input size"),
    "other params": (
        lambda: stream(CELL, LSTMCell(4).init(jax.random.key(0), 4)),
        r"params.w_ih has shape \(4, 4, 4\)",
    ),
    "input size": (lambda: made(input_size=3), "where xs has 3 features"),
    "under jit": (
        lambda: jax.jit(lambda p: stream(CELL, p).run(draw(1, 4)))(
            CELL.init(jax.random.key(0), 4)
        ),
        "params are being traced; make a stream outside",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_streamed_is_refused(name):
    make, said = WRONG[name]
    with pytest.raises((ValueError, TypeError), match=said):
        make()


def test_a_class_is_no_layer(unchecked):
    with pytest.raises(TypeError, match=r"layer is <class.*LSTMCell.*; give a cell"):
        stream(LSTMCell, ())
