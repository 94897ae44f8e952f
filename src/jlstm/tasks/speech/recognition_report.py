"""What a finished recognizer leaves, and what it shows on the screen."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Integer

from jlstm.analysis.plots import error_curves, plot_confusion, plot_utterance
from jlstm.metrics import align, edit_distance
from jlstm.tasks.speech.played import played, some_rows
from jlstm.tasks.speech.recognition_data import Data, Prep
from jlstm.tasks.speech.recognition_objective import ErrorRate, Recognized, Utterances
from jlstm.tasks.speech.recognizer import Recognizer
from jlstm.training.experiment import Finished, Report
from jlstm.training.log import read_metrics
from jlstm.training.report.layer_figures import Example, every_nth, layer_figures
from jlstm.training.report.table import score_text, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LISTED = 12  # utterances whose answers are written out
RATE_NAMES = {f"{what[0]}er": f"{what} error rate"
              for what in ("word", "phone", "character")}  # fmt: skip


def make_report(config: Any, run: Finished[Prep, Utterances]) -> Report:
    """Listen to the test, and say what was heard wrong."""
    model, data, title = run.model, run.data, config.model.title
    heard = run.task.recognize(model, data.test)
    numbers = numbers_of(data, heard)
    summary = run.summary | numbers
    rate = run.task.rate
    rows, answers = error_table(title, rate, summary), answer_table(data, heard)
    errors = "Errors of both decoders on the validation part, over the updates."
    others = "What was taken for what in the test, aligned with the fewest edits."
    names, counts = [*data.prep.symbols, "–"], np.array(numbers["confusion"])
    return Report(
        numbers=numbers,
        said=f"\n{answers}\n\n{rows}\n",
        headline=key_numbers(title, rate, summary),
        loss_label="loss (nats per utterance)",
        figures=[
            lambda: (errors, draw_errors(rate, run.folder)),
            lambda: draw_utterances(model, data, heard),
            lambda: (others, plot_confusion(counts, names)),
            lambda: layer_plots(model, data),
        ],
        sounds=played(data, said_and_heard(data, heard)),
        tables=[("error rates", rows), ("test utterances", answers)],
    )


def numbers_of(data: Data, heard: Recognized) -> dict[str, Any]:
    """Return the numbers of a run that only recognition has, for ``result.json``.

    ``confusion`` is that of the beam search by the model of the first seed; its last
    row counts what was invented, its last column what was missed.
    """
    symbols = data.prep.symbols
    return {
        "utterances": {name: len(part.targets) for name, part in data.parts.items()},
        "symbols": symbols,
        "confusion": count_pairs(data.test, heard.beam, len(symbols)).tolist(),
    }


def count_pairs(said: Utterances, heard: list[list[int]], symbols: int) -> np.ndarray:
    """Count which symbol was taken for which; the last index stands for nothing.

    Example:
        >>> said = Utterances([], [np.array([1, 2])])
        >>> count_pairs(said, [[1]], 2).tolist()
        [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    """
    counts = np.zeros((symbols + 1, symbols + 1), int)
    for target, answer in zip(said.targets, heard, strict=True):
        for pair in align(target.tolist(), answer):
            row, column = (symbols if each is None else each - 1 for each in pair)
            counts[row, column] += 1
    return counts


def error_table(name: str, rate: ErrorRate, summary: dict[str, Any]) -> str:
    """Return the error rates in percent, of several seeds with their deviation."""
    header = [f"{name}: {RATE_NAMES[rate]} (%)", "valid", "test"]
    body = [
        [how, *(shown_error(summary[part], key) for part in ("valid", "test"))]
        for how, key in (("greedy", rate), ("beam search", f"beam_{rate}"))
    ]
    return table(header, body)


def shown_error(metrics: dict[str, Any], key: str) -> str:
    """Return an error rate in percent.

    Example:
        >>> shown_error({"wer": 0.0123}, "wer")
        '1.23'
        >>> shown_error({"wer": 0.02, "wer_members": [0.01, 0.03]}, "wer")
        '2.00 ± 1.41'
    """
    return score_text(metrics, key, ".2f", 100.0)


def answer_table(data: Data, heard: Recognized) -> str:
    """Return what was said in the first test utterances and in those heard worst."""
    said, edits = [one.tolist() for one in data.test.targets], edits_of(data, heard)
    worst = np.argsort(-edits, kind="stable")[: LISTED // 2].tolist()
    first = [row for row in range(len(said)) if row not in worst][: LISTED // 2]
    body = [
        [write(data, found[row]) for found in (said, heard.greedy, heard.beam)]
        + [str(edits[row])]
        for row in first + worst
    ]
    return table(["said", "greedy", "beam search", "edits"], body)


def said_and_heard(data: Data, heard: Recognized) -> dict[int, str]:
    """Return what to say of the first test utterances and of those heard worst."""
    said, edits = [one.tolist() for one in data.test.targets], edits_of(data, heard)
    worst = [row for row in np.argsort(-edits, kind="stable").tolist() if edits[row]]
    return {
        row: f"Said: {write(data, said[row])}. "
        f"Heard: {write(data, heard.beam[row]) or 'nothing'}."
        for row in some_rows(len(said), worst)
    }


def edits_of(data: Data, heard: Recognized) -> Integer[np.ndarray, " n"]:
    """Return how many edits lead from what was said to what was heard."""
    pairs = zip(data.test.targets, heard.beam, strict=True)
    return np.array([edit_distance(said.tolist(), found) for said, found in pairs])


def write(data: Data, symbols: list[int]) -> str:
    """Return symbols as they are written."""
    return " ".join(data.prep.symbols[symbol - 1] for symbol in symbols)


def key_numbers(
    name: str, rate: ErrorRate, summary: dict[str, Any]
) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    test = summary["test"]
    return [
        ("model", name),
        (f"test {rate.upper()}, greedy", f"{shown_error(test, rate)} %"),
        (f"test {rate.upper()}, beam search", f"{shown_error(test, f'beam_{rate}')} %"),
        ("training utterances", f"{summary['utterances']['train']:,}"),
    ]


def draw_errors(rate: ErrorRate, folder: Path) -> "Figure":
    """Return the errors on the validation part over the updates."""
    records = [each for each in read_metrics(folder) if each["kind"] == "valid"]
    errors = {
        "greedy": [each[rate] for each in records],
        "beam search": [each[f"beam_{rate}"] for each in records],
    }
    return error_curves(
        [each["step"] for each in records], errors, f"{RATE_NAMES[rate]} (%)"
    )


def draw_utterances(
    model: Recognizer, data: Data, heard: Recognized
) -> list[tuple[str, "Figure"]]:
    """Return plots of two test utterances: the first, and the one heard worst."""
    said, edits = [one.tolist() for one in data.test.targets], edits_of(data, heard)
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


def layer_plots(model: Recognizer, data: Data) -> list[tuple[str, "Figure"]]:
    """Return plots of the top layer over the first utterance of the test."""
    reading = model.top_layer_inputs(
        jax.numpy.asarray(data.test.features[0])[:, None]
    ).row(0)
    step = model.config.join * (data.prep.hop or 1)
    form = "{:.0f}" if data.prep.hop is None else "{:.2f} s"
    starts = every_nth([form.format(n * step) for n in range(len(reading.xs))])
    said = write(data, data.test.targets[0].tolist())
    return layer_figures(reading, Example(f"a test utterance ({said})", "step", starts))


def _draw(model: Recognizer, data: Data, row: int) -> "Figure":
    features = data.test.features[row]
    shares = probabilities(model, data.test, row)
    step = model.config.join * (data.prep.hop or 1)
    unit = "frames" if data.prep.hop is None else "seconds"
    names = ["", *data.prep.symbols]
    return plot_utterance(
        features, shares, names, hop=data.prep.hop or 1, step=step, unit=unit
    )


def probabilities(model: Recognizer, said: Utterances, row: int) -> np.ndarray:
    """Return the probability of each class at each step of one utterance."""
    xs = jax.numpy.asarray(said.features[row])[:, None]
    lengths = jax.numpy.array([len(xs)])
    logits = jax.jit(lambda model, xs, n: model(xs, n)[0])(model, xs, lengths)
    return np.asarray(jax.nn.softmax(logits[:, 0], axis=-1))
