"""What the one loop refuses, and how it says so: before anything is computed."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import GRUCell, LSTMCell, trace, unroll
from jlstm.cells import GRUCarry, LSTMCarry
from tests.messages import message_of

CELL = LSTMCell(3)
PARAMS = jax.eval_shape(lambda: CELL.init(jax.random.key(0), 2))
PARAMS = jax.tree.map(lambda leaf: jnp.ones(leaf.shape, leaf.dtype), PARAMS)
XS = jnp.ones((5, 4, 2), jnp.float32)

pytestmark = pytest.mark.usefixtures("unchecked")

TIME_FIRST = "and xs with time first (xs.swapaxes(0, 1) if its batch is first)."

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
        "params.w_ih has shape (2, 4, 3); LSTMCell(hidden_size=3) wants (7, 4, 3) "
        "where xs has 7 features: make params by cell.init(key, input_size=7), or use "
        "the cell and the features that they were made for.",
    ),
    "features for the kernel, which would read past the end of the weights": (
        {"xs": jnp.ones((8, 8, 7), jnp.float32)},
        ValueError,
        "params.w_ih has shape (2, 4, 3); LSTMCell(hidden_size=3) wants (7, 4, 3) "
        "where xs has 7 features: make params by cell.init(key, input_size=7), or use "
        "the cell and the features that they were made for.",
    ),
    "no features": (
        {"xs": jnp.ones((5, 4, 0))},
        ValueError,
        "xs has shape (5, 4, 0), no feature on its last axis; give at least one.",
    ),
    "params of another cell": (
        {"params": GRUCell(3, use_bias=False).init(jax.random.key(0), 2)},
        ValueError,
        "params are GRUParams(w_ih=f32[2,3,3], w_hh=f32[3,3,3], b=None, b_hn=None); "
        "LSTMCell(hidden_size=3) wants LSTMParams(w_ih=f32[2,4,3], w_hh=f32[3,4,3], "
        "b=f32[4,3]): make them by cell.init(key, input_size=2).",
    ),
    "params of another size": (
        {"params": LSTMCell(5).init(jax.random.key(0), 2)},
        ValueError,
        "params.w_ih has shape (2, 4, 5); LSTMCell(hidden_size=3) wants (2, 4, 3) "
        "where xs has 2 features: make params by cell.init(key, input_size=2), or use "
        "the cell and the features that they were made for.",
    ),
    "no params": (
        {"params": None},
        ValueError,
        "params are None; LSTMCell(hidden_size=3) wants LSTMParams(w_ih=f32[2,4,3], "
        "w_hh=f32[3,4,3], b=f32[4,3]): make them by cell.init(key, input_size=2).",
    ),
    "a seed for a key": (
        {"key": 0},
        TypeError,
        "key is 0; give jax.random.key(0) or, for no noise, None.",
    ),
    "a name for a cell": (
        {"cell": "lstm"},
        TypeError,
        "cell is 'lstm'; give a cell such as LSTMCell(hidden_size=16).",
    ),
    "several keys": (
        {"key": jax.random.split(jax.random.key(0), 4)},
        ValueError,
        "key has shape (4,); give jax.random.key(0) or, for no noise, None.",
    ),
    "raw keys": (
        {"key": np.zeros((4, 2), np.uint32)},
        ValueError,
        "key has shape (4, 2); give jax.random.key(0) or, for no noise, None.",
    ),
    "an array that is no key": (
        {"key": jnp.ones(2, jnp.float32)},
        TypeError,
        "key has dtype float32; give jax.random.key(0) or, for no noise, None.",
    ),
    "a class for a cell": (
        {"cell": LSTMCell},
        TypeError,
        "cell is the class LSTMCell; make a cell of it: LSTMCell(hidden_size=16).",
    ),
    "a layer for a cell": (
        {"cell": jlstm.Recurrent(CELL)},
        TypeError,
        "cell is a Recurrent, which runs by itself: call it or its apply. Of a cell "
        "inside it ask by that cell, such as layer.cell.",
    ),
    "an array for a carry": (
        {"carry": jnp.ones((4, 3))},
        ValueError,
        "The carry is f64[4,3]; LSTMCell(hidden_size=3) wants LSTMCarry(h=f32[4,3], "
        "c=f32[4,3]): make it by cell.init_carry(batch_shape=(4,)).",
    ),
    "carry of another cell": (
        {"carry": GRUCarry(jnp.ones((4, 3)))},
        ValueError,
        "The carry is GRUCarry(h=f64[4,3]); LSTMCell(hidden_size=3) wants "
        "LSTMCarry(h=f32[4,3], c=f32[4,3]): make it by "
        "cell.init_carry(batch_shape=(4,)).",
    ),
    "carry of another batch": (
        {"carry": LSTMCarry(jnp.ones((6, 3)), jnp.ones((6, 3)))},
        ValueError,
        "The carry has shapes [(6, 3), (6, 3)]; for a batch of shape (4,) "
        "LSTMCell(hidden_size=3) wants [(4, 3), (4, 3)]: make it by "
        "cell.init_carry(batch_shape=(4,)).",
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
    "one length per step": (
        {"lengths": jnp.ones(5, int)},
        ValueError,
        "lengths has shape (5,); xs has 5 steps of a batch of shape (4,): give one "
        f"length per row, {TIME_FIRST}",
    ),
    "a length beyond the end": (
        {"lengths": jnp.array([1, 6, 2, 3])},
        ValueError,
        "lengths go from 1 to 6; xs has 5 steps: give lengths between 0 and 5, "
        f"{TIME_FIRST}",
    ),
    "a negative length": (
        {"lengths": np.array([-1, 5, 5, 5])},
        ValueError,
        "lengths go from -1 to 5; xs has 5 steps: give lengths between 0 and 5, "
        f"{TIME_FIRST}",
    ),
    "a mask of numbers": (
        {"mask": jnp.ones((5, 4), jnp.float32)},
        TypeError,
        "mask has dtype float32; give booleans, mask.astype(bool).",
    ),
    "a mask with batch first": (
        {"mask": jnp.ones((4, 5), bool)},
        ValueError,
        "mask has shape (4, 5); xs has time and batch axes (5, 4): give one flag per "
        f"step and row, {TIME_FIRST}",
    ),
    "resets of numbers": (
        {"resets": jnp.ones((5, 4), jnp.int32)},
        TypeError,
        "resets has dtype int32; give booleans, resets.astype(bool).",
    ),
    "resets of one row": (
        {"resets": jnp.ones(5, bool)},
        ValueError,
        "resets has shape (5,); xs has time and batch axes (5, 4): give one flag per "
        f"step and row, {TIME_FIRST}",
    ),
    **{
        f"unroll {value!r}": (
            {"unroll": value},
            ValueError,
            f"unroll is {value!r}; give a positive number of steps.",
        )
        for value in (0, -1, 1.5, "2", True, None, np.int64(0), float("nan"))
    },
    **{
        f"reverse {value!r}": (
            {"reverse": value},
            TypeError,
            f"reverse is {value!r}; give True or False.",
        )
        for value in (None, 1, "False", [])
    },
    **{
        f"checkpoint {value!r}": (
            {"checkpoint": value},
            ValueError,
            f'checkpoint is {value!r}; choose None, "step", "sqrt" or a positive '
            "number of steps.",
        )
        for value in ("all", 0, -2, 2.5, True, np.True_, [2], np.int32(-1), 2.0)
    },
}


@pytest.mark.parametrize("run", [unroll, trace])
@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said(run, what):
    changed, error, wanted = WRONG[what]
    given = {"cell": CELL, "params": PARAMS, "xs": XS, "carry": None, **changed}
    assert message_of(error, lambda: run(**given)) == wanted


@pytest.mark.parametrize("what", WRONG)
def test_it_is_said_while_tracing(what):
    """Nothing is computed before: no array even exists. Only values cannot be seen."""
    changed, error, wanted = WRONG[what]
    if what in ("a length beyond the end", "a negative length", "a list of inputs"):
        return
    arrays = {"params": PARAMS, "xs": XS, **changed}
    static = ("cell", "key", "unroll", "checkpoint", "reverse")
    options = {k: arrays.pop(k) for k in static if k in arrays}
    if isinstance(arrays.get("lengths"), list):
        options["lengths"] = arrays.pop("lengths")
    run = functools.partial(unroll, **{"cell": CELL, **options})
    call = functools.partial(jax.eval_shape, lambda arrays: run(**arrays), arrays)
    assert message_of(error, call) == wanted
