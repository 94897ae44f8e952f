"""Flax NNX modules: any cell or layer as ``jlstm.nnx.RNN``; LSTM, GRU, … for short.

A module is a pytree. It holds one ``nnx.Param`` an array, under the paths of the pure
parameters (``weights[0].w_ih``), and everything else as static attributes; calling it
changes nothing. So it goes straight through JAX and optax, without split or merge::

    model = jlstm.nnx.LSTM(8, 64, num_layers=2, dropout=0.5, rngs=nnx.Rngs(0))
    optimizer = optax.sgd(0.1)
    opt_state = optimizer.init(model)

    def loss(model, xs, targets, key):
        carry, ys = model(xs, key=key)
        return jnp.mean((ys - targets) ** 2)

    @jax.jit
    def train_step(model, opt_state, xs, targets, key):
        grads = jax.grad(loss)(model, xs, targets, key)
        updates, opt_state = optimizer.update(grads, opt_state, model)
        return optax.apply_updates(model, updates), opt_state

    ensemble = jax.vmap(lambda key: jlstm.nnx.LSTM(8, 64, rngs=nnx.Rngs(key)))(keys)

Flax's own way, in which the optimizer updates the module in place, works as well::

    optimizer = nnx.Optimizer(model, optax.adam(1e-3), wrt=nnx.Param)

    @nnx.jit
    def train_step(model, optimizer, xs, targets, key):
        grads = nnx.grad(loss)(model, xs, targets, key)
        optimizer.update(model, grads)

So do ``nnx.split``, ``nnx.merge`` and ``nnx.state``, and
``nnx.to_pure_dict(nnx.state(model))`` is a nested dict of arrays to save.
"""

from jlstm.nnx._tabulate import mend_tabulate
from jlstm.nnx.partition import annotate as annotate
from jlstm.nnx.rnn import RNN as RNN
from jlstm.nnx.stacks import GRU as GRU
from jlstm.nnx.stacks import LSTM as LSTM
from jlstm.nnx.stacks import PeepholeLSTM as PeepholeLSTM
from jlstm.nnx.stacks import SimpleRNN as SimpleRNN

mend_tabulate()
