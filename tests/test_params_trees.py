"""Functions of any params pytree: one result for every form that parameters come in."""

import re

import flax.core
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx, traverse_util

import jlstm
import jlstm.linen
import jlstm.nnx
from jlstm import (
    Bidirectional,
    GRUCell,
    LearnedCarry,
    LSTMCell,
    Recurrent,
    RecurrentDropout,
    Stack,
    WeightDrop,
    Zoneout,
)
from jlstm._internal.names import find_leaves, name_of, parts_of
from jlstm.analysis.statistics import parameter_statistics
from jlstm.regularizers import max_norm, weight_drop, weight_penalty
from tests.messages import message_of
from tests.quick import crossed
from tests.zoo import assert_close

X, TOL = 2, 1e-6
LAYERS = {
    "cell": Recurrent(GRUCell(3)),
    "wrapped": Recurrent(LearnedCarry(Zoneout(RecurrentDropout(LSTMCell(3), 0.3)))),
    "stack": Stack(
        (Bidirectional(LSTMCell(3)), Recurrent(GRUCell(6))), connect="highway"
    ),
    "highway": Stack(
        (Recurrent(LSTMCell(3)), Recurrent(GRUCell(3))), connect="highway"
    ),
}


def pure(layer):
    random = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda: layer.init(jax.random.key(0), X))
    return jax.tree.map(
        lambda a: jnp.asarray(random.normal(size=a.shape), jnp.float32), shapes
    )


def module(layer, params):
    empty = jax.eval_shape(lambda: jlstm.nnx.RNN(layer, X, rngs=nnx.Rngs(0)))
    return empty.with_params(params)


def flat(layer, params, **options):
    return traverse_util.flatten_dict(jlstm.linen.linen_params(params), **options)


def unflat(layer, tree, **options):
    return unlinen(layer, traverse_util.unflatten_dict(tree, **options))


def unlinen(layer, tree):
    return jlstm.linen.pure_params(layer, X, tree)


def from_pure_dict(layer, tree):
    state = nnx.state(module(layer, pure(layer)))
    nnx.replace_by_pure_dict(state, tree)
    return from_state(layer, state)


def from_state(layer, state):
    graph, _ = nnx.split(module(layer, pure(layer)))
    return nnx.merge(graph, state).pure_params()


FORMS = {  # how the parameters of a layer come, and how they are read back
    "pure": (lambda layer, p: p, lambda layer, t: t),
    "inside a model": (lambda layer, p: {"rnn": [p]}, lambda layer, t: t["rnn"][0]),
    "linen": (
        lambda layer, p: {"params": {"weights": jlstm.linen.linen_params(p)}},
        lambda layer, t: unlinen(layer, t["params"]["weights"]),
    ),
    "linen without params": (
        lambda layer, p: {"weights": jlstm.linen.linen_params(p)},
        lambda layer, t: unlinen(layer, t["weights"]),
    ),
    "frozen": (
        lambda layer, p: flax.core.freeze({"params": jlstm.linen.linen_params(p)}),
        lambda layer, t: unlinen(layer, flax.core.unfreeze(t)["params"]),
    ),
    "flat by text": (
        lambda layer, p: flat(layer, p, sep="/"),
        lambda layer, t: unflat(layer, t, sep="/"),
    ),
    "flat by tuple": (flat, unflat),
    "nnx module": (module, lambda layer, t: t.pure_params()),
    "nnx model": (
        lambda layer, p: nnx.List([module(layer, p)]),
        lambda layer, t: t[0].pure_params(),
    ),
    "nnx state": (lambda layer, p: nnx.state(module(layer, p)), from_state),
    "nnx pure dict": (
        lambda layer, p: nnx.to_pure_dict(nnx.state(module(layer, p))),
        from_pure_dict,
    ),
}
KEY = 5
FUNCTIONS = {
    "weight_drop": lambda tree: weight_drop(tree, 0.5, jax.random.key(KEY)),
    "max_norm": lambda tree: max_norm(tree, 0.5),
    "max_norm of two": lambda tree: max_norm(tree, 0.5, ("w_ih", "w_hh")),
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "form", "function"), crossed(LAYERS, FORMS, FUNCTIONS)
)
def test_weights_change_as_in_the_pure_tree(name, form, function):
    layer, run = LAYERS[name], FUNCTIONS[function]
    params = pure(layer)
    wanted = run(params)
    changed = [
        bool(jnp.any(a != b))
        for a, b in zip(*map(jax.tree.leaves, (wanted, params)), strict=True)
    ]
    named = [name_of(p) for p, _ in jax.tree.leaves_with_path(params)]
    touched = ("w_ih", "w_hh") if "two" in function else ("w_hh",)
    assert changed == [one in touched for one in named]
    into, back = FORMS[form]
    assert_close(back(layer, run(into(layer, params))), wanted, TOL)


