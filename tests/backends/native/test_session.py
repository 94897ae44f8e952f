"""A session of the kernel refuses what does not fit, and stays in its own memory."""

import ctypes
import gc

import jax
import numpy as np
import pytest

import jlstm
from jlstm._backends.native import session as module
from jlstm._backends.native.error import BuildError
from tests.backends.native.samples import needs_kernel

pytestmark = needs_kernel


@pytest.mark.parametrize(("quantize", "far"), [(None, 2e-6), ("int8", 2e-2)])
@pytest.mark.parametrize("batch", [(1,), (19,)])
@pytest.mark.parametrize("name", ["LSTMCell", "LayerNormGRUCell", "MinimalRNNCell"])
def test_a_session_is_the_scan_and_is_freed(name, batch, quantize, far):
    cell = getattr(jlstm, name)(21)  # no multiple of a vector
    params = cell.init(jax.random.key(0), 5)
    xs = np.random.default_rng(0).normal(size=(4, *batch, 5)).astype(np.float32)
    session = jlstm.stream(cell, params, batch=batch, quantize=quantize)
    ys = np.stack([session.step(xs[0]), *session.run(xs[1:])])
    _, wanted = jlstm.unroll(cell, params, jax.numpy.asarray(xs), backend="scan")
    np.testing.assert_allclose(ys, wanted, atol=far)
    session.carry = session.carry
    session.reset([0])
    del session
    gc.collect()


WRONG = {
    "a weight": ("count", "a weight of a session has 7 numbers, not 420"),
    "no arrays": ("arrays", "a session is given another number of arrays"),
    "no rows": ("rows", "a session has no rows, units or features"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_before_it_is_read(name, monkeypatch):
    what, said = WRONG[name]
    kernel = module.load_kernel()

    class Spoilt:
        def __getattr__(self, name):
            return getattr(kernel, name)

        def jlstm_session_new(self, key, rows, features, units, given, count, *rest):
            if what == "count":
                given[0].count = 7
            count = count - 1 if what == "arrays" else count
            rows = 0 if what == "rows" else rows
            return kernel.jlstm_session_new(
                key, rows, features, units, given, count, *rest
            )

    monkeypatch.setattr(module, "load_kernel", Spoilt)
    cell = jlstm.LSTMCell(21)
    params = cell.init(jax.random.key(0), 5)
    x = jax.ShapeDtypeStruct((2, 5), np.float32)
    with pytest.raises(BuildError, match=said):
        module.Session(cell, params, cell.init_carry((2,)), x)


def test_an_unknown_cell_is_named():
    said = ctypes.create_string_buffer(200)
    made = module.load_kernel().jlstm_session_new(
        b"nothing", 1, 1, 1, None, 0, 0, 1, said, len(said)
    )
    assert not made and said.value == b"no cell is registered under nothing"
