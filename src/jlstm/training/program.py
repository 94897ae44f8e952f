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
from jlstm.training.layout import ONE_DEVICE, Layout
from jlstm.training.optimizer import Rule
from jlstm.training.state import TrainState, init_state
from jlstm.training.step import Step, train_step
from jlstm.training.task import Batch, Metrics, Task, row_axes


@runtime_checkable
class Program(Protocol):
    """A task as the trainer sees it.

    Attributes:
        size: how many models there are.
        layout: where state and batches lie.
        step: the compiled update.
    """

    @property
    def size(self) -> int: ...

    @property
    def layout(self) -> Layout: ...

    @property
    def step(self) -> Step: ...

    def init(self) -> TrainState:
        """Return the state before the first update, where it will lie."""

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
    layout: Layout = ONE_DEVICE

    size = 1

    @cached_property
    def step(self) -> Step:
        """The compiled update."""
        alone = partial(train_step, self.task, self.optimizer, dtype=self.dtype)
        return compiled(alone, self.task, self.layout)

    def init(self) -> TrainState:
        """Draw the model."""
        state = init_state(
            self.task, self.optimizer, self.member.learning_rate, self.member.seed
        )
        return self.layout.placed(state)

    def init_carry(self) -> Carry:
        """Return the carry of the task."""
        return self.task.init_carry()

    def evaluate(self, model: nnx.Module, part: str) -> Metrics:
        """Return the metrics of the task."""
        return self.layout.scored(lambda one: self.task.evaluate(one, part), model)


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
    layout: Layout = ONE_DEVICE

    @property
    def size(self) -> int:
        """How many models there are."""
        return len(self.members)

    @cached_property
    def step(self) -> Step:
        """The compiled update of all members."""
        alone = partial(train_step, self.task, self.optimizer, dtype=self.dtype)

        def step(state: TrainState, batch: Batch, weight: Any = 1.0) -> Any:
            every = self.layout.vmap(alone, in_axes=(0, None, None))
            return every(state, batch, weight)

        return compiled(step, self.task, self.layout)

    def init(self) -> TrainState:
        """Draw the models one by one: QR under vmap can hang XLA's CPU threads."""
        states = [
            init_state(self.task, self.optimizer, member.learning_rate, member.seed)
            for member in self.members
        ]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
        return self.layout.placed(stacked)

    def init_carry(self) -> Carry:
        """Return the carry of the task, once for each member."""
        return jax.tree.map(
            lambda leaf: jnp.stack([leaf] * self.size), self.task.init_carry()
        )

    def evaluate(self, model: nnx.Module, part: str) -> Metrics:
        """Return the mean of each metric, and ``…_members``, a list, next to it."""
        own = self.layout.scored(lambda all_: self._each(all_, part), model)
        lists = {name: [one[name] for one in own] for name in own[0]}
        means = {name: finite_mean(values) for name, values in lists.items()}
        return means | {f"{name}_members": lists[name] for name in lists}

    def _each(self, model: Any, part: str) -> list[Metrics]:
        return [self.task.evaluate(take(model, n), part) for n in range(self.size)]


def make_program(
    task: Task,
    optimizer: Rule,
    members: tuple[Replica, ...],
    dtype: str = "float32",
    layout: Layout = ONE_DEVICE,
) -> Program:
    """Return what trains one member as it is, and several side by side."""
    if len(members) == 1:
        return SingleModel(task, optimizer, members[0], dtype, layout)
    return Replicas(task, optimizer, members, dtype, layout)


def compiled(step: Step, task: Task, layout: Layout) -> Step:
    """Return a compiled update; the old state is donated to it.

    On a mesh, batches are laid out before, and the state stays as it is laid out.
    """
    if layout.mesh is None:
        return jax.jit(step, donate_argnums=0)

    def held(state: TrainState, batch: Batch, weight: Any) -> Any:
        state, metrics = step(state, batch, weight)
        return layout.kept(state), metrics

    update = jax.jit(held, donate_argnums=0)

    def placed(state: TrainState, batch: Batch, weight: Any = 1.0) -> Any:
        batch = layout.placed_rows(batch, row_axes(task, batch))
        with layout.entered():
            return update(state, batch, weight)

    return placed


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