@pytest.mark.parametrize(("name", "form"), crossed(LAYERS, FORMS))
def test_penalties_and_statistics_are_those_of_the_pure_tree(name, form):
    layer = LAYERS[name]
    params = pure(layer)
    tree = FORMS[form][0](layer, params)
    for names in (("w_ih", "w_hh"), ("w_hh",), ("b",)):
        squares = [
            float((leaf**2).sum())
            for path, leaf in jax.tree.leaves_with_path(params)
            if name_of(path) in names
        ]
        np.testing.assert_allclose(weight_penalty(tree, names), sum(squares), rtol=1e-5)
    found, wanted = (
        sorted((name.split(".")[-1], stats) for name, stats in one.items())
        for one in (parameter_statistics(tree), parameter_statistics(params))
    )
    assert found == wanted
    assert {n for n, stats in found if stats.spectral_norm is not None} == {"w_hh"}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["linen", "nnx module"])
def test_under_jit_grad_and_vmap(form):
    layer = LAYERS["stack"]
    params = pure(layer)
    into, back = FORMS[form]
    tree = into(layer, params)
    for function in FUNCTIONS.values():
        assert_close(back(layer, jax.jit(function)(tree)), function(params), TOL)
    grads = back(layer, jax.grad(weight_penalty)(tree))
    assert_close(grads[0].forward.w_hh, 2 * params[0].forward.w_hh, TOL)
    assert not np.any(grads[0].forward.b)
    both = jax.tree.map(lambda a: jnp.stack([a, 2 * a]), tree)
    single, double = jax.vmap(weight_penalty)(both)
    np.testing.assert_allclose(4 * single, double, rtol=1e-5)


NOTHING = {
    "weight_drop": lambda tree: weight_drop(tree, 0.5, jax.random.key(KEY)),
    "weight_drop without key": lambda tree: weight_drop(tree, 0.5, None),
    "max_norm": lambda tree: max_norm(tree, 0.5),
    "weight_penalty": lambda tree: weight_penalty(tree, ("w_hh",)),
}
NAMELESS = {
    "another cell": lambda: jlstm.MinGRUCell(3).init(jax.random.key(0), 2),
    "a dict": lambda: {"kernel": jnp.ones((2, 2)), "bias": jnp.ones(2)},
    "a list": lambda: [jnp.ones((2, 2))],
    "an array": lambda: jnp.ones((2, 2)),
    "nothing": dict,
    "an NNX module": lambda: nnx.Linear(2, 2, rngs=nnx.Rngs(0)),
}


@pytest.mark.parametrize("function", NOTHING)
@pytest.mark.parametrize("tree", NAMELESS)
def test_a_tree_without_such_a_weight_is_refused(tree, function):
    text = message_of(ValueError, lambda: NOTHING[function](NAMELESS[tree]()))
    task = function.split()[0]
    assert re.fullmatch(
        rf"{task}: no weight is named w_hh; the tree has .+\. Name one of these, .*",
        text,
    )


@pytest.mark.parametrize("names", ["w_hh", 3, (1,), None])
def test_names_are_a_tuple(names, unchecked):
    text = message_of(TypeError, lambda: max_norm({"w_hh": jnp.ones(2)}, 1.0, names))
    assert text == f"max_norm: names is {names!r}; give a tuple such as ('w_hh',)."


WITHOUT = [
    jlstm.MinGRUCell(3),
    jlstm.MinLSTMCell(3),
    jlstm.SRUCell(3),
    jlstm.PeepholeSRUCell(3),
    jlstm.QRNNCell(3),
    jlstm.LRUCell(3),
    jlstm.MLSTMCell(4),
    LearnedCarry(jlstm.QRNNCell(3)),
]


@pytest.mark.parametrize("cell", WITHOUT, ids=repr)
def test_dropping_weights_that_a_cell_has_not_is_refused(cell):
    text = message_of(ValueError, lambda: WeightDrop(cell, 0.5))
    assert text.startswith(
        f"WeightDrop drops weights named w_hh, and {cell!r} has none"
    )


@pytest.mark.parametrize("cell", WITHOUT[:-1], ids=repr)
def test_masking_a_recurrent_map_that_a_cell_has_not_is_refused(cell):
    text = message_of(TypeError, lambda: RecurrentDropout(cell, 0.5))
    assert "give a gated cell, whose recurrent map can be changed" in text


def test_paths_are_read_alike():
    path = jax.tree_util.DictKey("a/b"), jax.tree_util.SequenceKey(2)
    assert parts_of(path) == ("a", "b", "2")
    assert name_of(()) == ""
    tree = {"10": {"w": 1}, "2": {"w": 2}, "1": {"v": 3}}
    assert find_leaves("find", tree, ("w",)) == [2, 1]
