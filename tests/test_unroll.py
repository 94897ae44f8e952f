"""The one loop: what it refuses and how it says so, and the helpers beside it.

That it computes the right numbers is tested by the laws.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
import jlstm.native
from jlstm import GRUCell, LSTMCell, explain, trace, unroll
from jlstm._tree import cast
from jlstm.backends import BACKENDS
from jlstm.cells import GRUCarry, LSTMCarry
from jlstm.sequence import steps_within
from tests.zoo import assert_close

CELL = LSTMCell(3)
PARAMS = jax.eval_shape(lambda: CELL.init(jax.random.key(0), 2))
PARAMS = jax.tree.map(lambda leaf: jnp.ones(leaf.shape, leaf.dtype), PARAMS)
XS = jnp.ones((5, 4, 2), jnp.float32)

pytestmark = pytest.mark.usefixtures("unchecked")

WRONG = {
    "one axis only": (
        {"xs": XS[0, 0]},
        ValueError,
        "xs has shape (2,); give time first and features last: (t, *batch, x).",
    ),
    "token ids": (
        {"xs": jnp.ones((5, 4, 2), jnp.int32)},
        TypeError,
        "xs has dtype int32; give floating-point features (embed token ids first).",
    ),
    "a list of inputs": (
        {"xs": [[1.0]]},
        TypeError,
        "xs is a list; give an array.",
    ),
    "features": (
        {"xs": jnp.ones((5, 4, 7))},
        ValueError,
        "The input has 7 features on its last axis, the weights take 2. Initialise "
        "the parameters with input_size=7 or feed the input that they were made for.",
    ),
    "carry of another cell": (
        {"carry": GRUCarry(jnp.ones((4, 3)))},
        ValueError,
        "The carry is a GRUCarry of structure PyTreeDef(CustomNode(namedtuple[GRUCarry]"
        ", [*])); LSTMCell(hidden_size=3) wants PyTreeDef(CustomNode(namedtuple"
        "[LSTMCarry], [*, *])), as made by cell.init_carry(batch_shape=(4,)).",
    ),
    "carry of another batch": (
        {"carry": LSTMCarry(jnp.ones((6, 3)), jnp.ones((6, 3)))},
        ValueError,
        "The carry has shapes [(6, 3), (6, 3)]; for a batch of shape (4,) "
        "LSTMCell(hidden_size=3) wants [(4, 3), (4, 3)].",
    ),
    "carry of integers": (
        {"carry": LSTMCarry(jnp.ones((4, 3), int), jnp.ones((4, 3), int))},
        TypeError,
        "The carry has dtypes ['int64', 'int64']; LSTMCell(hidden_size=3) wants "
        "floating-point numbers.",
    ),
    "a list of lengths": (
        {"lengths": [5, 4, 3, 2]},
        TypeError,
        "lengths is a list; give an array.",
    ),
    "fractional lengths": (
        {"lengths": jnp.ones(4, jnp.float32)},
        TypeError,
        "lengths has dtype float32; give integers.",
    ),
    "a length a step": (
        {"lengths": jnp.ones(5, int)},
        ValueError,
        "lengths has shape (5,); the batch has shape (4,): give one length a row.",
    ),
    "a length beyond the end": (
        {"lengths": jnp.array([1, 6, 2, 3])},
        ValueError,
        "lengths go from 1 to 6; xs has 5 steps: give lengths between 0 and 5.",
    ),
    "a negative length": (
        {"lengths": np.array([-1, 5, 5, 5])},
        ValueError,
        "lengths go from -1 to 5; xs has 5 steps: give lengths between 0 and 5.",
    ),
    "a mask of numbers": (
        {"mask": jnp.ones((5, 4), jnp.float32)},
        TypeError,
        "mask has dtype float32; give booleans, mask.astype(bool).",
    ),
    "a mask with batch first": (
        {"mask": jnp.ones((4, 5), bool)},
        ValueError,
        "mask has shape (4, 5); xs has time and batch axes (5, 4).",
    ),
    "resets of numbers": (
        {"resets": jnp.ones((5, 4), jnp.int32)},
        TypeError,
        "resets has dtype int32; give booleans, resets.astype(bool).",
    ),
    "resets of one row": (
        {"resets": jnp.ones(5, bool)},
        ValueError,
        "resets has shape (5,); xs has time and batch axes (5, 4).",
    ),
    "no unrolling": (
        {"unroll": 0},
        ValueError,
        "unroll is 0; give a positive number of steps.",
    ),
    **{
        f"checkpoint {value!r}": (
            {"checkpoint": value},
            ValueError,
            f'checkpoint is {value!r}; choose None, "step", "sqrt" or a positive '
            "number of steps.",
        )
        for value in ("all", 0, -2, 2.5, True)
    },
}


def message_of(error, call):
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("run", [unroll, trace])
@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said(run, what):
    changed, error, wanted = WRONG[what]
    given = {"xs": XS, "carry": None, **changed}
    xs, carry = given.pop("xs"), given.pop("carry")
    assert message_of(error, lambda: run(CELL, PARAMS, xs, carry, **given)) == wanted


@pytest.mark.parametrize("what", WRONG)
def test_it_is_said_while_tracing(what):
    """Nothing is computed before: no array even exists. Only values cannot be seen."""
    changed, error, wanted = WRONG[what]
    if what in ("a length beyond the end", "a negative length", "a list of inputs"):
        return
    arrays = {"xs": XS, "carry": None, **changed}
    options = {k: arrays.pop(k) for k in ("unroll", "checkpoint") if k in arrays}
    if isinstance(arrays.get("lengths"), list):
        options["lengths"] = arrays.pop("lengths")

    def run(arrays):
        xs, carry = arrays["xs"], arrays["carry"]
        rest = {k: v for k, v in arrays.items() if k not in ("xs", "carry")}
        return unroll(CELL, PARAMS, xs, carry, **rest, **options)

    assert message_of(error, lambda: jax.eval_shape(run, arrays)) == wanted


def test_an_unknown_backend_is_named():
    wanted = (
        "There is no backend 'cuda' for LSTMCell(hidden_size=3); choose one of "
        f"{', '.join(BACKENDS)}."
    )
    asked = message_of(ValueError, lambda: unroll(CELL, PARAMS, XS, backend="cuda"))
    assert asked == wanted
    assert message_of(ValueError, lambda: explain(CELL, "cuda")) == wanted


def test_explain_says_what_runs_and_why():
    assert str(explain(CELL, "scan")) == "scan: asked for"
    wanted = "fused: one rule for the derivative of the whole loop"
    assert str(explain(jlstm.RNNCell(3))) == wanted
    wanted = "scan: the reference loop, which runs every cell"
    assert str(explain(jlstm.Zoneout(CELL, h=0.1))) == wanted
    assert str(explain(jlstm.ClipRecurrentGradient(CELL))) == wanted
    wanted = "parallel: what no carry enters is computed for many steps at once"
    assert str(explain(jlstm.MinGRUCell(3))) == wanted


@pytest.mark.parametrize(
    ("cell", "shape", "dtype", "wanted"),
    [
        (
            CELL, (9, 7, 2), jnp.float32,
            "fused: one rule for the derivative; not native, as 63 rows over all steps "
            "are fewer than 64",
        ),
        (
            CELL, (64, 2), jnp.bfloat16,
            "fused: one rule for the derivative; not native, as the kernel computes in "
            "float32, not in bfloat16",
        ),
        (
            jlstm.MinGRUCell(3), (1, 7, 2), jnp.float32,
            "scan: the reference loop, which runs every cell",
        ),
    ],
)  # fmt: skip
def test_the_choice_reads_the_input(cell, shape, dtype, wanted):
    assert str(explain(cell, xs=jax.ShapeDtypeStruct(shape, dtype))) == wanted


def test_a_cell_that_bends_its_gradient_is_not_fused():
    """Also where another wrapper is around it."""
    cell = jlstm.RecurrentDropout(jlstm.CutRecurrentGradient(CELL), 0.5)
    assert explain(cell).backend == "scan"
    said = message_of(ValueError, lambda: explain(cell, "fused"))
    assert "its gradient is not the derivative of its equations" in said


def test_what_is_explained_is_what_runs():
    """The kernel runs where it is said to, and the carry's dtype counts too."""
    xs = jnp.ones((8, 8, 2), jnp.float32)
    carry = CELL.init_carry((8,), jnp.float64)
    native = explain(CELL, xs=xs).backend == "native"
    assert native == (jlstm.native.unavailable(CELL) is None)
    params = cast(PARAMS, jnp.float32)
    made = jax.make_jaxpr(lambda xs: unroll(CELL, params, xs))(xs)
    assert ("jlstm_routine" in str(made)) == native
    wide = jax.make_jaxpr(lambda xs: unroll(CELL, params, xs, carry))(xs)
    assert "jlstm_routine" not in str(wide)


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
