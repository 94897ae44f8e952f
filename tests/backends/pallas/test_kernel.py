"""The simulated kernels compute what the scan computes, in value and in gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm._backends.pallas.tiles import split
from tests.backends.pallas.samples import CASES, assert_close, draw, run, value_and_grad

TOLERANCE = {"float32": 3e-6, "bfloat16": 3e-2}
BACKENDS = ("pallas", "scan")


@pytest.mark.long
@pytest.mark.parametrize(("kind", "dtype"), CASES)
def test_value_and_gradient_are_those_of_the_scan(kind, dtype):
    """With a mask, resets, a carry and reverse time, at sizes that fill no tile."""
    cell = kind(20)
    sample = draw(cell, 2, (2, 3), 3, dtype=jnp.dtype(dtype))
    ours, wanted = (value_and_grad(name, cell, sample, True) for name in BACKENDS)
    assert_close(ours, wanted, TOLERANCE[dtype])
    assert not np.any(ours[0][1][~sample.live])


@pytest.mark.long
def test_without_options_and_in_chunks():
    """Of 3 steps, chunks of 2 leave a rest; another forget gate, no bias, no batch.

    Values only: JAX recomputes no simulation, as a simulation has effects.
    """
    cell = jlstm.SLSTMCell(40, forget_gate="exp", use_bias=False)
    sample = draw(cell, 3, (), 3, flags=False)
    chunked = jax.jit(lambda sample: run("pallas", cell, sample, checkpoint=2))
    assert_close(chunked(sample), run("scan", cell, sample), TOLERANCE["float32"])


def test_three_pieces_are_a_float32_number_and_keep_what_is_not_finite():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(1000) * 2.0 ** rng.integers(-60, 60, 1000)
    x = jnp.asarray(x, jnp.float32)
    pieces = [np.float64(piece) for piece in jax.jit(split, static_argnums=1)(x, 3)]
    np.testing.assert_array_equal(sum(pieces), np.float64(x))
    bits = jnp.asarray([0x7FC00000, 0x7FFFFFFF, 0xFFC00001], jnp.uint32)
    nans = jax.lax.bitcast_convert_type(bits, jnp.float32)
    assert jnp.isnan(jnp.stack(split(nans, 3))).any(axis=0).all()


def test_forward_mode_is_refused():
    cell = jlstm.LSTMCell(3)
    sample = draw(cell, 1, (2,), 3)

    def slope(xs):
        def outputs(xs):
            point = sample.point._replace(xs=xs)
            return run("pallas", cell, sample._replace(point=point))

        return jax.jvp(outputs, (xs,), (xs,))

    with pytest.raises(TypeError, match="custom_vjp"):
        jax.jit(slope).lower(sample.point.xs)
