"""What a program will hold, told before it runs."""

import jax
import jax.numpy as jnp
import pytest

import jlstm
from jlstm.analysis.memory_of import Memory, memory_of

STEPS, ROWS, SIZE = 4096, 2, 16
FLOATS = 4


def needs(cell, checkpoint):
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), SIZE))
    xs = jax.ShapeDtypeStruct((STEPS, ROWS, SIZE), jnp.float32)

    def gradient(params, xs):
        def loss(params):
            options = {"backend": "scan", "checkpoint": checkpoint}
            return jlstm.unroll(cell, params, xs, **options)[1].sum()

        return jax.grad(loss)(params)

    return memory_of(gradient, params, xs), params


@pytest.mark.long
@pytest.mark.parametrize("cell", [jlstm.LSTMCell(SIZE), jlstm.RNNCell(SIZE)], ids=repr)
def test_what_is_recomputed_is_not_held(cell):
    """The carries of all steps are held without, of about 2 √T steps with "sqrt"."""
    (plain, params), (spare, _) = needs(cell, None), needs(cell, "sqrt")
    carries = FLOATS * STEPS * ROWS * SIZE * len(cell.init_carry())
    assert plain.temporary > carries
    assert spare.temporary < plain.temporary / 3
    weights = FLOATS * sum(leaf.size for leaf in jax.tree.leaves(params))
    assert plain.outputs == spare.outputs == pytest.approx(weights, abs=256)
    given = weights + FLOATS * STEPS * ROWS * SIZE
    assert plain.arguments == spare.arguments == pytest.approx(given, abs=256)


def test_a_jitted_function_that_overwrites_its_argument():
    grow = jax.jit(lambda x: x + 1, donate_argnums=0)
    told = memory_of(grow, jax.ShapeDtypeStruct((1000,), jnp.float32))
    assert told == Memory(4000, 0, 0)
    assert str(told) == "4 kB (arguments 4 kB, outputs 0 B, temporary 0 B)"
