"""Layers: what they refuse and how they say so, and how they are put together.

That they compute the right numbers is tested by the laws.
"""

import re

import jax
import jax.numpy as jnp
import pytest

from jlstm import Bidirectional, GRUCell, LSTMCell, Recurrent, Stack
from jlstm.cells import RNNParams
from tests.zoo import assert_same

pytestmark = pytest.mark.usefixtures("unchecked")

LSTM, GRU = Recurrent(LSTMCell(4)), Recurrent(GRUCell(3))
XS = jnp.ones((5, 2))


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (
            lambda: Bidirectional(LSTMCell(3), merge="max"),
            "Bidirectional: merge is 'max'; choose one of concat, sum, mul, mean.",
        ),
        (
            lambda: Bidirectional(LSTMCell(3), GRUCell(4), merge="sum"),
            "Bidirectional: merge='sum' needs equal sizes; forward has 3 units and "
            "backward 4. Use merge='concat'.",
        ),
        (
            lambda: Stack(()),
            "Stack: layers is (); give at least one layer.",
        ),
        (
            lambda: Stack(LSTM),
            "Stack: layers is Recurrent(cell=LSTMCell(hidden_size=4)) (Recurrent); "
            "give a tuple or list.",
        ),
        (
            lambda: Stack((LSTM, GRUCell(3))),
            "Stack: layers[1] is GRUCell(hidden_size=3); give a layer: "
            "Recurrent(GRUCell(hidden_size=3)).",
        ),
        (
            lambda: Stack((LSTM, GRU), connect="residual"),
            "Stack: connect='residual' needs layers of one width; they have [4, 3]: "
            'give all layers one width, or connect="skip".',
        ),
        (
            lambda: Stack((LSTM, Bidirectional(LSTMCell(4))), connect="highway"),
            "Stack: connect='highway' needs layers of one width; they have [4, 8]: "
            "layers[1] puts two outputs side by side: halve the units of its cells or "
            'give it merge="sum"; else give all layers one width, or connect="skip".',
        ),
        (
            lambda: Stack(
                (Stack((LSTM, GRU), connect="skip"), LSTM), connect="residual"
            ),
            "Stack: connect='residual' needs layers of one width; they have [7, 4]: "
            'give all layers one width, or connect="skip".',
        ),
        (
            lambda: Stack((LSTM, LSTM), connect="dense"),
            "Stack: connect is 'dense'; choose one of plain, residual, highway, skip.",
        ),
        (
            lambda: Stack((LSTM, GRU), dropout=1.0),
            "Stack: dropout is 1.0; give a probability in [0, 1).",
        ),
        (
            lambda: Stack((LSTM, GRU), dropout=-0.1),
            "Stack: dropout is -0.1; give a probability in [0, 1).",
        ),
    ],
)
def test_a_layer_that_cannot_be_is_refused(make, wanted):
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(wanted)}$"):
        make()


class Scale:
    """A layer of a user, as wide as its input."""

    num_feature_axes = 1

    def init(self, key, input_size, dtype=jnp.float32):
        return jnp.ones(input_size, dtype)

    def init_carry(self, batch_shape=(), dtype=jnp.float32):
        return ()

    def fresh_carry(self, params, batch_shape=(), dtype=jnp.float32):
        return ()

    def output_size(self, input_size):
        return input_size

    def apply(self, params, xs, carry=None, **options):
        return (), xs * jnp.broadcast_to(params, xs.shape)


@pytest.mark.parametrize("connect", ["residual", "highway"])
def test_widths_that_follow_the_input_are_checked_when_it_is_known(connect):
    layer = Stack((Scale(), LSTM), connect=connect)
    wanted = f"Stack: connect='{connect}' needs layers of one width; they have [2, 4]: "
    with pytest.raises(ValueError, match=re.escape(wanted)):
        layer.init(jax.random.key(0), 2)
    params = layer.init(jax.random.key(0), 4, jnp.float32)
    _, ys = layer.apply(params, jnp.ones((5, 4), jnp.float32))
    assert ys.shape == (5, 4)
    assert Stack((LSTM, Scale()), connect=connect).output_size(2) == 4


