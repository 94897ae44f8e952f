"""Numbers that are not finite: the run stops, leaves the update out, or goes back.

``skip`` is a part of the compiled step: an update whose loss or gradient norm is not
finite leaves model, optimizer and carry as they were. ``rollback`` is a part of the
loop: the newest checkpoint again, at half the rate.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jlstm.training.finite import ADVICE, NonFiniteError, check_steps
from jlstm.training.optimizer import Rule
from jlstm.training.state import TrainState
from jlstm.training.task import Metrics

SKIPPED = "skipped"
MOST_ROLLBACKS = 3
SLOWER = 0.5
"""The learning rate after a rollback, next to that of the checkpoint."""


class OnlyFinite(Rule):
    """A rule whose update is left out where loss or gradient norm is not finite."""


def keep_finite(
    before: TrainState, after: TrainState, metrics: Metrics
) -> tuple[TrainState, Metrics]:
    """Return the state after a step, or the one before it where that was not finite.

    The step counts in both cases, so that the next one draws other noise. The metric
    ``skipped`` is 1 where the update was left out.
    """
    finite = jnp.isfinite(metrics["loss"]) & jnp.isfinite(metrics["grad_norm"])

    def chosen(name: str) -> Any:
        pair = getattr(after, name), getattr(before, name)
        return jax.tree.map(lambda new, old: jnp.where(finite, new, old), *pair)

    names = ("model", "opt_state", "carry", "average")
    kept = after._replace(**{name: chosen(name) for name in names})
    return kept, {**metrics, SKIPPED: 1 - finite.astype(jnp.float32)}


class Watch:
    """Looks at the metrics of steps, and ends the run where its policy says so.

    Args:
        policy: ``train.on_nonfinite``.
        most: updates in a row that may be left out.

    Example:
        >>> watch, bad = Watch("skip", 2), {"loss": float("nan"), "skipped": 1.0}
        >>> watch.check([bad, {"loss": 1.0, "skipped": 0.0}, bad], 1, "Nothing is kept")
        >>> watch.check([bad], 4, "Nothing is kept")
        Traceback (most recent call last):
        jlstm.training.finite.NonFiniteError: Step 4: 2 updates in a row were left \
out, as their loss or gradient is not finite. Nothing is kept; lower the learning \
rate or the clip.
    """

    def __init__(self, policy: str, most: int) -> None:
        self._skips, self._most = policy == "skip", most
        self._row: Any = 0

    def check(self, metrics: Sequence[Metrics], first: int, kept: str) -> None:
        """Raise NonFiniteError for consecutive steps, of which one is the first."""
        if not self._skips:
            return check_steps(metrics, first, kept)
        for step, values in enumerate(metrics, first):
            # Of several members, one may go on.
            self._row = (self._row + 1) * (np.asarray(values.get(SKIPPED, 0)) > 0)
            if np.min(self._row) >= self._most:
                raise NonFiniteError(
                    f"Step {step}: {self._most} updates in a row were left out, as "
                    f"their loss or gradient is not finite. {kept}; {ADVICE}."
                )


def with_count(means: Metrics, metrics: Sequence[Metrics]) -> Metrics:
    """Return the means of some steps with a count of the updates that were left out.

    Example:
        >>> steps = [{"loss": 1.0, "skipped": 0.0}, {"loss": 2.0, "skipped": 1.0}]
        >>> with_count({"loss": 1.5, "skipped": 0.5}, steps)
        {'loss': 1.5, 'skipped': 1.0}
    """
    if SKIPPED not in means:
        return means
    count = sum(float(np.sum(values.get(SKIPPED, 0))) for values in metrics)
    rest = {n: v for n, v in means.items() if n != f"{SKIPPED}_members"}
    return rest | {SKIPPED: count}


def slower(state: TrainState, times: int) -> TrainState:
    """Return a state whose learning rate was halved so many times."""
    rate = np.asarray(state.learning_rate, np.float64) * SLOWER**times
    return state._replace(learning_rate=jnp.asarray(rate, jnp.float32))


def mishaps(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what a log says of numbers that were not finite, as lines of a report.

    Example:
        >>> back = {"kind": "rollback", "step": 4, "learning_rate": 0.05}
        >>> mishaps([{"kind": "train", "skipped": 2}, {**back, "reason": "Ah"}])
        ['Updates left out, as loss or gradient was not finite: 2.',
         'Ah. Back to step 4, learning rate 0.05.']
    """
    skipped = sum(record.get(SKIPPED, 0) for record in records)
    lines = [f"Updates left out, as loss or gradient was not finite: {skipped:.0f}."]
    back = [record for record in records if record["kind"] == "rollback"]
    return lines * bool(skipped) + [
        f"{one['reason']}. Back to step {one['step']}, learning rate "
        f"{one['learning_rate']:.3g}."
        for one in back
    ]
