"""The adapters compute one function: outputs, steps and gradients of the inputs."""

import importlib
from functools import cache

import jax
import numpy as np
import pytest

import jlstm
from benchmarks.libraries.jlstm import OWN_CELLS
from benchmarks.problem import Problem
from benchmarks.program import Unsupported
from benchmarks.rows import Row
from tests.interop.peers import need
from tests.quick import quick

PLAIN = Row(4, 3, 2, 3)
BOTH_WAYS = PLAIN._replace(bidirectional=True, padded=True)
DEEP = BOTH_WAYS._replace(layers=2)
PEERS = {
    "linen": "flax",
    "nnx": "flax",
    "haiku": "dm-haiku",
    "keras": "keras",
    "equinox": "equinox",
    "torch": "torch",
    "onnxruntime": "onnxruntime",
}
OTHER_GRU = ("haiku", "nnx")
"""Their GRU is another function; see benchmarks/README.md."""

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers


@pytest.fixture(autouse=True)
def usual_jax():
    """JAX as its users, and the peers, have it."""
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
        jax.debug_key_reuse(False),
    ):
        yield


def build(library, cell, mode, row):
    module = importlib.import_module(f"benchmarks.libraries.{library}")
    return module.build(Problem(cell, mode, row)._asdict())


def as_numpy(value):
    return np.asarray(value.detach() if hasattr(value, "detach") else value)


def result(library, cell, mode, row):
    """Return the outputs, or the gradient of the inputs, time first."""
    found = build(library, cell, mode, row).run()
    if mode == "both":
        loss, (params, xs) = found
        for leaf in jax.tree.leaves(params):
            assert np.isfinite(as_numpy(leaf)).all()
        assert float(loss) > 0
        found = xs
    elif library == "onnxruntime" and mode == "step":
        found = found[0][0]
    else:
        found = found[1] if mode == "step" else found[0]
    found = as_numpy(found)
    first = library == "keras" and mode != "step"
    return found.swapaxes(0, 1) if first else found


@cache
def ours(cell, mode, row):
    return result("jlstm", cell, mode, row)


# JAX compiles gradients of two layers for long: only who compiles little has two.
@pytest.mark.parametrize("library", quick(sorted(PEERS, key="torch".__ne__), 2))
def test_an_lstm_computes_what_ours_does(library):
    need(PEERS[library], load=False)
    if library in ("onnxruntime", "torch"):
        compare(library, "lstm", "forward", DEEP)
    if library == "onnxruntime":
        return
    if library not in ("haiku", "equinox"):
        return compare(library, "lstm", "both", BOTH_WAYS)
    with pytest.raises(Unsupported, match="no bidirectional layers with lengths"):
        build(library, "lstm", "both", BOTH_WAYS)
    compare(library, "lstm", "both", PLAIN)


@pytest.mark.parametrize(
    "mode", ["forward", pytest.param("step", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("library", quick(sorted(PEERS, key="torch".__ne__), 2))
def test_a_gru_computes_what_ours_does(library, mode):
    need(PEERS[library], load=False)
    compare(library, "gru", mode, PLAIN, same=library not in OTHER_GRU)


def compare(library, cell, mode, row, same=True):
    got, wanted = result(library, cell, mode, row), ours(cell, mode, row)
    assert got.shape == wanted.shape
    assert np.isfinite(got).all()
    assert np.allclose(got, wanted, rtol=1e-4, atol=1e-6) == same


def test_ours_are_far_from_zero():
    assert np.abs(ours("gru", "forward", PLAIN)).mean() > 0.05
    assert np.abs(ours("lstm", "both", BOTH_WAYS)).max() > 0.01


def test_all_own_cells_are_there():
    assert [name for name in OWN_CELLS if not hasattr(jlstm, name)] == []


def test_a_backend_that_cannot_run_the_cell_says_why():
    with pytest.raises(Unsupported, match="parallel backend cannot run LSTMCell: its"):
        problem = Problem("lstm", "forward", PLAIN, "parallel")
        importlib.import_module("benchmarks.libraries.jlstm").build(problem._asdict())


def test_a_stream_takes_the_same_step():
    module = importlib.import_module("benchmarks.libraries.jlstm")
    for cell in ("lstm", "gru"):
        given = Problem(cell, "step", PLAIN, "stream")
        _, y = module.build(given._asdict()).run()
        np.testing.assert_allclose(y, ours(cell, "step", PLAIN), rtol=1e-5)
    with pytest.raises(Unsupported, match="takes single steps"):
        module.build(given._replace(mode="both")._asdict())
