"""The training step: a pure function from state and batch to state and metrics."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from jlstm.training.average import update_average
from jlstm.training.nonfinite import OnlyFinite, keep_finite
from jlstm.training.optimizer import Rule
from jlstm.training.precision import loss_in
from jlstm.training.state import TrainState
from jlstm.training.task import Batch, Metrics, Task, rate_scale

Step = Callable[..., tuple[TrainState, Metrics]]
"""From a state, a batch and its weight to the next state and metrics."""


def train_step(
    task: Task,
    optimizer: Rule,
    state: TrainState,
    batch: Batch,
    weight: float | Float[Array, ""] = 1.0,
    *,
    dtype: str = "float32",
) -> tuple[TrainState, Metrics]:
    """Return the state after one batch, and its metrics.

    Truncated back-propagation through time: the carry goes on to the next batch as a
    value, no gradient passes through it. ``metrics`` holds those of the task and
    ``grad_norm``, the global norm before clipping. ``weight`` is what the batch holds,
    for an update that waits for several; ``dtype`` is that of the products.
    """
    key = jax.random.fold_in(state.key, state.step)
    gradient = jax.grad(loss_in(task, dtype), has_aux=True)
    grads, (carry, metrics) = gradient(state.model, state.carry, batch, key)
    rate = state.learning_rate * rate_scale(task, batch)
    updates, opt_state = optimizer.update(
        grads, state.opt_state, state.model, learning_rate=rate, weight=weight
    )
    model = optax.apply_updates(state.model, updates)
    average = None if state.average is None else update_average(state.average, model)
    metrics = {**metrics, "grad_norm": optax.tree.norm(grads)}
    after = state._replace(
        step=state.step + jnp.ones((), state.step.dtype),
        model=model,
        opt_state=opt_state,
        carry=carry,
        average=average,
    )
    if isinstance(optimizer, OnlyFinite):
        return keep_finite(state, after, metrics)
    return after, metrics
