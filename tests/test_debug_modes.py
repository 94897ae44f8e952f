"""Every backend under every debug mode of JAX gives what the scan gives without."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
import jlstm._backends.native
from jlstm import unroll
from tests.quick import quick

MODES = {
    "disable_jit": jax.disable_jit,
    "debug_nans": lambda: jax.debug_nans(True),
    "debug_infs": lambda: jax.debug_infs(True),
    "checking_leaks": jax.checking_leaks,
    "transfer_guard": lambda: jax.transfer_guard("disallow"),
    "x64_off": lambda: jax.enable_x64(False),
    "precision": lambda: jax.default_matmul_precision("highest"),
    "key_reuse": lambda: jax.debug_key_reuse(True),
    "strict_promotion": lambda: jax.numpy_dtype_promotion("strict"),
    "standard_promotion": lambda: jax.numpy_dtype_promotion("standard"),
    "no_rank_promotion": lambda: jax.numpy_rank_promotion("raise"),
}
CELLS = {
    "scan": jlstm.Zoneout(jlstm.SLSTMCell(4), h=0.5),
    "fused": jlstm.LayerNormLSTMCell(4),
    "native": jlstm.LSTMCell(4),
    "parallel": jlstm.MLSTMCell(4, 2, chunk_size=2),
}
CASES = [(mode, backend) for mode in MODES for backend in CELLS]
SAMPLE = [
    *[("disable_jit", "native"), ("debug_nans", "native"), ("debug_infs", "scan")],
    ("checking_leaks", "fused"),
    ("transfer_guard", "native"),
]


@pytest.mark.long
@pytest.mark.parametrize(
    "case",
    quick([*SAMPLE, *(case for case in CASES if case not in SAMPLE)], len(SAMPLE)),
    ids="-".join,
)
def test_a_mode_changes_nothing(case):
    mode, backend = case
    cell = CELLS[backend]
    if backend == "native" and jlstm._backends.native.unavailable(cell):
        pytest.skip(jlstm._backends.native.unavailable(cell))
    params = cell.init(jax.random.key(0), 3)
    xs = jax.random.normal(jax.random.key(1), (5, 2, 3), "float32")
    lengths = jnp.array([5, 2], "int32")
    # What stands in padding is not read: it may be no number.
    xs = xs.at[2:, 1].set(jnp.nan)

    def measured(backend):
        def loss(params, xs, lengths):
            _, ys = unroll(cell, params, xs, lengths=lengths, backend=backend)
            return jnp.vdot(ys, ys), ys

        return jax.grad(loss, argnums=(0, 1), has_aux=True)

    wanted = jax.jit(measured("scan"))(params, xs, lengths)
    eager = mode == "disable_jit"
    with MODES[mode]():
        run = measured(backend) if eager else jax.jit(measured(backend))
        ours = run(params, xs, lengths)
    chex.assert_trees_all_close(ours, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.long
@pytest.mark.parametrize("mode", ["debug_nans", "debug_infs"])
@pytest.mark.parametrize("backend", ["native", "fused"])
def test_without_jit_nothing_is_called_wrong(mode, backend):
    """Op by op JAX looks at every result, what is kept for the gradient too."""
    cell = jlstm.GRUCell(4) if backend == "native" else CELLS["fused"]
    if backend == "native" and jlstm._backends.native.unavailable(cell):
        pytest.skip(jlstm._backends.native.unavailable(cell))
    params = cell.init(jax.random.key(0), 3)
    xs = jnp.ones((5, 2, 3), "float32").at[2:, 1].set(jnp.nan)
    lengths = jnp.array([5, 2], "int32")

    def loss(params):
        return unroll(cell, params, xs, lengths=lengths, backend=backend)[1].sum()

    wanted = jax.jit(jax.grad(loss))(params)
    with MODES[mode]():
        ours = jax.grad(loss)(params)
    chex.assert_trees_all_close(ours, wanted, rtol=1e-4, atol=1e-5)


def foreign_carry(cell):
    return jax.tree.map(lambda leaf: np.zeros(leaf.shape), cell.init_carry((2,)))


ENTRANCES = {
    "unroll": lambda xs, c, p, f: unroll(c, p, xs, c.init_carry((2,)), **f)[1],
    "trace": lambda xs, c, p, f: jlstm.trace(c, p, xs, **f)[1][0].h,
    "apply": lambda xs, c, p, f: jlstm.Recurrent(c).apply(p, xs, **f)[1],
    "carry": lambda xs, c, p, f: unroll(c, p, xs, foreign_carry(c), **f)[1],
}


@pytest.mark.long
@pytest.mark.usefixtures("unchecked", "user_defaults")
@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_arrays_of_numpy_count_as_what_jax_makes_of_them(entrance, dtype):
    """No warning (warnings are errors), and the numbers of the same array of JAX."""
    cell = jlstm.LSTMCell(4)
    drawn = cell.init(jax.random.key(0), 3)
    foreign = jax.tree.map(lambda leaf: np.asarray(leaf, "float64"), drawn)
    xs = np.random.default_rng(0).standard_normal((40, 2, 3)).astype(dtype)
    flags = {
        "lengths": np.array([40, 7]),
        "resets": np.zeros((40, 2), bool),
        "mask": np.ones((40, 2), bool),
    }
    ours = ENTRANCES[entrance](xs, cell, foreign, flags)
    wanted = ENTRANCES[entrance](jnp.asarray(xs), cell, drawn, flags)
    assert ours.dtype == wanted.dtype
    np.testing.assert_array_equal(ours, wanted)
    assert jlstm.explain(cell, xs=xs) == jlstm.explain(cell, xs=jnp.asarray(xs))
