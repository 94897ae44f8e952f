"""What a finished run on music leaves, and what it shows on the screen."""

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jlstm.analysis.plots import plot_roll
from jlstm.data.music import LOWEST_MIDI_NOTE, Roll
from jlstm.tasks.music.config import Config, Pieces, Prep, SampleConfig
from jlstm.tasks.music.midi import write_midi
from jlstm.tasks.music.model import MusicModel, compose
from jlstm.tasks.music.sound import play
from jlstm.training.experiment import Finished, Report
from jlstm.training.report.layer_figures import Example, layer_figures
from jlstm.training.report.table import score_text, table
from jlstm.training.report.verdict import Verdict, compared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PIECE = "piece.mid"
NOTES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def make_report(config: Config, run: Finished[Prep, Pieces]) -> Report:
    """Let the model go on with a piece, and say how good it is."""
    sample, piece = config.sample, run.data.test[0]
    written = write_piece(sample, run.model, piece)
    numbers = numbers_of(config, run)
    summary = run.summary | numbers
    rows, given = nats_table(summary), sample.opening
    own = (
        f"What the model writes (blue) after the first {given} steps of a test piece "
        f"(black); {PIECE} plays it."
    )
    real = f"How that piece of {config.data.name} itself goes on."
    return Report(
        numbers=numbers,
        verdict=verdict_of(run.summary | numbers),
        said=f"\n{rows}\n\npiece: {run.folder / PIECE}",
        headline=key_numbers(summary),
        loss_label="loss (nats per step)",
        baselines={n: parts["valid"] for n, parts in run.baselines.items()},
        figures=[
            lambda: (own, plot_roll(written, given)),
            lambda: (real, plot_roll(piece[: len(written)], given)),
            lambda: layer_plots(run.model, piece),
        ],
        sounds=[
            (own, play(written, sample.step_seconds)),
            (real, play(piece[: len(written)], sample.step_seconds)),
        ],
        tables=[("nats per step", rows)],
        files={
            PIECE: partial(write_midi, roll=written, step_seconds=sample.step_seconds)
        },
    )


def numbers_of(config: Config, run: Finished[Prep, Pieces]) -> dict[str, Any]:
    """Return the numbers of a run that only music has, for ``result.json``."""
    parts = run.data.parts
    return {
        "model": config.model.title,
        "baselines": run.baselines,
        "pieces": {name: len(part) for name, part in parts.items()},
        "predicted": {
            name: sum(len(piece) - 1 for piece in part) for name, part in parts.items()
        },
    }


def write_piece(config: SampleConfig, model: MusicModel, piece: Roll) -> Roll:
    """Return the opening of a piece and how the model goes on."""
    opening = jnp.asarray(piece[: config.opening])
    key = jax.random.key(config.seed)
    rest = compose(model, opening, config.steps, key, config.temperature)
    return np.concatenate([piece[: config.opening], np.asarray(rest)])


def nats_table(summary: dict[str, Any]) -> str:
    """Return the nats per step of a model next to those of its baselines.

    Of several seeds they are mean ± standard deviation.
    """
    parts = ("valid", "test")
    rows = [[summary["model"], *(shown(summary[part]) for part in parts)]]
    rows += [
        [name, *(shown({"loss": scores[part]}) for part in parts)]
        for name, scores in summary["baselines"].items()
    ]
    return table(["nats per step", *parts], rows)


def shown(metrics: dict[str, Any]) -> str:
    """Return a loss, of several seeds with its standard deviation.

    Example:
        >>> shown({"loss": 8.4512})
        '8.45'
        >>> shown({"loss": 8.5, "loss_members": [8.4, 8.6]})
        '8.50 ± 0.14'
    """
    return score_text(metrics, "loss", ".2f")


def verdict_of(summary: dict[str, Any]) -> Verdict:
    """Return the nats of the test next to the best baseline."""
    tests = {name: parts["test"] for name, parts in summary["baselines"].items()}
    return compared("test nats per step", summary["test"]["loss"], tests, "lower")


def key_numbers(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    best = min(scores["test"] for scores in summary["baselines"].values())
    seeds = len(summary["test"].get("loss_members", [0]))
    given = f" ({seeds} seeds)" if seeds > 1 else ""
    return [
        ("model", summary["model"]),
        (f"test, nats per step{given}", shown(summary["test"])),
        ("validation, nats per step", shown(summary["valid"])),
        ("best baseline", f"{best:.2f}"),
        ("training pieces", f"{summary['pieces']['train']:,}"),
    ]


def layer_plots(model: MusicModel, piece: Roll) -> list[tuple[str, "Figure"]]:
    """Return plots of the top layer over a piece, whose steps are named by bass."""
    labels = [bass(chord) for chord in piece]
    example = Example("the first test piece (below, its bass)", "step", labels)
    return layer_figures(
        model.top_layer_inputs(jnp.asarray(piece, jnp.float32)), example
    )


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
    return name_of(int(sounding[0]))


def name_of(key: int) -> str:
    """Return the name of a key of the piano.

    Example:
        >>> name_of(0), name_of(39)
        ('A0', 'C4')
    """
    octave, note = divmod(key + LOWEST_MIDI_NOTE, 12)
    return f"{NOTES[note]}{octave - 1}"
