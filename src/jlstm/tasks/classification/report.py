"""What a finished classification leaves, and what it shows on the screen."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from jlstm.analysis.plots import learning_curves, plot_confusion, plot_words
from jlstm.data.words import unknown_share
from jlstm.metrics.confusion import class_scores, confusion
from jlstm.tasks.classification.baselines import ALWAYS
from jlstm.tasks.classification.data import Data, Part, Prep
from jlstm.tasks.classification.model import Classifier
from jlstm.tasks.classification.words import moved_words
from jlstm.training.experiment import Finished, Report
from jlstm.training.log import read_metrics
from jlstm.training.report.layer_figures import (
    Example,
    every_nth,
    layer_figures,
    readable,
)
from jlstm.training.report.table import class_table, score_text, table
from jlstm.training.report.verdict import Verdict, compared

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def make_report(config: Any, run: Finished[Prep, Part]) -> Report:
    """Say how many answers are right, and which words moved them."""
    model, data = run.model, run.data
    logits = run.task.logits(model, data.test.examples)
    numbers = numbers_of(run, logits)
    summary, name = run.summary | numbers, config.model.title
    count = config.examples if data.prep.vocab is not None else 0
    return Report(
        numbers=numbers,
        verdict=verdict_of(summary),
        said=f"\n{score_table(name, summary)}\n",
        headline=key_numbers(name, summary),
        loss_label="loss (nats per example)",
        tables=[("classes of the test", class_table(summary["by_class"]))],
        figures=[
            lambda: accuracy_curves(run.folder, summary),
            lambda: confusions(summary),
            *([lambda: draw_words(model, data, logits, count)] if count else []),
            lambda: layer_plots(model, data),
        ],
    )


def numbers_of(run: Finished[Prep, Part], logits: np.ndarray) -> dict[str, Any]:
    """Return the numbers of a run that only classes have, for ``result.json``.

    Args:
        run: what was trained.
        logits: of the test, by the model of the first seed.
    """
    prep, test = run.data.prep, run.data.test
    counts = confusion(test.labels, logits.argmax(axis=1), len(prep.classes))
    vocab, words = prep.vocab, test.sentences
    return {
        "baselines": run.baselines,
        "examples": {name: len(part.labels) for name, part in run.data.parts.items()},
        "classes": prep.classes,
        "confusion": counts.tolist(),
        "by_class": class_scores(counts).by_class(prep.classes),
        "vocabulary": vocab and len(vocab),
        "unknown": 0.0 if vocab is None else unknown_share(vocab, words or ()),
    }


def score_table(name: str, summary: dict[str, Any]) -> str:
    """Return the accuracy of a model in percent next to that of its baselines.

    Of several seeds it is mean ± standard deviation.
    """
    own = {part: shown_accuracy(summary[part]) for part in ("valid", "test")}
    rows = [[name, own["valid"], own["test"]]]
    rows += [
        [other, f"{100 * parts['valid']:.1f}", f"{100 * parts['test']:.1f}"]
        for other, parts in summary["baselines"].items()
    ]
    return table(["accuracy (%)", "valid", "test"], rows)


def shown_accuracy(metrics: dict[str, Any]) -> str:
    """Return accuracy in percent, of several seeds with its standard deviation.

    Example:
        >>> shown_accuracy({"accuracy": 0.84})
        '84.0'
        >>> shown_accuracy({"accuracy": 0.84, "accuracy_members": [0.83, 0.85]})
        '84.0 ± 1.4'
    """
    return score_text(metrics, "accuracy", ".1f", 100.0)


def verdict_of(summary: dict[str, Any]) -> Verdict:
    """Return the accuracy of the test next to the best baseline."""
    tests = {name: parts["test"] for name, parts in summary["baselines"].items()}
    ours = summary["test"]["accuracy"]
    return compared("test accuracy", ours, tests, "higher", share=True)


def key_numbers(name: str, summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    seeds = len(summary["test"].get("accuracy_members", [0]))
    given = f" ({seeds} seeds)" if seeds > 1 else ""
    numbers = [
        ("model", name),
        (f"test accuracy{given}", f"{shown_accuracy(summary['test'])} %"),
        (f"validation accuracy{given}", f"{shown_accuracy(summary['valid'])} %"),
    ]
    if summary["baselines"]:
        tests = {key: parts["test"] for key, parts in summary["baselines"].items()}
        best = max(tests, key=tests.__getitem__)
        numbers.append((best, f"{100 * tests[best]:.1f} %"))
    return [*numbers, ("training examples", f"{summary['examples']['train']:,}")]


def accuracy_curves(folder: Path, summary: dict[str, Any]) -> tuple[str, "Figure"]:
    """Return the accuracy over the updates next to that of the baselines."""
    records = [
        {**record, "loss": record["accuracy"]}
        for record in read_metrics(folder)
        if "accuracy" in record
    ]
    valid = {
        name: parts["valid"]
        for name, parts in summary["baselines"].items()
        if name != ALWAYS
    }  # so far below that it would flatten the curves
    figure = learning_curves(records, valid, "accuracy")
    return "Training and validation accuracy over the updates.", figure


def confusions(summary: dict[str, Any]) -> tuple[str, "Figure"]:
    """Return the confusion matrix of the test."""
    seeds = len(summary["test"].get("accuracy_members", [0]))
    of_seed = ", of the model of the first seed" if seeds > 1 else ""
    figure = plot_confusion(np.array(summary["confusion"]), summary["classes"])
    return f"What was taken for what in the test{of_seed}.", figure


def draw_words(
    model: Classifier, data: Data, logits: np.ndarray, count: int
) -> tuple[str, "Figure"]:
    """Return some texts, shaded by what their words did."""
    caption = (
        "Test texts, drawn at random, and then the surest errors. Shaded words "
        "spoke for the answer of the model, framed ones against it."
    )
    return caption, plot_words(moved_words(model, data, logits, count))


def layer_plots(model: Classifier, data: Data) -> list[tuple[str, "Figure"]]:
    """Return plots of the top layer over one example of the test."""
    row = readable([len(one) for one in data.test.sequences])
    sequence = data.test.sequences[row]
    what = "class " * bool(data.prep.classes)
    name = f"a test example of {what}{data.prep.name_of(data.test.labels[row])}"
    if data.test.sentences is not None:
        example = Example(name, "word", data.test.sentences[row])
    else:
        numbers = [str(n + 1) for n in range(len(sequence))]
        example = Example(name, "step", every_nth(numbers))
    reading = model.top_layer_inputs(jnp.asarray(sequence)[:, None]).row(0)
    return layer_figures(reading, example)
