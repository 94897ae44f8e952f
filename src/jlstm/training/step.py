"""The training step: a pure function from state and batch to state and metrics."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import optax

from jlstm.training.average import update_average
from jlstm.training.state import TrainState
from jlstm.training.task import Batch, Metrics, Task, rate_scale

Step = Callable[[TrainState, Batch], tuple[TrainState, Metrics]]


def make_step(task: Task, optimizer: optax.GradientTransformation) -> Step:
    """Return the compiled step of a task; the old state is donated to it."""
    return jax.jit(partial(train_step, task, optimizer), donate_argnums=0)


def train_step(
    task: Task,
    optimizer: optax.GradientTransformation,
    state: TrainState,
    batch: Batch,
) -> tuple[TrainState, Metrics]:
    """Return the state after one update, and its metrics.

    Truncated back-propagation through time: the carry goes on to the next batch as a
    value, no gradient passes through it. ``metrics`` holds those of the task and
    ``grad_norm``, the global norm before clipping.
    """
    key = jax.random.fold_in(state.key, state.step)
    gradient = jax.grad(task.loss, has_aux=True)
    grads, (carry, metrics) = gradient(state.model, state.carry, batch, key)
    direction, opt_state = optimizer.update(grads, state.opt_state, state.model)
    rate = state.learning_rate * rate_scale(task, batch)
    scaled = jax.tree.map(lambda d: -rate.astype(d.dtype) * d, direction)
    model = optax.apply_updates(state.model, scaled)
    average = None if state.average is None else update_average(state.average, model)
    metrics = {**metrics, "grad_norm": optax.tree.norm(grads)}
    state = state._replace(
        step=state.step + jnp.ones((), state.step.dtype),
        model=model,
        opt_state=opt_state,
        carry=carry,
        average=average,
    )
    return state, metrics
