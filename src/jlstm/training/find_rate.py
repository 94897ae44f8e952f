"""The range test of a learning rate: a few updates, each at a higher rate.

Source: L. N. Smith, "Cyclical learning rates for training neural networks", 2017
(arXiv:1506.01186), section 3.3.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jlstm.training.config.train import OptimizerConfig, TrainConfig
from jlstm.training.optimizer import make_optimizer
from jlstm.training.program import Replica, make_program
from jlstm.training.task import Task

SMOOTH = 0.9
"""Share of the mean so far in the smoothed loss of an update."""
LAG = round(SMOOTH / (1 - SMOOTH))
"""How many updates old the losses are that such a mean is made of, on the mean."""
DIVERGED = 4.0
"""How many times the lowest smoothed loss ends the test."""


class RateTest(NamedTuple):
    """What a range test has found.

    Attributes:
        rates: of the updates.
        losses: of their batches, before each update.
        smoothed: the same, smoothed.
        suggested: where the loss falls fastest; None where it never fell.
    """

    rates: Float[np.ndarray, " n"]
    losses: Float[np.ndarray, " n"]
    smoothed: Float[np.ndarray, " n"]
    suggested: float | None


def find_rate(
    task: Task,
    train: TrainConfig,
    optimizer: OptimizerConfig,
    low: float = 1e-6,
    high: float = 10.0,
    updates: int = 200,
) -> RateTest:
    """Train for some updates with a rate that grows from ``low`` to ``high``.

    It ends before that where the loss is no longer finite, or far above its lowest.
    Nothing is written, and the model is thrown away.

    Args:
        task: what to train.
        train: its seed and its dtype.
        optimizer: how gradients become updates; its own rate does not matter.
        low: the first rate.
        high: the last one.
        updates: how many there are.

    Raises:
        ValueError: the rates do not rise, or there are fewer than 10 updates.
    """
    if not 0 < low < high:
        raise ValueError(f"the rates go from {low:g} to {high:g}; give rising ones.")
    if updates < 10:
        raise ValueError(f"there are {updates} updates; give 10 or more.")
    rates = np.geomspace(low, high, updates)
    replica = (Replica(train.seed, low),)
    program = make_program(task, make_optimizer(optimizer), replica, train.dtype)
    state, losses = program.init(), []
    batches, epoch = task.batches(1), 1
    for number, rate in enumerate(rates):
        place = number % len(batches)
        if number and not place:
            epoch += 1
            batches = task.batches(epoch)
        state = state._replace(learning_rate=jnp.asarray(rate, jnp.float32))
        state, metrics = program.step(state, batches[place])
        losses.append(float(metrics["loss"]))
        if has_diverged(np.array(losses)):
            break
    return judged(rates[: len(losses)], np.array(losses))


def has_diverged(losses: Float[np.ndarray, " n"]) -> bool:
    """Whether the last loss is not finite, or far above the lowest.

    Example:
        >>> [has_diverged(np.array([2.0, 1.0, last])) for last in (1.5, 90.0, np.nan)]
        [False, True, True]
    """
    smoothed = smooth(losses)
    far = smoothed[-1] - smoothed.min() > DIVERGED * abs(smoothed.min())
    return bool(not np.isfinite(losses[-1]) or far)


def judged(rates: Float[np.ndarray, " n"], losses: Float[np.ndarray, " n"]) -> RateTest:
    """Return the test with the rate at which the smoothed loss falls fastest.

    What comes after the lowest loss does not count, nor what comes before the mean has
    seen ten losses. The rate is that of the losses that the mean is made of.

    Example:
        >>> rates = np.geomspace(1e-3, 1e1, 401)
        >>> fall = 3 - 2 / (1 + (0.1 / rates) ** 2) + (rates > 1) * rates
        >>> 0.05 < judged(rates, fall).suggested < 0.5
        True
    """
    known = np.isfinite(losses)
    rates, losses = rates[known], losses[known]
    smoothed = smooth(losses)
    end = int(smoothed.argmin()) + 1 if len(smoothed) else 0
    falling = smoothed[10:end]
    if len(falling) < 3:
        return RateTest(rates, losses, smoothed, None)
    slopes = np.gradient(falling, np.log(rates[10:end]))
    steepest = int(slopes.argmin())
    falls = slopes[steepest] < 0
    suggested = float(rates[10 + steepest - LAG]) if falls else None
    return RateTest(rates, losses, smoothed, suggested)


def smooth(losses: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return the running means of losses, the last ones counting most.

    Example:
        >>> smooth(np.array([1.0, 1.0, 2.0])).round(3).tolist()
        [1.0, 1.0, 1.369]
    """
    mean, found = 0.0, []
    for number, loss in enumerate(losses, 1):
        mean = SMOOTH * mean + (1 - SMOOTH) * loss
        found.append(mean / (1 - SMOOTH**number))
    return np.array(found)
