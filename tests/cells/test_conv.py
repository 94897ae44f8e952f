"""Convolutional cells: shapes of the state, what they refuse, and what they reduce to.

Their steps are tested with all others, against the oracle.
"""

import re

import jax
import jax.numpy as jnp
import pytest

import jlstm
from jlstm import ConvGRUCell, ConvLSTMCell, GRUCell, LSTMCell, unroll
from tests.zoo import CELLS, assert_close, draw

ROW = {row.name: row for row in CELLS}


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, (8, 5)),
        ({"strides": 2}, (4, 3)),
        ({"strides": (3, 1), "kernel_size": (5, 2)}, (3, 5)),
        ({"padding": "VALID"}, (6, 3)),
        ({"padding": "VALID", "strides": 2}, (3, 2)),
        ({"padding": "VALID", "dilation": (3, 2)}, (2, 1)),
        ({"dilation": 3, "recurrent_kernel_size": 7}, (8, 5)),
    ],
)
@pytest.mark.parametrize("kind", [ConvLSTMCell, ConvGRUCell])
def test_the_state_has_the_shape_that_the_input_is_left_with(kind, options, wanted):
    cell = kind(3, (8, 5), **options)
    assert cell.state_shape == wanted
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), 2))
    xs = jax.ShapeDtypeStruct((6, 4, 8, 5, 2), jnp.float32)
    carry, ys = jax.eval_shape(lambda p, xs: unroll(cell, p, xs), params, xs)
    assert ys.shape == (6, 4, *wanted, 3)
    assert carry.h.shape == (4, *wanted, 3)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (
            {"input_shape": (2, 2, 2, 2)},
            "input_shape is (2, 2, 2, 2); give a tuple of one to three positive "
            "integers, such as (height, width).",
        ),
        (
            {"kernel_size": (3,)},
            "kernel_size is (3,); give a positive integer or a tuple of 2, one for "
            "each axis of input_shape.",
        ),
        (
            {"recurrent_kernel_size": 0},
            "recurrent_kernel_size is 0; give a positive integer, a tuple or list with "
            "a positive integer in each place or None.",
        ),
        (
            {"padding": "same"},
            "padding is 'same'; choose one of SAME, VALID. Did you mean SAME?",
        ),
        (
            {"padding": "VALID", "kernel_size": 6},
            "nothing is left of input_shape=(8, 5) under kernel_size=6 without "
            'padding. Use padding="SAME" or a smaller kernel.',
        ),
    ],
)
@pytest.mark.parametrize("kind", [ConvLSTMCell, ConvGRUCell])
def test_a_shape_that_cannot_be_is_refused(kind, options, wanted):
    with pytest.raises(ValueError, match=f"^{kind.__name__}: {re.escape(wanted)}$"):
        kind(3, **{"input_shape": (8, 5), **options})


def test_an_unknown_reset_is_refused(unchecked):
    wanted = "ConvGRUCell: reset is 'v1'; choose one of before, after."
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        ConvGRUCell(3, (8,), reset="v1")


def test_a_list_is_kept_as_a_tuple(unchecked):
    cell = ConvGRUCell(3, [8, 5], [3, 1])
    assert cell == ConvGRUCell(3, (8, 5), (3, 1))
    assert hash(cell) == hash(ConvGRUCell(3, (8, 5), (3, 1)))


def test_another_image_size_is_named(unchecked):
    cell = ConvGRUCell(3, (8, 5))
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), 2))
    wanted = (
        "ConvGRUCell: the input has spatial shape (5, 8) before its channels; the cell "
        "was made for input_shape=(8, 5)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}"):
        jax.eval_shape(cell.project, params, jnp.ones((5, 8, 2)))


@pytest.mark.parametrize(
    ("conv", "plain", "extra"),
    [
        (ConvLSTMCell(3, (1,), 1), LSTMCell(3), (None,) * 3),
        (ConvGRUCell(3, (1,), 1), GRUCell(3, reset="before"), ()),
    ],
)
def test_on_one_pixel_a_convolution_is_a_product(conv, plain, extra):
    name = "lstm" if isinstance(plain, LSTMCell) else "gru_before"
    params, xs = draw(ROW[name])[:2]
    kernels = (params.w_ih[None], params.w_hh[None])
    given = type(conv.init(jax.random.key(0), 2))(*kernels, *params[2:], *extra)
    carry, ys = unroll(conv, given, xs[:, :, None])
    wanted, zs = unroll(plain, params, xs)
    assert_close(ys[:, :, 0], zs)
    for a, b in zip(carry, wanted, strict=True):
        assert_close(a[:, 0], b)


def test_layers_of_images_stack():
    lower = ConvLSTMCell(3, (8, 5), strides=2)
    upper = ConvGRUCell(4, lower.state_shape)
    stack = jlstm.Stack((jlstm.Recurrent(lower), jlstm.Bidirectional(upper)))
    params = jax.eval_shape(lambda: stack.init(jax.random.key(0), 2))
    xs = jax.ShapeDtypeStruct((6, 4, 8, 5, 2), jnp.float32)
    _, ys = jax.eval_shape(stack.apply, params, xs)
    assert ys.shape == (6, 4, 4, 3, 8)


def test_the_gradient_in_bfloat16_has_the_dtype_of_its_argument():
    cell = ConvLSTMCell(3, (4,))
    params = cell.init(jax.random.key(0), 2, jnp.bfloat16)
    xs = jnp.ones((3, 4, 2), jnp.bfloat16)
    grad = jax.grad(lambda p, xs: unroll(cell, p, xs)[1].sum(), (0, 1))
    for leaf in jax.tree.leaves(jax.eval_shape(grad, params, xs)):
        assert leaf.dtype == jnp.bfloat16
