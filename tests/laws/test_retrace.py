"""Law: under ``jax.jit`` an equal layer is the same layer, and another is another."""

import pickle
from functools import partial

import jax

from tests.zoo import ALL, apply, draw, each


@each(ALL)
def test_an_equal_layer_is_not_traced_again(row):
    traced = []

    @partial(jax.jit, static_argnums=0)
    def run(layer, sample):
        traced.append(layer)
        return apply(layer, sample)

    sample = draw(row)
    for layer in (row.layer, row.layer, pickle.loads(pickle.dumps(row.layer))):
        run.eval_shape(layer, sample)
    assert traced == [row.layer]
