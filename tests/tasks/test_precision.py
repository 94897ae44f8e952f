"""In bfloat16 each task has nearly the loss and the gradient that it has in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm import LSTMCell
from jlstm.nnx import RNN
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.loop import Trainer
from jlstm.training.precision import computing_in, loss_in
from tests.tasks.small import PARTS, small

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
NEAR = 0.02
"""Of the loss, and of the length of all gradients together: bfloat16 has 8 bits."""


def valued(task, model, dtype):
    loss = jax.jit(jax.value_and_grad(loss_in(task, dtype), has_aux=True))
    batch, key = task.batches(1)[0], jax.random.key(1)
    (value, (carry, metrics)), grads = loss(model, task.init_carry(), batch, key)
    flat = jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(grads)])
    return value, flat, (carry, metrics)


@pytest.mark.long
@pytest.mark.parametrize("name", PARTS)
def test_loss_and_gradient_are_near_those_of_float32(name, tmp_path, monkeypatch):
    made = small(name, tmp_path, monkeypatch)
    task = made.task(made.data, {})
    model = task.make_model(jax.random.key(0))
    (wide, steep, around), (near, other, rounded) = (
        valued(task, model, dtype) for dtype in ("float32", "bfloat16")
    )
    assert jax.tree.map(lambda x: x.dtype, rounded) == jax.tree.map(
        lambda x: x.dtype, around
    )
    assert near.dtype == other.dtype == jnp.float32
    assert (other != steep).any()  # something was rounded
    np.testing.assert_allclose(near, wide, rtol=NEAR)
    assert jnp.linalg.norm(other - steep) < 2 * NEAR * jnp.linalg.norm(steep)
    given = task.init_carry(), task.batches(1)[0], jax.random.key(1)
    raw = jax.eval_shape(task.loss, computing_in(model, "bfloat16"), *given)[0]
    assert raw.dtype == jnp.float32  # the loss itself, before it is handed on


def test_a_model_computes_in_few_bits_and_keeps_its_own():
    model = RNN(LSTMCell(3), input_size=2, rngs=nnx.Rngs(0))
    rounded = computing_in(model, "bfloat16")
    xs = jnp.ones((4, 1, 2), jnp.float32)
    (carry, near), (_, wide) = rounded(xs), model(xs)
    assert near.dtype == jnp.bfloat16 and jax.tree.leaves(carry)[0].dtype == jnp.float32
    assert {leaf.dtype for leaf in jax.tree.leaves(model)} == {jnp.dtype("float32")}
    assert model.dtype is None and 0 < jnp.abs(near - wide).max() < 0.01


@pytest.mark.long
def test_a_run_in_bfloat16_learns_and_keeps_float32(tmp_path, monkeypatch):
    made = small("forecast", tmp_path, monkeypatch)
    task, ended = made.task(made.data, {}), {}
    for dtype in ("float32", "bfloat16"):
        ended[dtype] = Trainer(
            task,
            TrainConfig(epochs=6, dtype=dtype, test_weights="last"),
            OptimizerConfig("adam", 0.02),
            ScheduleConfig(),
            tmp_path / dtype,
        ).fit()
    first = task.evaluate(task.make_model(jax.random.key(0)), "valid")["loss"]
    wide, near = (ended[dtype].valid["loss"] for dtype in ("float32", "bfloat16"))
    assert near < 0.8 * first and near == pytest.approx(wide, rel=0.05)
    assert {leaf.dtype for leaf in jax.tree.leaves(ended["bfloat16"].model)} == {
        jnp.dtype("float32")
    }
