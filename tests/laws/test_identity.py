"""Law: cells and layers are values: they hash, compare, print, pickle, never change."""

import copy
import dataclasses
import pickle

import jax
import pytest

import jlstm
from jlstm import activations, initializers
from tests.zoo import ALL, MAIN, assert_same, each

NAMES = {**vars(jlstm), **vars(initializers), **vars(activations)}


@each(ALL)
def test_a_layer_is_equal_to_its_copies(row):
    copies = (
        pickle.loads(pickle.dumps(row.layer)),
        copy.deepcopy(row.layer),
        dataclasses.replace(row.layer),
        eval(repr(row.layer), dict(NAMES)),
    )
    for other in copies:
        assert other == row.layer
        assert hash(other) == hash(row.layer)
        assert repr(other) == repr(row.layer)
    assert len({row.layer, *copies}) == 1


def test_different_layers_are_different():
    layers = [row.layer for row in ALL]
    assert len(set(layers)) == len(layers)
    assert len(set(map(repr, layers))) == len(layers)


@each(ALL)
def test_a_layer_cannot_be_changed(row):
    name = dataclasses.fields(row.layer)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError, match=name):
        setattr(row.layer, name, getattr(row.layer, name))


@each(ALL)
def test_params_and_carry_pickle(row):
    params = row.layer.init(jax.random.key(0), row.input_size)
    carry = row.layer.init_carry((2,))
    assert_same(pickle.loads(pickle.dumps((params, carry))), (params, carry))


@each(MAIN)
def test_the_same_key_is_the_same_params(row):
    first, again, other = (
        row.layer.init(jax.random.key(n), row.input_size) for n in (3, 3, 4)
    )
    assert_same(first, again)
    assert any(
        (a != b).any()
        for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(other), strict=True)
    )
