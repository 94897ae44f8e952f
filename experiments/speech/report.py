"""What a finished run on spoken words leaves behind, and what it shows."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from experiments.classify.data import Dataset
from experiments.classify.report import (
    accuracy_curves,
    confusions,
    key_numbers,
    score_table,
)
from experiments.config import RunConfig
from experiments.inside import Example, every_nth, inside_pictures
from experiments.present import present
from jlstm.analysis.plots import log_mel_pictures
from jlstm.audio import LogMelConfig
from jlstm.models.classify import Classifier

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ERRORS = 10  # that are shown


def show(
    folder: Path,
    config: RunConfig,
    front: LogMelConfig,
    model: Classifier,
    data: Dataset,
    summary: dict[str, Any],
    logits: np.ndarray,
) -> None:
    """Write ``result.json`` and ``report.html`` and print what is most worth seeing."""
    name = model.config.title
    rows = score_table(name, summary)
    print(f"\n{rows}\n")
    present(
        folder,
        config,
        summary,
        headline=key_numbers(name, summary),
        loss_label="loss (nats a recording)",
        figures=[
            lambda: accuracy_curves(folder, summary),
            lambda: draw_classes(data, front),
            lambda: confusions(summary),
            lambda: draw_errors(data, front, logits),
            lambda: draw_inside(model, data, front),
        ],
        samples=[("beside what needs no network", rows)],
    )


def draw_classes(data: Dataset, front: LogMelConfig) -> tuple[str, "Figure"]:
    """Return a recording of each class, up to ten."""
    labels = data.test.labels
    rows = [int(np.argmax(labels == n)) for n in np.unique(labels)[:10]]
    sounds = [(data.classes[labels[n]], _bands(data, front, n)) for n in rows]
    caption = (
        "What the network reads: a test recording of each class, in log-mel bands."
    )
    return caption, log_mel_pictures(sounds, front.hop)


def draw_errors(
    data: Dataset, front: LogMelConfig, logits: np.ndarray
) -> list[tuple[str, "Figure"]]:
    """Return test recordings that were taken for something else, the surest first."""
    labels, guesses = data.test.labels, logits.argmax(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    if not len(wrong):
        return []
    lead = logits[wrong, guesses[wrong]] - logits[wrong, labels[wrong]]
    rows = wrong[np.argsort(-lead, kind="stable")][:ERRORS]
    sounds = [
        (f"{data.classes[labels[n]]}, not {data.classes[guesses[n]]}",
         _bands(data, front, n))
        for n in rows
    ]  # fmt: skip
    caption = (
        "The surest of the errors in the test: what it is, not what it was taken for."
    )
    return [(caption, log_mel_pictures(sounds, front.hop))]


def draw_inside(
    model: Classifier, data: Dataset, front: LogMelConfig
) -> list[tuple[str, "Figure"]]:
    """Return pictures of the top layer over the first recording of the test."""
    frames = data.test.sequences[0]
    seconds = every_nth([f"{n * front.hop:.2f} s" for n in range(len(frames))])
    name = f"a test recording of {data.classes[data.test.labels[0]]}"
    reading = model.top(jnp.asarray(frames)[:, None]).row(0)
    return inside_pictures(reading, Example(name, "frame", seconds))


def _bands(data: Dataset, front: LogMelConfig, row: int) -> np.ndarray:
    return data.test.sequences[row][:, : front.bands]
