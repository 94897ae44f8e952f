"""What a finished recognizer leaves behind, and what it shows on the screen."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from experiments.config import RunConfig
from experiments.ctc.data import Dataset
from experiments.inside import Example, every_nth, inside_pictures
from experiments.present import present
from experiments.table import table
from jlstm.analysis.plots import confusion_picture, error_curves, utterance_picture
from jlstm.metrics import edit_distance
from jlstm.models.ctc import Recognizer
from jlstm.train.ctc import Recognized, Utterances
from jlstm.train.log import read_metrics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LISTED = 12  # utterances whose answers are written out


def show(
    folder: Path,
    config: RunConfig,
    model: Recognizer,
    data: Dataset,
    heard: Recognized,
    summary: dict[str, Any],
) -> None:
    """Write ``result.json`` and ``report.html`` and print what is most worth seeing."""
    rows = error_table(model.config.title, summary)
    answers = answer_table(data, heard)
    print(f"\n{answers}\n\n{rows}\n")
    errors = "Errors of both decoders on the validation part, over the updates."
    others = "What was taken for what in the test, aligned with the fewest edits."
    names, counts = [*data.symbols, "–"], np.array(summary["confusion"])
    present(
        folder,
        config,
        summary,
        headline=key_numbers(model.config.title, summary),
        loss_label="loss (nats an utterance)",
        figures=[
            lambda: (errors, draw_errors(folder)),
            lambda: draw_utterances(model, data, heard),
            lambda: (others, confusion_picture(counts, names)),
            lambda: draw_inside(model, data),
        ],
        samples=[("error rates", rows), ("test utterances", answers)],
    )


def error_table(name: str, summary: dict[str, Any]) -> str:
    """Return the error rates in percent, of several seeds with their deviation."""
    header = [f"{name}: error rate (%)", "valid", "test"]
    body = [
        [how, *(shown_error(summary[part], key) for part in ("valid", "test"))]
        for how, key in (("greedy", "error"), ("beam search", "beam_error"))
    ]
    return table(header, body)


def shown_error(metrics: dict[str, Any], key: str) -> str:
    """Return an error rate in percent.

    Example:
        >>> shown_error({"error": 0.0123}, "error")
        '1.23'
        >>> shown_error({"error": 0.02, "error_members": [0.01, 0.03]}, "error")
        '2.00 ± 1.41'
    """
    members = metrics.get(f"{key}_members", [])
    spread = f" ± {100 * np.std(members, ddof=1):.2f}" if len(members) > 1 else ""
    return f"{100 * metrics[key]:.2f}{spread}"


def answer_table(data: Dataset, heard: Recognized) -> str:
    """Return what was said in the first test utterances and in those heard worst."""
    said = [one.tolist() for one in data.test.targets]
    edits = [edit_distance(*pair) for pair in zip(said, heard.beam, strict=True)]
    worst = sorted(range(len(said)), key=lambda row: -edits[row])[: LISTED // 2]
    first = [row for row in range(len(said)) if row not in worst][: LISTED // 2]
    body = [
        [write(data, found[row]) for found in (said, heard.greedy, heard.beam)]
        + [str(edits[row])]
        for row in first + worst
    ]
    return table(["said", "greedy", "beam search", "edits"], body)


def write(data: Dataset, symbols: list[int]) -> str:
    """Return symbols as they are written."""
    return " ".join(data.symbols[symbol - 1] for symbol in symbols)


def key_numbers(name: str, summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    test = summary["test"]
    return [
        ("model", name),
        ("test error, greedy", f"{shown_error(test, 'error')} %"),
        ("test error, beam search", f"{shown_error(test, 'beam_error')} %"),
        ("training utterances", f"{summary['utterances']['train']:,}"),
    ]


def draw_errors(folder: Path) -> "Figure":
    """Return the errors on the validation part over the updates."""
    records = [each for each in read_metrics(folder) if each["kind"] == "valid"]
    errors = {
        "greedy": [each["error"] for each in records],
        "beam search": [each["beam_error"] for each in records],
    }
    return error_curves([each["step"] for each in records], errors, "errors (%)")


def draw_utterances(
    model: Recognizer, data: Dataset, heard: Recognized
) -> list[tuple[str, "Figure"]]:
    """Return pictures of two test utterances: the first, and the one heard worst."""
    said = [one.tolist() for one in data.test.targets]
    edits = [edit_distance(*pair) for pair in zip(said, heard.beam, strict=True)]
    worst = int(np.argmax(edits))
    rows = [0, worst] if worst and edits[worst] else [0]
    drawn = []
    for row in rows:
        text = write(data, said[row]), write(data, heard.beam[row])
        caption = (
            f"A test utterance: {text[0]}; heard: {text[1]}. Above its features, below "
            "the probability of each symbol, of the blank dotted."
        )
        drawn.append((caption, _draw(model, data, row)))
    return drawn


def draw_inside(model: Recognizer, data: Dataset) -> list[tuple[str, "Figure"]]:
    """Return pictures of the top layer over the first utterance of the test."""
    reading = model.top(jax.numpy.asarray(data.test.features[0])[:, None]).row(0)
    step = model.config.join * (data.hop or 1)
    form = "{:.0f}" if data.hop is None else "{:.2f} s"
    starts = every_nth([form.format(n * step) for n in range(len(reading.xs))])
    said = write(data, data.test.targets[0].tolist())
    return inside_pictures(
        reading, Example(f"a test utterance ({said})", "step", starts)
    )


def _draw(model: Recognizer, data: Dataset, row: int) -> "Figure":
    features = data.test.features[row]
    shares = probabilities(model, data.test, row)
    step = model.config.join * (data.hop or 1)
    unit = "frames" if data.hop is None else "seconds"
    names = ["", *data.symbols]
    return utterance_picture(
        features, shares, names, hop=data.hop or 1, step=step, unit=unit
    )


def probabilities(model: Recognizer, said: Utterances, row: int) -> np.ndarray:
    """Return the probability of each class at each step of one utterance."""
    xs = jax.numpy.asarray(said.features[row])[:, None]
    lengths = jax.numpy.array([len(xs)])
    logits = jax.jit(lambda model, xs, n: model(xs, n)[0])(model, xs, lengths)
    return np.asarray(jax.nn.softmax(logits[:, 0], axis=-1))
