"""Lengths that exist only inside ``jit`` cannot be refused: they count as clamped."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from tests.backends.native.samples import CELLS, assert_close, draw, needs_kernel

BACKENDS = ["scan", "fused", pytest.param("native", marks=needs_kernel)]
GIVEN = np.array([-(2**31), -1, 0, 3, 5, 6, 2**31 - 1])


@pytest.mark.parametrize("reverse", [False, True], ids=["", "reverse"])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", CELLS)
def test_lengths_beyond_the_sequence(kind, backend, reverse):
    """In values and in gradients, on every backend, and nobody else's row moves."""
    cell = kind(4)
    sample = draw(cell, 5, GIVEN.shape, 3)
    params, xs = sample.point.params, sample.point.xs

    @partial(jax.jit, static_argnums=0)
    def run(backend, params, xs, lengths):
        def loss(params, xs):
            out = jlstm.unroll(
                cell, params, xs, lengths=lengths, backend=backend, reverse=reverse
            )
            return sum(jnp.sin(leaf).sum() for leaf in jax.tree.leaves(out)), out

        return jax.grad(loss, argnums=(0, 1), has_aux=True)(params, xs)

    clamped = jnp.asarray(np.clip(GIVEN, 0, 5).astype("int32"))
    wanted = run("scan", params, xs, clamped)
    ours = run(backend, params, xs, jnp.asarray(GIVEN.astype("int32")))
    assert_close(ours, wanted)
