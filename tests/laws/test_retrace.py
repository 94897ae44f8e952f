"""Law: under ``jax.jit`` an equal layer is the same layer, and another is another."""

import pickle

import pytest

from tests.traces import jit_at_most
from tests.zoo import ALL, LAYERS, apply, draw, each


def eval_shape(traces, layers, sample):
    """Trace what runs the layers, without compiling it."""

    def run(layer, sample):
        return apply(layer, sample)

    run = jit_at_most(traces, run, static_argnums=0)
    for layer in layers:
        run.eval_shape(layer, sample)


@each(ALL)
def test_an_equal_layer_is_not_traced_again(row):
    layers = (row.layer, row.layer, pickle.loads(pickle.dumps(row.layer)))
    eval_shape(1, layers, draw(row))


def test_another_layer_is():
    layers = [row.layer for row in LAYERS if row.name in ("stack", "stack_residual")]
    assert len(layers) == 2
    with pytest.raises(AssertionError, match="'run' is traced > 1 times"):
        eval_shape(1, layers, draw(next(row for row in LAYERS if row.name == "stack")))
