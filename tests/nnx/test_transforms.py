"""An NNX module goes straight through jit, grad, vmap, pmap and optax."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

import jlstm.nnx
from jlstm import RNNCell
from jlstm.initializers import Glorot
from tests.nnx.samples import PLAIN, TOL, B, H, T, X, inputs, make, noisy
from tests.zoo import assert_close, assert_same


def square(model, xs):
    return sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(model(xs)))


def distance(model, xs):
    return jnp.mean((model(xs)[1] - 0.5) ** 2)


gradient = jax.jit(jax.grad(square))


def test_optax_trains_the_module_itself(standard_promotion):
    model = noisy(lambda: jlstm.nnx.LSTM(X, H, rngs=nnx.Rngs(0)))
    xs, rule = inputs(), optax.adam(0.02)

    @jax.jit
    def step(model, state):
        loss, grads = jax.value_and_grad(distance)(model, xs)
        updates, state = rule.update(grads, state, model)
        return optax.apply_updates(model, updates), state, loss

    state, losses = rule.init(model), []
    for _ in range(20):
        model, state, loss = step(model, state)
        losses.append(float(loss))
    assert type(model) is jlstm.nnx.LSTM
    assert losses[-1] < 0.8 * losses[0]
    assert step._cache_size() == 1


def test_flax_optimizer_trains_in_place_as_optax_does(standard_promotion):
    model = noisy(lambda: jlstm.nnx.SimpleRNN(X, H, rngs=nnx.Rngs(0)))
    xs, rule = inputs(), optax.sgd(0.1)
    grads = jax.jit(jax.grad(distance))(model, xs)
    updates, _ = rule.update(grads, rule.init(model), model)
    expected = optax.apply_updates(model, updates).pure_params()
    optimizer = nnx.Optimizer(model, rule, wrt=nnx.Param)

    @nnx.jit
    def step(model, optimizer):
        loss, grads = nnx.value_and_grad(distance)(model, xs)
        optimizer.update(model, grads)
        return loss

    first = step(model, optimizer)
    assert_close(model.pure_params(), expected, TOL)
    assert step(model, optimizer) < first


def test_ensembles_by_vmap_equal_their_members():
    cell = RNNCell(H, w_hh_init=Glorot())

    def build(key):
        return jlstm.nnx.RNN(cell, X, rngs=nnx.Rngs(key))

    keys = jax.random.split(jax.random.key(4), 3)
    ensemble = jax.jit(jax.vmap(build))(keys)
    together = jax.jit(jax.vmap(distance, (0, None)))(ensemble, inputs())
    alone, measure = jax.jit(build), jax.jit(distance)
    apart = [measure(alone(keys[n]), inputs()) for n in range(3)]
    assert_close(together, jnp.stack(apart), TOL)
    assert len(set(np.round(together, 4).tolist())) == 3


def test_pmap_over_the_batch_equals_one_device():
    def shared(model, xs):
        return jax.lax.psum(jax.grad(square)(model, xs), "devices")

    model, xs = make(PLAIN), inputs((2 * B,))
    over_devices = jax.pmap(shared, "devices", in_axes=(None, 0))
    grads = over_devices(model, xs.reshape(2, B, T, X))
    assert_close(jax.tree.map(lambda a: a[1], grads), gradient(model, xs), 1e-4)


def test_vmap_over_examples_gives_a_gradient_each():
    each = jax.jit(jax.vmap(jax.grad(square), (None, 0)))(make(PLAIN), inputs())
    summed = jax.tree.map(lambda a: a.sum(0), each)
    assert_close(summed, gradient(make(PLAIN), inputs()), 1e-4)


def test_parameters_may_be_bfloat16():
    @jax.jit
    def build():
        return jlstm.nnx.RNN(PLAIN, X, param_dtype=jnp.bfloat16, rngs=nnx.Rngs(0))

    grads = gradient(build(), inputs())
    leaves = jax.tree.leaves((build(), grads))
    assert {str(leaf.dtype) for leaf in leaves} == {"bfloat16"}
    assert all(jnp.abs(leaf).max() > 0 for leaf in jax.tree.leaves(grads))


def test_a_call_changes_nothing_and_other_weights_retrace_nothing():
    calls, model = jax.jit(square), make(PLAIN)
    before = [np.asarray(leaf).copy() for leaf in jax.tree.leaves(model)]
    calls(model, inputs())
    assert_same(before, jax.tree.leaves(model))
    twin = noisy(lambda: jlstm.nnx.RNN(RNNCell(H), X, rngs=nnx.Rngs(9)))
    calls(twin, inputs())
    assert calls._cache_size() == 1


def test_lives_inside_another_module():
    class Tagger(nnx.Module):
        def __init__(self, rngs):
            self.rnn = jlstm.nnx.SimpleRNN(X, H, rngs=rngs)
            self.out = nnx.Linear(H, 2, rngs=rngs)

        def __call__(self, xs):
            return self.out(self.rnn(xs)[1])

    tagger = noisy(lambda: Tagger(nnx.Rngs(0)))
    grads = jax.jit(jax.grad(lambda m, xs: jnp.sum(m(xs) ** 2)))(tagger, inputs())
    assert jnp.abs(grads.rnn.pure_params()[0].w_hh).max() > 0
    assert jnp.abs(grads.out.kernel[...]).max() > 0
