"""The train state: one pytree that holds all that a run needs to go on."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jaxtyping import Array, Float, Int

from jlstm._internal.types import Carry, Key
from jlstm.training.average import Average
from jlstm.training.optimizer import Rule
from jlstm.training.task import Task


class TrainState(NamedTuple):
    """Everything that a step reads and writes.

    Attributes:
        step: updates made so far.
        model: the model, a pytree.
        opt_state: of the optimizer.
        carry: where truncated back-propagation goes on.
        learning_rate: of the next update.
        key: root of all randomness; step n uses ``fold_in(key, n)``.
        average: the running mean of the model, ``None`` where none is kept.
    """

    step: Int[Array, ""]
    model: nnx.Module
    opt_state: optax.OptState
    carry: Carry
    learning_rate: Float[Array, ""]
    key: Key
    average: Average | None = None

    @property
    def scored(self) -> nnx.Module:
        """The model that is validated and tested: the mean, once there is one."""
        if self.average is None or int(jnp.max(self.average.count)) < 1:
            return self.model
        return self.average.mean


def init_state(
    task: Task,
    optimizer: Rule,
    learning_rate: float,
    seed: int,
) -> TrainState:
    """Draw a model from ``seed`` and start everything at zero."""
    model_key, key = jax.random.split(jax.random.key(seed))
    model = jax.jit(task.make_model)(model_key)  # one compilation, not one an op
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        model=model,
        opt_state=optimizer.init(model),
        carry=task.init_carry(),
        learning_rate=jnp.asarray(learning_rate, jnp.float32),
        key=key,
    )
