"""The generated tasks by the name that a configuration has for them.

A problem says how a training batch is drawn, what its answers are, what a model without
memory scores, and by which evaluation sets a trained model is judged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from jlstm._internal.options import Count, Options, Size
from jlstm._internal.types import Key
from jlstm.data.synthetic.adding import (
    adding,
    adding_1997,
    adding_1997_baseline,
    adding_baseline,
)
from jlstm.data.synthetic.batch import SyntheticBatch, at_least
from jlstm.data.synthetic.copying import copying, copying_baseline
from jlstm.data.synthetic.counting import counting, counting_strings
from jlstm.data.synthetic.dyck import dyck
from jlstm.data.synthetic.eval_sets import EvalSet, reach, share, strings, tail
from jlstm.data.synthetic.order import SYMBOLS, temporal_order, temporal_order_baseline
from jlstm.data.synthetic.parity import parity, parity_baseline

ProblemName = Literal[
    "adding", "adding_1997", "copying", "temporal_order", "parity", "counting", "dyck"
]
Kind = Literal["number", "class", "set"]
COPIED, COPY_SYMBOLS = 10, 8


@dataclass(frozen=True)
class ProblemConfig(Options):
    """Which task, and how long its sequences are.

    Attributes:
        name: of the task.
        steps: T of adding, copying (the delay) and temporal order.
        shortest: of parity and Dyck the shortest string, of counting the smallest n.
        longest: the longest string, or the largest n, that is trained on.
        far: how far the evaluation set of longer strings goes.
        letters: of counting: 2 for a^n b^n, 3 for a^n b^n c^n.
        kinds: of Dyck: how many kinds of brackets.
        signs: of temporal order: 2 for experiment 6a, 3 for 6b.
        every: of parity: ask for the answer at every step, which is much easier.
        goal: from which score on the problem is solved; None is the problem's own.
    """

    name: ProblemName = "adding"
    steps: Size = 100
    shortest: Count = 1
    longest: Size = 40
    far: Size = 256
    letters: Size = 2
    kinds: Size = 1
    signs: Size = 2
    every: bool = False
    goal: float | None = None


class Goal(NamedTuple):
    """When a problem counts as solved.

    Attributes:
        metric: which number decides.
        value: the number that is asked for.
        at_most: whether it is to be no more than that, as a loss is; else no less.
    """

    metric: str
    value: float
    at_most: bool = False

    def met(self, metrics: dict[str, float]) -> bool:
        """Return whether the metrics of a model meet it.

        Example:
            >>> Goal("loss", 0.01, at_most=True).met({"loss": 0.02})
            False
        """
        value = metrics[self.metric]
        return value <= self.value if self.at_most else value >= self.value


class Problem(NamedTuple):
    """One generated task.

    Attributes:
        title: what a table calls it.
        inputs: features of a step, or how many symbols there are.
        outputs: numbers, classes or symbols that an answer is about.
        kind: what an answer is: a number, a class, or a set of symbols.
        draw: a random key and a batch size in, a training batch out.
        baseline: the loss of what has no memory.
        eval_sets: what is measured; the loss is that on the first one.
        goal: when it is solved.
    """

    title: str
    inputs: int
    outputs: int
    kind: Kind
    draw: Callable[[Key, int], SyntheticBatch]
    baseline: float
    eval_sets: tuple[EvalSet, ...]
    goal: Goal


def make_problem(config: ProblemConfig) -> Problem:
    """Return the task that a configuration names.

    Raises:
        ValueError: a number is out of range.

    Example:
        >>> problem = make_problem(ProblemConfig("adding", steps=50))
        >>> problem.title, round(problem.baseline, 4), problem.goal.value
        ('adding, T = 50', 0.1667, 0.01)
    """
    problem = _MAKERS[config.name](config)
    for draw in (problem.draw, *(one.draw for one in problem.eval_sets)):
        jax.eval_shape(partial(draw, batch_size=1), jax.random.key(0))  # its own checks
    if config.goal is None:
        return problem
    return problem._replace(goal=problem.goal._replace(value=config.goal))


def memoryless_nats(batch: SyntheticBatch) -> float:
    """Return the nats per step of the best guess from the current symbol alone.

    The guess names each symbol with the share of times that it may come next. Not for
    use inside ``jit``.

    Example:
        >>> batch = counting_strings(jnp.array([1]), longest=1)
        >>> memoryless_nats(batch)
        0.0
    """
    xs, targets, weights = (np.asarray(part) for part in batch)
    xs, targets = xs[weights > 0], targets[weights > 0].astype(np.float64)
    shares = {symbol: targets[xs == symbol].mean(0) for symbol in np.unique(xs)}
    p = np.array([shares[symbol] for symbol in xs])
    likely = np.where(targets > 0.5, p, 1 - p)  # a share of what was seen: never 0
    return float(-np.log(likely).sum(-1).mean()) + 0.0


def _adding(config: ProblemConfig) -> Problem:
    draw = partial(adding, steps=config.steps)
    eval_sets = (EvalSet("within", draw, share),)
    goal, title = Goal("loss", 0.01, at_most=True), f"adding, T = {config.steps}"
    return Problem(title, 2, 1, "number", draw, adding_baseline(), eval_sets, goal)


def _adding_1997(config: ProblemConfig) -> Problem:
    at_least("steps", config.steps, 24)
    draw = partial(adding_1997, steps=config.steps)
    baseline = adding_1997_baseline(config.steps)
    eval_sets, goal = (EvalSet("within", draw, share),), Goal("within", 0.999)
    title = f"adding of 1997, T = {config.steps}"
    return Problem(title, 2, 1, "number", draw, baseline, eval_sets, goal)


def _copying(config: ProblemConfig) -> Problem:
    draw = partial(copying, delay=config.steps)
    at_least("steps", config.steps, 1)
    baseline = copying_baseline(config.steps, symbols=COPY_SYMBOLS, length=COPIED)
    eval_sets = (EvalSet("recalled", draw, partial(tail, steps=COPIED)),)
    goal, title = (
        Goal("loss", baseline / 2, at_most=True),
        f"copying, T = {config.steps}",
    )
    symbols = COPY_SYMBOLS + 2
    return Problem(
        title, symbols, symbols - 1, "class", draw, baseline, eval_sets, goal
    )


def _temporal_order(config: ProblemConfig) -> Problem:
    draw = partial(temporal_order, steps=config.steps, signs=config.signs)
    baseline = temporal_order_baseline(signs=config.signs)
    eval_sets, goal = (EvalSet("accuracy", draw, share),), Goal("accuracy", 0.999)
    title = f"temporal order, T = {config.steps}, {config.signs} signs"
    return Problem(
        title, SYMBOLS, 2**config.signs, "class", draw, baseline, eval_sets, goal
    )  # fmt: skip


def _parity(config: ProblemConfig) -> Problem:
    at_least("far", config.far, config.longest + 1)
    draw = partial(
        parity, shortest=config.shortest, longest=config.longest, every=config.every
    )
    far = partial(parity, shortest=config.longest + 1, longest=config.far)
    eval_sets = (EvalSet("accuracy", draw, share), EvalSet("far_accuracy", far, share))
    title = f"parity, lengths to {config.longest}"
    goal = Goal("far_accuracy", 0.99)
    return Problem(title, 2, 2, "class", draw, parity_baseline(), eval_sets, goal)


def _counting(config: ProblemConfig) -> Problem:
    at_least("far", config.far, config.longest + 1)
    letters, longest = config.letters, config.longest
    draw = partial(counting, shortest=config.shortest, longest=longest, letters=letters)
    every = partial(_counting_to, far=config.far, letters=letters)
    baseline = _baseline(draw)
    eval_sets = (
        EvalSet("strings", draw, strings),
        EvalSet("reach", every, reach, once=True),
    )
    name = {2: "aⁿbⁿ", 3: "aⁿbⁿcⁿ"}[letters]
    title, goal = f"{name}, n to {longest}", Goal("reach", config.far)
    return Problem(
        title, letters + 1, letters + 1, "set", draw, baseline, eval_sets, goal
    )


def _dyck(config: ProblemConfig) -> Problem:
    at_least("far", config.far, config.longest + 2)
    kinds, longest = config.kinds, config.longest
    shortest = max(config.shortest, 2)
    draw = partial(dyck, kinds=kinds, shortest=shortest, longest=longest)
    far = partial(dyck, kinds=kinds, shortest=longest + 2, longest=config.far)
    baseline = _baseline(draw)
    eval_sets = (
        EvalSet("strings", draw, strings),
        EvalSet("far_strings", far, strings),
    )
    title, goal = f"Dyck-{kinds}, lengths to {longest}", Goal("far_strings", 0.99)
    return Problem(
        title, 2 * kinds + 1, 2 * kinds, "set", draw, baseline, eval_sets, goal
    )


def _baseline(draw: Callable[..., SyntheticBatch]) -> float:
    """Return what no memory scores on a thousand sequences."""
    made = jax.jit(partial(draw, batch_size=1000))(jax.random.key(0))
    return memoryless_nats(made)


_MAKERS: dict[ProblemName, Callable[[ProblemConfig], Problem]] = {
    "adding": _adding,
    "adding_1997": _adding_1997,
    "copying": _copying,
    "temporal_order": _temporal_order,
    "parity": _parity,
    "counting": _counting,
    "dyck": _dyck,
}
assert set(_MAKERS) == set(get_args(ProblemName))


def _counting_to(
    key: Key, batch_size: int, *, far: int, letters: int
) -> SyntheticBatch:
    """Return the string of each n; nothing is drawn."""
    n = jnp.arange(1, far + 1, dtype=jnp.int32)
    return counting_strings(n, longest=far, letters=letters)
