"""Sequences without steps, without rows, or without either, however they are run."""

import chex
import jax
import jax.numpy as jnp
import pytest

import jlstm
import jlstm._backends.native
from jlstm import Bidirectional, Recurrent, Stack, trace, unroll
from tests.quick import quick

SHAPES = ((0, 2), (5, 0), (0, 0), (5, 2, 0), (5, 0, 2), (0,))
CELLS = {
    "fused": jlstm.LSTMCell(3),
    "native": jlstm.GRUCell(3),
    "parallel": jlstm.MLSTMCell(4, 2),
    "scan": jlstm.SLSTMCell(3),
    "auto": jlstm.LRUCell(3),
}
CASES = [
    (shape, backend, checkpoint, reverse, steered)
    for number, (shape, backend) in enumerate(
        (shape, backend) for shape in SHAPES for backend in CELLS
    )
    for checkpoint in (("sqrt", 2, "step", None) if number else ("sqrt",))
    for reverse in (False, True)
    for steered in (False, True)
]
SAMPLE = [case for case in CASES if case[2:] == ("sqrt", False, True)][2::4]


@pytest.mark.long
@pytest.mark.parametrize(
    "case",
    quick([*SAMPLE, *(case for case in CASES if case not in SAMPLE)], len(SAMPLE)),
)
def test_nothing_gives_nothing(case):
    """The carry stays what it was; the gradients are zero."""
    shape, backend, checkpoint, reverse, steered = case
    cell = CELLS[backend]
    if backend == "native" and jlstm._backends.native.unavailable(cell):
        pytest.skip(jlstm._backends.native.unavailable(cell))
    params = cell.init(jax.random.key(0), 2)
    carry = jax.tree.map(jnp.ones_like, cell.init_carry(shape[1:]))
    lengths = jnp.full(shape[1:], shape[0])
    flags = {"lengths": lengths, "resets": jnp.zeros(shape, bool)} if steered else {}

    @jax.jit
    def measured(params, xs, carry):
        last, ys = unroll(
            cell, params, xs, carry, backend=backend, checkpoint=checkpoint,
            reverse=reverse, **flags,
        )  # fmt: skip
        return ys.sum(), (last, ys)

    xs = jnp.ones((*shape, 2), jnp.float32)
    grads, (last, ys) = jax.grad(measured, argnums=(0, 1), has_aux=True)(
        params, xs, carry
    )
    assert ys.shape == (*shape, cell.hidden_size)
    chex.assert_trees_all_equal(last, carry)
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(grads))


@pytest.mark.parametrize("shape", quick(SHAPES))
def test_layers_and_trace_of_nothing(shape):
    cell = jlstm.LSTMCell(3)
    lower = Recurrent(cell, checkpoint="sqrt")
    layer = Stack((lower, Bidirectional(cell, checkpoint="sqrt")), dropout=0.5)
    params = layer.init(jax.random.key(0), 2)
    xs = jnp.ones((*shape, 2), jnp.float32)
    resets = jnp.zeros(shape, bool)
    carry, ys = layer.apply(params, xs, resets=resets, key=jax.random.key(1))
    assert ys.shape == (*shape, 6)
    assert carry[1].backward.c.shape == (*shape[1:], 3)
    _, (carries, gates) = trace(cell, params[0], xs, checkpoint="sqrt")
    assert carries.c.shape == gates.f.shape == (*shape, 3)
