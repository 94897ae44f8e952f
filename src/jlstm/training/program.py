"""What a trainer runs: one model, or several side by side in one compiled program."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jlstm._internal.types import Carry
from jlstm.training.optimizer import Rule
from jlstm.training.state import TrainState, init_state
from jlstm.training.step import Step, make_step, train_step
from jlstm.training.task import Batch, Metrics, Task


@runtime_checkable
class Program(Protocol):
    """A task as the trainer sees it.

    Attributes:
        size: how many models there are.
        step: the compiled update.
    """

    @property
    def size(self) -> int: ...

    @property
    def step(self) -> Step: ...

    def init(self) -> TrainState:
        """Return the state before the first update."""

    def init_carry(self) -> Carry:
        """Return the carry before the first batch."""

    def evaluate(self, model: nnx.Module, part: str) -> Metrics:
        """Return the metrics of a part; ``loss`` is one number."""


class Replica(NamedTuple):
    """One of several models that are trained side by side.

    Attributes:
        seed: of its parameters and its noise.
        learning_rate: its own, at the start.
    """

    seed: int
    learning_rate: float


@dataclass(frozen=True, eq=False)
class SingleModel:
    """One model."""

    task: Task
    optimizer: Rule
    member: Replica
    dtype: str = "float32"

    size = 1

    @cached_property
    def step(self) -> Step:
        """The compiled update."""
        return make_step(self.task, self.optimizer, self.dtype)

    def init(self) -> TrainState:
        """Draw the model."""
        return init_state(
            self.task, self.optimizer, self.member.learning_rate, self.member.seed
        )

    def init_carry(self) -> Carry:
        """Return the carry of the task."""
        return self.task.init_carry()

    def evaluate(self, model: nnx.Module, part: str) -> Metrics:
        """Return the metrics of the task."""
        return self.task.evaluate(model, part)


@dataclass(frozen=True, eq=False)
class Replicas:
    """Several models that see the same batches, stacked along a first axis.

    Only seed and learning rate differ. Each model gets the numbers that it would get
    alone, but for rounding. A member whose loss is no longer finite goes on as NaN and
    does not disturb the others.
    """

    task: Task
    optimizer: Rule
    members: tuple[Replica, ...]
    dtype: str = "float32"

    @property
    def size(self) -> int:
        """How many models there are."""
        return len(self.members)

    @cached_property
    def step(self) -> Step:
        """The compiled update of all members."""
        alone = partial(train_step, self.task, self.optimizer, dtype=self.dtype)

        def step(state: TrainState, batch: Batch, weight: Any = 1.0) -> Any:
            return jax.vmap(alone, in_axes=(0, None, None))(state, batch, weight)

        return jax.jit(step, donate_argnums=0)

    def init(self) -> TrainState:
        """Draw the models one by one: QR under vmap can hang XLA's CPU threads."""
        states = [
            init_state(self.task, self.optimizer, member.learning_rate, member.seed)
            for member in self.members
        ]
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)

    def init_carry(self) -> Carry:
        """Return the carry of the task, once for each member."""
        return jax.tree.map(
            lambda leaf: jnp.stack([leaf] * self.size), self.task.init_carry()
        )

    def evaluate(self, model: nnx.Module, part: str) -> Metrics:
        """Return the mean of each metric, and ``…_members``, a list, next to it."""
        own = [self.task.evaluate(take(model, n), part) for n in range(self.size)]
        lists = {name: [one[name] for one in own] for name in own[0]}
        means = {name: finite_mean(values) for name, values in lists.items()}
        return means | {f"{name}_members": lists[name] for name in lists}


def make_program(
    task: Task,
    optimizer: Rule,
    members: tuple[Replica, ...],
    dtype: str = "float32",
) -> Program:
    """Return what trains one member as it is, and several side by side."""
    if len(members) == 1:
        return SingleModel(task, optimizer, members[0], dtype)
    return Replicas(task, optimizer, members, dtype)


def take(stacked: Any, number: int) -> Any:
    """Return one member of a tree whose arrays are stacked.

    Example:
        >>> take({"w": jnp.array([[1.0], [2.0]])}, 1)
        {'w': Array([2.], dtype=float32)}
    """
    return jax.tree.map(lambda leaf: leaf[number], stacked)


def mean_metrics(metrics: Sequence[Metrics]) -> Metrics:
    """Return the means of metrics over steps, and over members where there are any.

    The means of each member are in ``…_members``, a list.

    Example:
        >>> losses = [[1.0, 5.0], [3.0, 7.0]]
        >>> mean_metrics([{"loss": np.array(members)} for members in losses])
        {'loss': 4.0, 'loss_members': [2.0, 6.0]}
    """
    stacked = {name: np.array([m[name] for m in metrics]) for name in metrics[0]}
    means = {name: finite_mean(values) for name, values in stacked.items()}
    lists = {
        f"{name}_members": values.astype(np.float64).mean(0).tolist()
        for name, values in stacked.items()
        if values.ndim > 1
    }
    return means | lists


def finite_mean(values: Any) -> float:
    """Return the mean of what is finite, NaN where nothing is.

    Example:
        >>> finite_mean([1.0, float("nan"), 3.0])
        2.0
    """
    numbers = np.asarray(values, np.float64)
    finite = numbers[np.isfinite(numbers)]
    return float(finite.mean()) if finite.size else float("nan")
