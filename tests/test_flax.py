"""Pure layer = NNX module = Linen module, in value and in gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import jlstm.linen
import jlstm.nnx
from jlstm import (
    Bidirectional,
    ConvGRUCell,
    GRUCell,
    LSTMCell,
    Recurrent,
    RNNCell,
    Stack,
)
from tests.quick import quick
from tests.zoo import assert_close

B, T, X, H = 3, 6, 2, 4
TOL = 1e-5
LAYERS = {
    "lstm": Recurrent(LSTMCell(H)),
    "gru": Recurrent(GRUCell(H, use_bias=False)),
    "rnn": Recurrent(RNNCell(H)),
    "stacked bidirectional": Stack((Bidirectional(LSTMCell(H)), Recurrent(GRUCell(3)))),
}


def random_params(layer):
    """Return parameters with random values everywhere, biases included."""
    random = np.random.default_rng(0)
    return jax.tree.map(
        lambda a: jnp.asarray(0.5 * random.normal(size=a.shape), a.dtype),
        jax.eval_shape(lambda: layer.init(jax.random.key(0), X)),
    )


def faces(layer, params):
    """Return each face's parameters, its call, and its way back to pure parameters."""
    model = jax.eval_shape(lambda: jlstm.nnx.RNN(layer, X, rngs=nnx.Rngs(0)))
    linen = jlstm.linen.RNN(layer)
    variables = {"params": {"weights": jlstm.linen.linen_params(params)}}

    def pure(params, xs, **arguments):
        carry, ys = layer.apply(params, jnp.swapaxes(xs, 0, 1), **arguments)
        return carry, jnp.swapaxes(ys, 0, 1)

    def back(variables):
        return jlstm.linen.pure_params(layer, X, variables["params"]["weights"])

    return {
        "pure": (params, pure, lambda params: params),
        "nnx": (
            model.with_params(params),
            type(model).__call__,
            type(model).pure_params,
        ),
        "linen": (variables, linen.apply, back),
    }


def value_and_gradient(params, run, xs, lengths):
    def loss(params, xs):
        carry, ys = run(params, xs, lengths=lengths)
        squares = [jnp.sum(jnp.square(a)) for a in jax.tree.leaves((carry, ys))]
        return sum(squares), (carry, ys)

    return jax.value_and_grad(loss, (0, 1), has_aux=True)(params, xs)


@pytest.mark.long
@pytest.mark.parametrize("name", LAYERS)
def test_faces_agree_in_value_and_gradient(name):
    layer = LAYERS[name]
    params = random_params(layer)
    xs = jnp.asarray(np.random.default_rng(1).normal(size=(B, T, X)), jnp.float32)
    lengths = jnp.array([T, 2, 0])

    @jax.jit
    def everything(params, xs):
        return {
            name: value_and_gradient(own, run, xs, lengths)
            for name, (own, run, _) in faces(layer, params).items()
        }

    done = everything(params, xs)
    (_, (carry, ys)), (grads, grad_xs) = done["pure"]
    for name, (_, _, back) in faces(layer, params).items():
        (_, (its_carry, its_ys)), (its_grads, its_grad_xs) = done[name]
        assert_close((its_carry, its_ys), (carry, ys), TOL)
        assert_close((back(its_grads), its_grad_xs), (grads, grad_xs), TOL)
    live = np.arange(T) < np.asarray(lengths)[:, None]
    assert np.all(np.asarray(grad_xs)[live]) and not np.any(np.asarray(grad_xs)[~live])
    assert not np.any(np.asarray(ys)[~live])


@pytest.mark.slow
@pytest.mark.parametrize("time_major", quick([False, True]))
def test_images_have_their_time_axis_before_their_space(time_major):
    layer = Recurrent(ConvGRUCell(2, (3, 2)))
    params, random = random_params(layer), np.random.default_rng(1)
    xs = jnp.asarray(random.normal(size=(T, B, 3, 2, X)), jnp.float32)
    mask = jnp.asarray(random.random((T, B)) < 0.7)
    carry, ys = layer.apply(params, xs, mask=mask)
    options = {"time_major": time_major}
    model = jlstm.nnx.RNN(layer, X, rngs=nnx.Rngs(0), **options).with_params(params)
    variables = {"params": {"weights": jlstm.linen.linen_params(params)}}
    turn = (lambda a: a) if time_major else (lambda a: jnp.swapaxes(a, 0, 1))
    linen = jlstm.linen.RNN(layer, **options)
    for its_carry, its_ys in (
        model(turn(xs), mask=turn(mask)),
        linen.apply(variables, turn(xs), mask=turn(mask)),
    ):
        assert_close((its_carry, turn(its_ys)), (carry, ys), TOL)
    with pytest.raises(ValueError, match=r"t, \*space, channels\)|t, \*batch, \*space"):
        model(turn(xs), mask=jnp.ones((T, B, 3), bool))
