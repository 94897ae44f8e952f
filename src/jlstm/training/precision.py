"""Mixed precision: a model computes in few bits and is kept, and updated, in many."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from flax import nnx

from jlstm.nnx import RNN
from jlstm.training.task import Metrics, Task

M = TypeVar("M", bound=nnx.Module)
Loss = Callable[..., tuple[Any, tuple[Any, Metrics]]]


def computing_in(model: M, dtype: str) -> M:
    """Return a copy of a model whose products are of numbers of a dtype.

    Its parameters are rounded, and so is what enters recurrent layers; carries and sums
    stay in float32, and so does all that follows the scores: losses, softmax, beams.

    Example:
        >>> from jlstm import GRUCell
        >>> model = RNN(GRUCell(2), input_size=3, rngs=nnx.Rngs(0))
        >>> computing_in(model, "bfloat16")(jnp.ones((5, 1, 3)))[1].dtype
        dtype(bfloat16)
        >>> jax.tree.leaves(model)[0].dtype
        dtype('float32')
    """

    def rounded(leaf: Any) -> Any:
        return leaf.astype(dtype) if leaf.dtype == jnp.float32 else leaf

    copy = jax.tree.map(rounded, model)
    for _, part in nnx.iter_modules(copy):
        if isinstance(part, RNN):
            part.dtype = jnp.dtype(dtype)
    return copy


def loss_in(task: Task, dtype: str) -> Loss:
    """Return the loss of a task, computed in a dtype: a float32 with float32 gradients.

    Of float32 it is that of the task itself.
    """
    if dtype == "float32":
        return task.loss

    def loss(model: nnx.Module, *more: Any) -> tuple[Any, tuple[Any, Metrics]]:
        value, others = task.loss(computing_in(model, dtype), *more)
        return value.astype(jnp.float32), others

    return loss
