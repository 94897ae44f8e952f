"""The learning curves of several runs over each other, against updates and time."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from jlstm.analysis.plots import OverlayCurve, plot_overlay
from jlstm.cli.comparison.runs import Run
from jlstm.cli.comparison.tables import kind_of
from jlstm.training.seeds import of_seeds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Panels = Mapping[str, Mapping[str, OverlayCurve]]
LOSS = "validation loss"
UPDATES = (
    "Validation loss over the updates; of several seeds the mean, in a band from the "
    "lowest to the highest."
)
TIME = (
    "The same over wall time. The log has no clock: an update counts for the seconds "
    "of the run divided by its updates."
)


def draw_curves(runs: Sequence[Run]) -> list[tuple[str, "Figure"]]:
    """Return captions and plots; a run without an evaluation is in none.

    There is a panel for each loss. Time is known of finished runs only.
    """
    names = [run.name for run in runs]
    logged = [run for run in runs if run.valid]
    timed = [run for run in logged if pace(run)]
    drawn = []
    if logged:
        panels = overlay(logged, lambda run: 1.0)
        drawn.append((UPDATES, plot_overlay(panels, ("updates", LOSS), names)))
    if timed:
        panels = overlay(timed, pace)
        drawn.append((TIME, plot_overlay(panels, ("seconds", LOSS), names)))
    return drawn


def pace(run: Run) -> float:
    """Return the seconds of an update, 0 where they are not known."""
    result = run.result or {}
    return result.get("seconds", 0.0) / max(1, result.get("steps", 1))


def overlay(runs: Sequence[Run], unit: Callable[[Run], float]) -> Panels:
    """Return the validation losses by run, in a panel for each loss.

    Args:
        runs: each with an evaluation.
        unit: how far along the axis an update of a run goes.
    """
    titles = panel_titles([kind_of(run) for run in runs])
    panels: dict[str, dict[str, OverlayCurve]] = {}
    for run in runs:
        panels.setdefault(titles[kind_of(run)], {})[run.name] = curve(run, unit(run))
    return panels


def curve(run: Run, unit: float) -> OverlayCurve:
    """Return the losses of a run, of several seeds their mean and range."""
    seeds = [of_seeds(record, "loss") for record in run.valid]
    several = all(len(losses) > 1 for losses in seeds)
    return OverlayCurve(
        [unit * record["step"] for record in run.valid],
        [statistics.fmean(losses) for losses in seeds],
        (list(map(min, seeds)), list(map(max, seeds))) if several else None,
    )


def panel_titles(kinds: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Name the panel of each kind by its task, and its metrics if tasks are the same.

    A single panel needs no name.

    Example:
        >>> kinds = [("music", "loss"), ("speech", "loss"), ("speech", "loss", "mse")]
        >>> list(panel_titles(kinds).values())
        ['music', 'speech (loss)', 'speech (loss, mse)']
    """
    unique = list(dict.fromkeys(kinds))
    tasks = [kind[0] for kind in unique]
    return {
        kind: ("" if len(unique) == 1 else kind[0])
        + (f" ({', '.join(kind[1:])})" if tasks.count(kind[0]) > 1 else "")
        for kind in unique
    }