@pytest.mark.parametrize(
    ("layer", "carry", "wanted"),
    [
        (
            Stack((LSTM, GRU)),
            GRUCell(3).init_carry(),
            "Stack: the carry is GRUCarry(h=f32[3]); give a tuple of 2, one per layer, "
            "as init_carry makes it.",
        ),
        (
            Stack((LSTM, GRU)),
            [None, None],
            "Stack: the carry is [None, None]; give a tuple of 2, one per layer, as "
            "init_carry makes it.",
        ),
        (
            Bidirectional(LSTMCell(3)),
            LSTMCell(3).init_carry(),
            "Bidirectional: the carry is LSTMCarry(h=f32[3], c=f32[3]); give "
            "BidirectionalParams(forward, backward), as init_carry makes it.",
        ),
        (
            Stack((LSTM, GRU)),
            (GRUCell(4).init_carry(), GRUCell(3).init_carry()),
            "The carry is GRUCarry(h=f32[4]); LSTMCell(hidden_size=4) wants "
            "LSTMCarry(h=f32[4], c=f32[4]): make it by "
            "cell.init_carry(batch_shape=()).",
        ),
    ],
)
def test_a_carry_of_something_else_is_refused(layer, carry, wanted):
    params = jax.eval_shape(lambda: layer.init(jax.random.key(0), 2))
    with pytest.raises(ValueError) as caught:
        jax.eval_shape(lambda p: layer.apply(p, XS, carry), params)
    assert str(caught.value) == wanted


@pytest.mark.parametrize(
    ("layer", "params", "wanted"),
    [
        (
            Stack((LSTM, GRU)),
            RNNParams(1.0, 2.0, None),
            "Stack: params are RNNParams(w_ih=1.0, w_hh=2.0, b=None); give a tuple of "
            "2, one per layer, as init makes it.",
        ),
        (
            Stack((LSTM, GRU)),
            (None,),
            "Stack: params are (None,); give a tuple of 2, one per layer, as init "
            "makes it.",
        ),
        (
            Bidirectional(LSTMCell(3)),
            (None, None),
            "Bidirectional: params are (None, None); give "
            "BidirectionalParams(forward, backward), as init makes it.",
        ),
    ],
)
def test_params_of_something_else_are_refused(layer, params, wanted):
    with pytest.raises(ValueError) as caught:
        layer.apply(params, XS)
    assert str(caught.value) == wanted


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        (LSTM, 4),
        (Bidirectional(LSTMCell(3)), 6),
        (Bidirectional(LSTMCell(3), GRUCell(5)), 8),
        (Bidirectional(LSTMCell(3), GRUCell(3), merge="mean"), 3),
        (Stack((LSTM, Bidirectional(GRUCell(3)), GRU)), 3),
    ],
)
def test_output_size_is_the_width_of_the_output(layer, size):
    params = jax.eval_shape(lambda: layer.init(jax.random.key(0), 2))
    _, ys = jax.eval_shape(layer.apply, params, XS)
    assert layer.output_size(2) == size == ys.shape[-1]


def test_the_halves_and_layers_are_drawn_apart():
    both = Bidirectional(GRUCell(3)).init(jax.random.key(0), 2)
    assert (both.forward.w_hh != both.backward.w_hh).any()
    first, second = Stack((GRU, GRU)).init(jax.random.key(0), 3)
    assert (first.w_hh != second.w_hh).any()


@pytest.mark.long
def test_two_cells_run_as_each_alone():
    layer = Bidirectional(LSTMCell(3), GRUCell(5))
    params = layer.init(jax.random.key(0), 2, jnp.float32)
    xs = jax.random.normal(jax.random.key(1), (5, 2), jnp.float32)
    carry, ys = layer.apply(params, xs)
    left, first = Recurrent(LSTMCell(3)).apply(params.forward, xs)
    right, second = Recurrent(GRUCell(5), reverse=True).apply(params.backward, xs)
    assert_same((carry.forward, carry.backward), (left, right))
    assert_same(ys, jnp.concatenate([first, second], axis=-1))
