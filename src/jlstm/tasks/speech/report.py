"""What a finished run on spoken words leaves, and what it shows."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Integer

from jlstm.analysis.plots import plot_log_mels
from jlstm.data.audio import LogMelConfig
from jlstm.tasks.classification.data import Data, Part, Prep
from jlstm.tasks.classification.model import Classifier
from jlstm.tasks.classification.report import (
    accuracy_curves,
    confusions,
    key_numbers,
    numbers_of,
    score_table,
    verdict_of,
)
from jlstm.tasks.speech.played import played, some_rows
from jlstm.training.experiment import Finished, Report
from jlstm.training.report.layer_figures import Example, every_nth, layer_figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ERRORS = 10  # that are shown


def make_report(config: Any, run: Finished[Prep, Part]) -> Report:
    """Say how many answers are right, and show what the network reads."""
    model, data, front = run.model, run.data, config.front
    logits = run.task.logits(model, data.test.examples)
    numbers = numbers_of(run, logits) | {"speaker": config.data.speaker}
    summary, name = run.summary | numbers, config.model.title
    rows = score_table(name, summary)
    return Report(
        numbers=numbers,
        verdict=verdict_of(summary),
        said=f"\n{rows}\n",
        headline=key_numbers(name, summary),
        loss_label="loss (nats per recording)",
        figures=[
            lambda: accuracy_curves(run.folder, summary),
            lambda: draw_classes(data, front),
            lambda: confusions(summary),
            lambda: draw_errors(data, front, logits),
            lambda: layer_plots(model, data, front),
        ],
        sounds=played(data, said_and_heard(data, logits)),
        tables=[("next to the baselines", rows)],
    )


def draw_classes(data: Data, front: LogMelConfig) -> tuple[str, "Figure"]:
    """Return a recording of each class, up to ten."""
    labels = data.test.labels
    rows = [int(np.argmax(labels == n)) for n in np.unique(labels)[:10]]
    sounds = [(data.prep.classes[labels[n]], _bands(data, front, n)) for n in rows]
    caption = (
        "What the network reads: a test recording of each class, in log-mel bands."
    )
    return caption, plot_log_mels(sounds, front.hop)


def draw_errors(
    data: Data, front: LogMelConfig, logits: np.ndarray
) -> list[tuple[str, "Figure"]]:
    """Return test recordings that were taken for something else, the surest first."""
    labels, guesses = data.test.labels, logits.argmax(axis=1)
    rows = surest_errors(data.test.labels, logits)[:ERRORS]
    if not len(rows):
        return []
    sounds = [
        (f"{data.prep.classes[labels[n]]}, not {data.prep.classes[guesses[n]]}",
         _bands(data, front, n))
        for n in rows
    ]  # fmt: skip
    caption = (
        "The surest of the errors in the test: what it is, not what it was taken for."
    )
    return [(caption, plot_log_mels(sounds, front.hop))]


def said_and_heard(data: Data, logits: np.ndarray) -> dict[int, str]:
    """Return what to say of the first test recordings and of the surest errors."""
    classes, guesses = data.prep.classes, logits.argmax(axis=1)
    rows = some_rows(len(guesses), surest_errors(data.test.labels, logits).tolist())
    return {
        row: f"Said: {classes[data.test.labels[row]]}. Heard: {classes[guesses[row]]}."
        for row in rows
    }


def surest_errors(
    labels: Integer[np.ndarray, " n"], logits: Float[np.ndarray, "n k"]
) -> Integer[np.ndarray, " m"]:
    """Return the rows with a wrong answer, the surest first.

    Example:
        >>> logits = np.array([[2.0, 0], [0, 1], [5, 0]])
        >>> surest_errors(np.array([1, 1, 1]), logits).tolist()
        [2, 0]
    """
    guesses = logits.argmax(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    lead = logits[wrong, guesses[wrong]] - logits[wrong, labels[wrong]]
    return wrong[np.argsort(-lead, kind="stable")]


def layer_plots(
    model: Classifier, data: Data, front: LogMelConfig
) -> list[tuple[str, "Figure"]]:
    """Return plots of the top layer over the first recording of the test."""
    frames = data.test.sequences[0]
    seconds = every_nth([f"{n * front.hop:.2f} s" for n in range(len(frames))])
    name = f"a test recording of {data.prep.classes[data.test.labels[0]]}"
    reading = model.top_layer_inputs(jnp.asarray(frames)[:, None]).row(0)
    return layer_figures(reading, Example(name, "frame", seconds))


def _bands(data: Data, front: LogMelConfig, row: int) -> np.ndarray:
    return data.test.sequences[row][:, : front.bands]
