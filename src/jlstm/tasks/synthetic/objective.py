"""Long-term dependencies: sequences made inside the step, evaluation on fixed ones."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from jlstm._internal.options import Options, Size
from jlstm._internal.types import Carry, Key
from jlstm.data.synthetic.batch import SyntheticBatch
from jlstm.data.synthetic.eval_sets import EvalSet
from jlstm.data.synthetic.problem import Kind, Problem
from jlstm.losses import token_nll
from jlstm.tasks.synthetic.model import MemoryConfig, MemoryModel
from jlstm.training.select import Better
from jlstm.training.task import Metrics

MARGIN = 0.04
"""How far from its target a number may be and still be right (Hochreiter, 1997)."""

EVAL_SEED = 1997
Answers = Callable[[Array], Array]
Number = int | Int[Array, ""]
PARTS = ("valid", "test")


@dataclass(frozen=True)
class DrawConfig(Options):
    """How many sequences are made.

    Attributes:
        batch_size: sequences in an update, and in a batch of an evaluation.
        updates: in one epoch, which ends with an evaluation.
        exam_batches: batches of the validation set, and of the test set.
    """

    batch_size: Size = 50
    updates: Size = 500
    exam_batches: Size = 20


class Tally(NamedTuple):
    """What a batch is scored by: losses, right answers, and what counts."""

    losses: Float[Array, "t b"] | Float[np.ndarray, "t b"]
    right: Bool[Array, "t b"] | Bool[np.ndarray, "t b"]
    weights: Float[Array, "t b"] | Float[np.ndarray, "t b"]


@dataclass(frozen=True, eq=False)
class MemoryTask:
    """A generated task; see :class:`jlstm.training.task.Task`.

    Every update makes its own sequences from the key of the step. Models that are
    trained side by side have keys of their own, and so sequences of their own.

    Attributes:
        problem: what is to be learned.
        model: hyper-parameters of the model.
        draw: how many sequences are made.
    """

    problem: Problem
    model: MemoryConfig
    draw: DrawConfig
    unit: str = "sequences"
    has_test: bool = True

    @property
    def baselines(self) -> dict[str, float]:
        """The loss of what has no memory."""
        return {"no memory": self.problem.baseline}

    @property
    def drawn_rows(self) -> int:
        """The rows of an update, which devices share."""
        return self.draw.batch_size

    @property
    def measures(self) -> dict[str, Better]:
        """The metrics that can choose the best epoch."""
        names = [each.name for each in self.problem.eval_sets]
        return {"loss": "lower"} | dict.fromkeys([*names, "solved"], "higher")

    def make_model(self, key: Key) -> MemoryModel:
        """Draw a model."""
        sizes = self.problem.inputs, self.problem.outputs
        return MemoryModel(*sizes, self.model, rngs=nnx.Rngs(key))

    def init_carry(self) -> Carry:
        """Return nothing: every sequence begins again."""
        return ()

    def batches(self, epoch: int) -> range:
        """Return numbers of updates: what is read is made in :meth:`loss`."""
        return range(self.draw.updates)

    def count(self, batch: Number) -> int:
        """Return the number of sequences of an update."""
        return self.draw.batch_size

    def loss(
        self, model: MemoryModel, carry: Carry, batch: Number, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Make sequences from ``key``; return the mean loss of the steps that count."""
        made = self.problem.draw(key, self.draw.batch_size)
        answers = model(made.xs, key=jax.random.fold_in(key, 0))
        losses = SCORERS[self.problem.kind](answers, made.targets)[0]
        loss = jnp.sum(losses * made.weights) / jnp.sum(made.weights)
        return loss, (carry, {"loss": loss})

    def evaluate(self, model: Answers, part: str) -> dict[str, float]:
        """Return the loss, one number per evaluation set, and ``solved``: 1 or 0."""
        tallies = [self._tally(model, batches) for batches in self._batches[part]]
        losses, _, weights = tallies[0]
        metrics = {"loss": float((losses * weights).sum() / weights.sum())}
        for eval_set, (_, right, counted) in zip(
            self.problem.eval_sets, tallies, strict=True
        ):
            metrics[eval_set.name] = eval_set.score(right, counted)
        return metrics | {"solved": float(self.problem.goal.met(metrics))}

    def first_batches(self, part: str) -> list[SyntheticBatch]:
        """Return the batches of the first evaluation set, that of the loss."""
        return self._batches[part][0]

    def _tally(self, model: Answers, batches: list[SyntheticBatch]) -> Tally:
        """Return the tallies of several batches side by side."""
        tallies = [tally(model, batch, self.problem.kind) for batch in batches]
        return Tally(
            *(np.concatenate(parts, 1) for parts in zip(*tallies, strict=True))
        )

    @cached_property
    def _batches(self) -> dict[str, list[list[SyntheticBatch]]]:
        """The batches of each evaluation set, by part: the same for all seeds."""
        roots = jax.random.split(jax.random.key(EVAL_SEED), len(PARTS))
        return {p: self._draw_part(key) for p, key in zip(PARTS, roots, strict=True)}

    def _draw_part(self, key: Key) -> list[list[SyntheticBatch]]:
        eval_sets = self.problem.eval_sets
        keys = jax.random.split(key, len(eval_sets))
        return [
            self._draw_eval_set(*pair) for pair in zip(eval_sets, keys, strict=True)
        ]

    def _draw_eval_set(self, eval_set: EvalSet, key: Key) -> list[SyntheticBatch]:
        size = self.draw.batch_size
        draw = jax.jit(partial(eval_set.draw, batch_size=size))
        if eval_set.once:
            return [draw(key)]
        return [draw(each) for each in jax.random.split(key, self.draw.exam_batches)]


@partial(jax.jit, static_argnums=2)
def tally(model: Answers, batch: SyntheticBatch, kind: Kind) -> Tally:
    """Return the tallies that a model gets on a batch."""
    losses, right = SCORERS[kind](model(batch.xs), batch.targets)
    return Tally(losses, right, batch.weights)


def score_numbers(
    answers: Float[Array, "t b k"], targets: Float[Array, "t b"]
) -> tuple[Array, Array]:
    """Return squared errors, and which answers are within 0.04 of their targets.

    Example:
        >>> losses, right = score_numbers(jnp.full((1, 1, 1), 0.5), jnp.ones((1, 1)))
        >>> losses.item(), right.item()
        (0.25, False)
    """
    errors = answers[..., 0] - targets
    return errors**2, jnp.abs(errors) < MARGIN


def score_classes(
    answers: Float[Array, "t b k"], targets: Array
) -> tuple[Array, Array]:
    """Return the nats of each target class, and which is the most likely one."""
    return token_nll(answers, targets), jnp.argmax(answers, axis=-1) == targets


def score_sets(
    answers: Float[Array, "t b k"], targets: Float[Array, "t b k"]
) -> tuple[Array, Array]:
    """Return the nats of each set, and which sets are right in every symbol."""
    losses = optax.sigmoid_binary_cross_entropy(answers, targets).sum(-1)
    return losses, ((answers > 0) == (targets > 0.5)).all(-1)


SCORERS: dict[Kind, Callable[[Array, Array], tuple[Array, Array]]] = {
    "number": score_numbers,
    "class": score_classes,
    "set": score_sets,
}
