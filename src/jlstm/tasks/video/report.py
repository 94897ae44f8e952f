"""What a finished run on video leaves, and what it shows on the screen."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jlstm.analysis.plots import plot_frames, step_errors
from jlstm.tasks.video.data import Clips, Prep
from jlstm.tasks.video.objective import FrameErrors, VideoTask, as_input
from jlstm.training.experiment import Finished, Report
from jlstm.training.report.table import score_text, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 3
"""Test clips in the report, the first ones."""
MEASURES = {"loss": "nats", "squared_error": "squares"}


def make_report(
    model: str, run: Finished[Prep, Clips], rules: Mapping[str, FrameErrors]
) -> Report:
    """Compare a model with its baselines, step by step, and show what it predicts.

    Args:
        model: its name.
        run: that is finished.
        rules: how wrong the baselines are on the test clips.
    """
    task: VideoTask = run.task
    by_step = {model: task.errors(run.model, run.data.test)} | dict(rules)
    rows = errors_table(model, run.summary["test"], rules)
    best = min(scores["test"] for scores in run.baselines.values())
    return Report(
        numbers={
            "model": model,
            "baselines": run.baselines,
            "test_by_step": steps_of(by_step),
            "clips": {name: len(part) for name, part in run.data.parts.items()},
        },
        said=f"\n{rows}",
        headline=[
            ("model", model),
            ("test, nats per frame", shown(run.summary["test"], "loss")),
            ("best baseline", f"{best:.1f}"),
        ],
        loss_label="loss (nats per frame)",
        baselines={name: scores["valid"] for name, scores in run.baselines.items()},
        figures=[lambda: draw_clips(task, run), lambda: draw_steps(by_step)],
        tables=[("per predicted frame of the test clips", rows)],
    )


def steps_of(found: Mapping[str, FrameErrors]) -> dict[str, dict[str, list[float]]]:
    """Return the mean errors of each step ahead, for ``result.json``."""
    return {
        name: {
            measure: getattr(errors, field).mean(axis=0, dtype=np.float64).tolist()
            for measure, field in MEASURES.items()
        }
        for name, errors in found.items()
    }


def errors_table(
    model: str, metrics: dict[str, Any], rules: Mapping[str, FrameErrors]
) -> str:
    """Return the errors of a model on the test next to those of its baselines."""
    lines = [[model, *(shown(metrics, name) for name in MEASURES)]]
    for name, errors in rules.items():
        means = (getattr(errors, field).mean() for field in MEASURES.values())
        lines.append([name, *(f"{mean:.1f}" for mean in means)])
    return table(["", "nats per frame", "squared error per frame"], lines)


def shown(metrics: dict[str, Any], name: str) -> str:
    """Return a score, of several seeds with its standard deviation.

    Example:
        >>> shown({"loss": 451.26}, "loss")
        '451.3'
        >>> shown({"loss": 450.0, "loss_members": [449.0, 451.0]}, "loss")
        '450.0 ± 1.4'
    """
    return score_text(metrics, name, ".1f")


def draw_clips(
    task: VideoTask, run: Finished[Prep, Clips]
) -> list[tuple[str, "Figure"]]:
    """Return the first test clips, with what the model predicts below the truth."""
    clips = task.parts["test"]
    count = min(SHOWN, len(clips))
    truth = np.moveaxis(np.asarray(as_input(clips.take(np.arange(count)))), 0, 1)
    guess = next(task.predicted(run.model, clips))[:count]
    return [
        (f"Test clip {n + 1}, not chosen by how good it is. The model reads the upper "
         "row and predicts the lowest without seeing any of the middle one.",
         draw_clip(truth[n], guess[n]))
        for n in range(count)
    ]  # fmt: skip


def draw_clip(truth: np.ndarray, guess: np.ndarray) -> "Figure":
    """Return a clip and the prediction of its last frames."""
    seen, ahead = len(truth) - len(guess), f"steps 1 to {len(guess)}"
    rows = {
        f"read, steps −{seen - 1} to 0": truth[:seen],
        f"what comes next, {ahead}": truth[seen:],
        f"what is predicted, {ahead}": guess,
    }
    return plot_frames(rows)


def draw_steps(found: Mapping[str, FrameErrors]) -> tuple[str, "Figure"]:
    """Return the nats of each step ahead next to those of the baselines."""
    caption = (
        "Nats per frame on the test clips at each step ahead. The worst line may leave "
        "the plot."
    )
    means = {name: errors.nats.mean(axis=0) for name, errors in found.items()}
    return caption, step_errors(means, "nats per frame")
