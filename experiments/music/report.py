"""What a finished run on music leaves behind, and what it shows on the screen."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from experiments.inside import Example, inside_pictures
from experiments.music.config import Config, Pieces
from experiments.present import present
from experiments.table import table
from jlstm.analysis.plots import roll_picture
from jlstm.data.music import LOWEST_MIDI_NOTE, Roll
from jlstm.models.music import MusicModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOTES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def show(
    folder: Path,
    config: Config,
    model: MusicModel,
    pieces: Pieces,
    summary: dict[str, Any],
    written: Roll,
) -> None:
    """Write ``result.json`` and ``report.html`` and print what is most worth seeing."""
    rows = nats_table(summary)
    print(f"\n{rows}\n\npiece: {folder / 'piece.mid'}")
    given, steps = config.sample.opening, len(written)
    original = pieces["test"][0][:steps]
    name = config.data.name
    own = (
        f"What the model writes (blue) after the first {given} steps of a test piece "
        "(black); piece.mid plays it."
    )
    real = f"How that piece of {name} itself goes on."
    present(
        folder,
        config,
        summary,
        headline=key_numbers(summary),
        loss_label="loss (nats a step)",
        figures=[
            lambda: (own, roll_picture(written, given)),
            lambda: (real, roll_picture(original, given)),
            lambda: draw_inside(model, pieces["test"][0]),
        ],
        samples=[("nats a step", rows)],
        baselines={n: parts["valid"] for n, parts in summary["baselines"].items()},
    )


def nats_table(summary: dict[str, Any]) -> str:
    """Return the nats a step of a model beside those of its baselines.

    Of several seeds they are mean ± standard deviation.
    """
    parts = ("valid", "test")
    rows = [[summary["model"], *(shown(summary[part]) for part in parts)]]
    rows += [
        [name, *(shown({"loss": scores[part]}) for part in parts)]
        for name, scores in summary["baselines"].items()
    ]
    return table(["nats a step", *parts], rows)


def shown(metrics: dict[str, Any]) -> str:
    """Return a loss, of several seeds with its standard deviation.

    Example:
        >>> shown({"loss": 8.4512})
        '8.45'
        >>> shown({"loss": 8.5, "loss_members": [8.4, 8.6]})
        '8.50 ± 0.14'
    """
    members = metrics.get("loss_members", [])
    spread = f" ± {np.std(members, ddof=1):.2f}" if len(members) > 1 else ""
    return f"{metrics['loss']:.2f}{spread}"


def key_numbers(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    best = min(scores["test"] for scores in summary["baselines"].values())
    seeds = len(summary["test"].get("loss_members", [0]))
    given = f" ({seeds} seeds)" if seeds > 1 else ""
    return [
        ("model", summary["model"]),
        (f"test, nats a step{given}", shown(summary["test"])),
        ("validation, nats a step", shown(summary["valid"])),
        ("best baseline", f"{best:.2f}"),
        ("training pieces", f"{summary['pieces']['train']:,}"),
    ]


def draw_inside(model: MusicModel, piece: Roll) -> list[tuple[str, "Figure"]]:
    """Return pictures of the top layer over a piece, whose steps are named by bass."""
    labels = [bass(chord) for chord in piece]
    example = Example("the first test piece (below, its bass)", "step", labels)
    return inside_pictures(model.top(jnp.asarray(piece, jnp.float32)), example)


def bass(chord: np.ndarray) -> str:
    """Return the name of the lowest key that sounds.

    Example:
        >>> chord = np.zeros(88)
        >>> bass(chord), bass(np.eye(88)[39])
        ('–', 'C4')
    """
    sounding = np.flatnonzero(chord)
    if not len(sounding):
        return "–"
    octave, note = divmod(int(sounding[0]) + LOWEST_MIDI_NOTE, 12)
    return f"{NOTES[note]}{octave - 1}"
