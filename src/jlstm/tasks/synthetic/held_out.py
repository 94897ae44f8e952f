"""What a model answers to generated sequences, as rows of a table."""

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from jlstm.data.synthetic.batch import SyntheticBatch
from jlstm.data.synthetic.problem import Kind
from jlstm.tasks.synthetic.objective import Answers, MemoryTask
from jlstm.training.rows import Row

SHOWN = 50
"""Symbols of an input that are written out."""


def answer_rows(model: Answers, task: MemoryTask, part: str) -> Iterator[Row]:
    """Yield input, answer and right answer of each sequence that the loss is of.

    There is an answer for each step that counts. A set of symbols has commas.
    """
    kind = task.problem.kind
    for batch in task.first_batches(part):
        answers = np.asarray(_answers(model, batch))
        own = SyntheticBatch(*map(np.asarray, batch))
        for column in range(own.weights.shape[1]):
            steps = np.flatnonzero(own.weights[:, column])
            yield {
                "input": told_input(own.xs[:, column]),
                "answer": [answered(answers[n, column], kind) for n in steps],
                "right": [target(own.targets[n, column], kind) for n in steps],
            }


def told_input(xs: np.ndarray) -> str:
    """Return symbols; or, of numbers with marks next to them, the marked ones.

    Example:
        >>> told_input(np.array([3, 0, 1]))
        '3 0 1'
        >>> told_input(np.array([[0.5, 0], [0.25, 1], [0.75, 1]]))
        '0.2500 at 1, 0.7500 at 2, of 3 steps'
    """
    if xs.ndim > 1:
        marked = np.flatnonzero(xs[:, -1] > 0)
        told = ", ".join(f"{xs[n, 0]:.4f} at {n}" for n in marked)
        return f"{told}, of {len(xs)} steps"
    more = f" … of {len(xs)} steps" if len(xs) > SHOWN else ""
    return " ".join(map(str, xs[:SHOWN])) + more


def answered(answer: np.ndarray, kind: Kind) -> Any:
    """Return the answer of a step, as a table has it.

    Example:
        >>> told = np.array([0.5, -1.0, 2.0], np.float32)
        >>> answered(told[:1], "number"), answered(told, "class"), answered(told, "set")
        (0.5, 2, '0,2')
    """
    if kind == "number":
        return round(float(answer[0]), 5)
    return int(answer.argmax()) if kind == "class" else _members(answer > 0)


def target(value: np.ndarray | np.generic, kind: Kind) -> Any:
    """Return the right answer of a step, in the form of :func:`answered`."""
    if kind == "number":
        return round(value.item(), 5)
    return int(value.item()) if kind == "class" else _members(np.asarray(value) > 0.5)


def _members(inside: np.ndarray) -> str:
    return ",".join(map(str, np.flatnonzero(inside)))


@jax.jit
def _answers(model: Answers, batch: SyntheticBatch) -> jax.Array:
    return model(batch.xs)
