"""Which backend runs, and how that is explained."""

import jax
import jax.numpy as jnp
import pytest

import jlstm
import jlstm._backends.native
from jlstm import LSTMCell, explain, unroll
from jlstm._backends import NAMES
from jlstm._internal.tree import cast
from tests.messages import message_of

CELL = LSTMCell(3)
PARAMS = jax.eval_shape(lambda: CELL.init(jax.random.key(0), 2))
PARAMS = jax.tree.map(lambda leaf: jnp.ones(leaf.shape, leaf.dtype), PARAMS)
XS = jnp.ones((5, 4, 2), jnp.float32)

pytestmark = pytest.mark.usefixtures("unchecked")


def test_an_unknown_backend_is_named():
    wanted = (
        "There is no backend 'cuda' for LSTMCell(hidden_size=3); choose one of "
        f"{', '.join(NAMES)}."
    )
    asked = message_of(ValueError, lambda: unroll(CELL, PARAMS, XS, backend="cuda"))
    assert asked == wanted
    assert message_of(ValueError, lambda: explain(CELL, "cuda")) == wanted


def test_explain_says_what_runs_and_why():
    assert str(explain(CELL, "scan")) == "scan: asked for"
    few = "not native, as 63 rows over all steps are fewer than 64"
    xs = jax.ShapeDtypeStruct((9, 7, 2), jnp.float32)
    wanted = f"fused: one rule for the derivative of the whole loop; {few}"
    assert str(explain(jlstm.RNNCell(3), xs=xs)) == wanted
    wanted = f"scan: the reference loop, which runs every cell; {few}"
    assert str(explain(jlstm.Zoneout(CELL, h=0.1), xs=xs)) == wanted
    wanted = (
        "scan: the reference loop, which runs every cell; not native, as no kernel for "
        "ClipRecurrentGradient: it computes custom_vjp_call of the carry"
    )
    assert str(explain(jlstm.ClipRecurrentGradient(CELL))) == wanted
    wanted = (
        "parallel: what no carry enters is computed for many steps at once; not "
        "native, as no kernel for QRNNCell: it pads the units"
    )
    assert str(explain(jlstm.QRNNCell(3))) == wanted


@pytest.mark.parametrize(
    ("cell", "shape", "dtype", "wanted"),
    [
        (
            CELL, (9, 7, 2), jnp.float32,
            "fused: one rule for the derivative of the whole loop; not native, as 63 "
            "rows over all steps are fewer than 64",
        ),
        (
            CELL, (64, 2), jnp.float16,
            "fused: one rule for the derivative of the whole loop; not native, as the "
            "kernel computes in float32 and float64, not in float16",
        ),
        (
            jlstm.MinGRUCell(3), (1, 7, 2), jnp.float32,
            "scan: the reference loop, which runs every cell; not native, as 7 rows "
            "over all steps are fewer than 64",
        ),
    ],
)  # fmt: skip
def test_the_choice_reads_the_input(cell, shape, dtype, wanted):
    assert str(explain(cell, xs=jax.ShapeDtypeStruct(shape, dtype))) == wanted


def test_a_cell_that_bends_its_gradient_is_not_fused():
    """Also where another wrapper is around it."""
    cell = jlstm.RecurrentDropout(jlstm.CutRecurrentGradient(CELL), 0.5)
    few = jax.ShapeDtypeStruct((2, 4, 2), jnp.float32)  # for the kernel
    assert explain(cell, xs=few).backend == "scan"
    said = message_of(ValueError, lambda: explain(cell, "fused"))
    assert "its gradient is not the derivative of its equations" in said


@pytest.mark.parametrize(
    ("cell", "backend"),
    [
        (jlstm.LayerNormLSTMCell(3), "scan"),
        (jlstm.LayerNormGRUCell(3), "scan"),
        (jlstm.MogrifierLSTMCell(3), "scan"),
        (jlstm.IndRNNCell(3), "scan"),
        (jlstm.MGUCell(3), "scan"),
        (jlstm.MGUCell(3, reset="after"), "fused"),
        (jlstm.GRUCell(3, reset="before"), "scan"),
        (jlstm.RecurrentDropout(jlstm.GRUCell(3, reset="before"), 0.5), "scan"),
        (jlstm.RecurrentDropout(CELL, 0.5), "fused"),
        (jlstm.PeepholeLSTMCell(3), "fused"),
    ],
)
def test_a_cell_whose_gates_are_slow_is_not_fused_unasked(cell, backend):
    few = jax.ShapeDtypeStruct((2, 4, 2), jnp.float32)  # for the kernel
    assert explain(cell, xs=few).backend == backend
    assert explain(cell, "fused").backend == "fused"


def test_what_is_explained_is_what_runs():
    """The kernel runs where it is said to, and the carry's dtype counts too."""
    xs = jnp.ones((8, 8, 2), jnp.float32)
    carry = CELL.init_carry((8,), jnp.float64)
    native = explain(CELL, xs=xs).backend == "native"
    assert native == (jlstm._backends.native.unavailable(CELL) is None)
    params = cast(PARAMS, jnp.float32)
    made = jax.make_jaxpr(lambda xs: unroll(CELL, params, xs))(xs)
    assert ("jlstm_routine" in str(made)) == native
    wide = jax.make_jaxpr(lambda xs: unroll(CELL, params, xs, carry))(xs)
    assert "jlstm_routine" not in str(wide)
