"""The one loop: what it takes, what it leaves out, and the program that it becomes.

That it computes the right numbers is tested by the laws, what it refuses in
``test_unroll_errors.py``.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import GRUCell, LSTMCell, unroll
from jlstm.masking import steps_within
from tests.zoo import assert_close

CELL = LSTMCell(3)
PARAMS = jax.eval_shape(lambda: CELL.init(jax.random.key(0), 2))
PARAMS = jax.tree.map(lambda leaf: jnp.ones(leaf.shape, leaf.dtype), PARAMS)
XS = jnp.ones((5, 4, 2), jnp.float32)

pytestmark = pytest.mark.usefixtures("unchecked")


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_lengths_are_integers_of_any_width(dtype):
    lengths = jnp.array([200, 2], dtype)
    xs = jax.ShapeDtypeStruct((300, 2, 2), jnp.float32)
    _, ys = jax.eval_shape(
        lambda xs, lengths: unroll(CELL, PARAMS, xs, lengths=lengths), xs, lengths
    )
    assert ys.shape == (300, 2, 3)
    within = steps_within(lengths, 300)  # more steps than a byte can count
    np.testing.assert_array_equal(within.sum(axis=0), lengths)


@pytest.mark.long
def test_arrays_of_numpy_are_taken():
    numpy = jax.tree.map(np.asarray, PARAMS)
    options = {
        "lengths": np.array([5, 0, 2, 3]),
        "mask": np.ones((5, 4), bool),
        "resets": np.zeros((5, 4), bool),
    }
    carry = jax.tree.map(np.asarray, CELL.init_carry((4,)))
    out = unroll(CELL, numpy, np.asarray(XS), carry, **options)
    options = {name: jnp.asarray(value) for name, value in options.items()}
    assert_close(out, unroll(CELL, PARAMS, XS, **options))


@pytest.mark.long
def test_a_packed_row_is_its_segments():
    """Two sequences in one row, their outputs those of each alone."""
    cell = GRUCell(3)
    params = cell.init(jax.random.key(0), 2, jnp.float64)
    xs = jax.random.normal(jax.random.key(1), (5, 2), jnp.float64)
    resets = jlstm.resets_from_segments(jnp.array([4, 4, 4, 9, 9]))
    _, packed = unroll(cell, params, xs, resets=resets)
    _, first = unroll(cell, params, xs[:3])
    _, second = unroll(cell, params, xs[3:])
    assert_close(packed, jnp.concatenate([first, second]))


@pytest.mark.long
def test_a_reset_under_a_false_mask_empties_the_held_carry():
    """An episode may begin at a step that does not count; what follows must be new."""
    params = CELL.init(jax.random.key(0), 2, jnp.float64)
    xs = jax.random.normal(jax.random.key(1), (4, 2), jnp.float64)
    mask = jnp.array([True, True, False, True])
    resets = jnp.array([False, False, True, False])
    _, ys = unroll(CELL, params, xs, mask=mask, resets=resets)
    _, alone = unroll(CELL, params, xs[3:])
    assert_close(ys[3:], alone)


def primitives(jaxpr, name):
    """Yield the equations of a jaxpr, and of those inside it, that bind a primitive."""
    for equation in jaxpr.eqns:
        if equation.primitive.name == name:
            yield equation
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)  # closed over constants, or not
            if hasattr(inner, "eqns"):
                yield from primitives(inner, name)


def loop_body(cell, steps):
    params = cell.init(jax.random.key(0), 2)
    xs = jax.ShapeDtypeStruct((steps, 4, 2), jnp.float32)
    made = jax.make_jaxpr(lambda xs: unroll(cell, params, xs, backend="scan"))(xs)
    (loop,) = primitives(made.jaxpr, "scan")
    return made, loop.params["jaxpr"].jaxpr


@pytest.mark.parametrize("cell", [CELL, GRUCell(3), jlstm.RNNCell(3)], ids=repr)
def test_a_step_of_the_loop_makes_one_product(cell):
    """The input is projected outside, and all gates share the product inside."""
    made, body = loop_body(cell, 5)
    assert len(list(primitives(body, "dot_general"))) == 1
    assert len(list(primitives(made.jaxpr, "dot_general"))) == 2
    assert not list(primitives(body, "concatenate"))


def test_the_program_does_not_grow_with_the_sequence():
    short, long = (str(loop_body(CELL, steps)[0]) for steps in (5, 5000))
    assert abs(len(long) - len(short)) < 100
