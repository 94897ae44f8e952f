"""``jlstm.interop.linen`` and ``nnx``: Flax's cells compute here what they do there."""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

from jlstm import GRUCell, LSTMCarry, LSTMCell, MGUCell, RNNCell
from jlstm.interop import from_linen, from_nnx, to_linen, to_nnx
from tests.interop.peers import (
    HIDDEN_SIZE,
    INPUT_SIZE,
    inputs,
    network,
    require_close,
    require_same,
    run,
    run_steps,
    shapes_of,
    usual_jax,
    wave,
)

FEATURES = (INPUT_SIZE, INPUT_SIZE, 2 * HIDDEN_SIZE)
LINEN = [
    linen.LSTMCell(HIDDEN_SIZE),
    linen.OptimizedLSTMCell(HIDDEN_SIZE, activation_fn=jnp.sin),
    linen.GRUCell(HIDDEN_SIZE, gate_fn=linen.hard_sigmoid),
    linen.MGUCell(HIDDEN_SIZE),
    linen.MGUCell(HIDDEN_SIZE, reset_gate=False),
    linen.SimpleCell(HIDDEN_SIZE, activation_fn=linen.relu),
]
NNX = [nnx.LSTMCell, nnx.OptimizedLSTMCell, nnx.GRUCell, nnx.SimpleCell]


def is_lstm(module):
    return "LSTM" in type(module).__name__


def run_modules(apply, lstm, weights, how=run_steps):
    def step(own, carry, x):
        new, y = apply(own, carry[::-1] if lstm else carry[0], x)
        return (new[::-1] if lstm else (new,)), y

    return how(step, weights, 1 + lstm)


def as_waves(tree, phase):
    leaves, structure = jax.tree.flatten(tree)
    drawn = [
        jnp.asarray(wave(leaf.shape, phase + 0.37 * n)) for n, leaf in enumerate(leaves)
    ]
    return jax.tree.unflatten(structure, drawn)


def linen_trees(module):
    """Return parameters of a Linen cell for each of the three places."""

    def init(x):
        key = jax.random.key(0)
        return module.init(key, module.initialize_carry(key, x.shape), x)["params"]

    with usual_jax():
        shapes = [jax.eval_shape(init, jnp.ones(size)) for size in FEATURES]
    return [as_waves(tree, 1.0 + n) for n, tree in enumerate(shapes)]


@pytest.mark.parametrize("module", LINEN)
def test_linen(module):
    trees = linen_trees(module)
    parts = [from_linen(module, tree) for tree in trees]

    def apply(tree, carry, x):
        return module.apply({"params": tree}, carry, x)

    theirs = run_modules(apply, is_lstm(module), trees)
    require_close(run(*network(parts), inputs()), theirs)
    back = [to_linen(*part) for part in parts]
    require_same([tree for _, tree in back], trees)
    require_same([from_linen(*pair) for pair in back], parts)
    (made, _), *_ = back
    assert made.activation_fn is module.activation_fn
    assert made.features == module.features
    assert getattr(made, "reset_gate", None) == getattr(module, "reset_gate", None)


def nnx_modules(kind):
    """Return NNX cells for each of the three places, with waves as weights."""

    def make(features):
        options = {"dtype": None, "param_dtype": float, "rngs": nnx.Rngs(0)}
        return kind(features, HIDDEN_SIZE, **options)

    with usual_jax():
        shapes = [nnx.split(nnx.eval_shape(partial(make, size))) for size in FEATURES]
    return [
        nnx.merge(graph, as_waves(state, 1.0 + n))
        for n, (graph, state) in enumerate(shapes)
    ]


@pytest.mark.parametrize("kind", NNX)
def test_nnx(kind):
    modules = nnx_modules(kind)
    parts = [from_nnx(module) for module in modules]

    def apply(module, carry, x):
        return module(carry, x)

    theirs = run_modules(apply, is_lstm(modules[0]), modules)
    require_close(run(*network(parts), inputs()), theirs)
    back = [to_nnx(*part, kind) for part in parts]
    states = [[nnx.state(module) for module in both] for both in (modules, back)]
    chex.assert_trees_all_equal(*states)
    require_same([from_nnx(module) for module in back], parts)


def test_exported_modules_of_nnx_run():
    cell, params = from_nnx(nnx_modules(nnx.LSTMCell)[0])
    module = to_nnx(cell, params, nnx.OptimizedLSTMCell)
    x = jnp.asarray(inputs()[0])
    h = c = jnp.asarray(wave((len(x), HIDDEN_SIZE), 0.0))
    with usual_jax():
        (new_c, new_h), _ = module((c, h), x)
    new, _ = cell.step(params, LSTMCarry(h, c), cell.project(params, x))
    np.testing.assert_allclose(new.h, new_h, atol=1e-12)
    np.testing.assert_allclose(new.c, new_c, atol=1e-12)


def test_activations_keep_our_names():
    cell, _ = from_linen(LINEN[1], linen_trees(LINEN[1])[0])
    assert cell == LSTMCell(3, activation=jnp.sin, output_activation=jnp.sin)
    assert from_linen(LINEN[0], linen_trees(LINEN[0])[0])[0] == LSTMCell(3)
    assert from_nnx(nnx_modules(nnx.SimpleCell)[0])[0] == RNNCell(3)


def test_the_gru_of_nnx_has_no_bias_inside_the_reset():
    cell, params = from_nnx(nnx_modules(nnx.GRUCell)[0])
    np.testing.assert_array_equal(params.b_hn, np.zeros(3))
    with usual_jax():
        to_nnx(cell, params._replace(b_hn=None), nnx.GRUCell)
    with pytest.raises(ValueError, match=r"b_hn is not zero, and nnx\.GRUCell"):
        to_nnx(cell, params._replace(b_hn=params.b_hn + 1), nnx.GRUCell)


REFUSED = [
    (GRUCell(3, reset="before"), ValueError, "reset is 'before'"),
    (GRUCell(3, use_bias=False), ValueError, "always has biases"),
    (LSTMCell(3, output_activation="relu"), ValueError, "one option for activation"),
    (LSTMCell(4, num_heads=2), ValueError, "num_heads is 2"),
]


@pytest.mark.parametrize(("cell", "error", "message"), REFUSED)
def test_what_flax_cannot_hold_is_refused(cell, error, message):
    params = shapes_of(cell)
    with pytest.raises(error, match=message):
        to_linen(cell, params)
    with pytest.raises(error, match=message):
        to_nnx(cell, params, nnx.LSTMCell)


@pytest.mark.parametrize("options", [{}, {"reset": "after"}, {"update": "keep"}])
def test_the_paper_s_mgu_is_not_that_of_linen(options):
    cell = MGUCell(3, **options)
    with pytest.raises(ValueError, match="its MGU has update='keep' and reset='after'"):
        to_linen(cell, shapes_of(cell))
    with pytest.raises(TypeError, match="no cell like MGUCell"):
        to_nnx(cell, shapes_of(cell), nnx.GRUCell)


def test_a_class_for_another_cell_is_refused():
    cell = LSTMCell(3)
    with pytest.raises(TypeError, match="GRUCell'> is not NNX's class for LSTMCell"):
        to_nnx(cell, shapes_of(cell), nnx.GRUCell)


def test_other_modules_are_refused():
    with pytest.raises(TypeError, match="cannot read a Dense; give LSTMCell, Opt"):
        from_linen(linen.Dense(3), {})
    residual = linen.SimpleCell(HIDDEN_SIZE, residual=True)
    with pytest.raises(ValueError, match="residual=True"):
        from_linen(residual, {})
