"""What a finished tagging run leaves, and what it shows on the screen."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jlstm.analysis.plots import learning_curves, plot_confusion
from jlstm.data.words import Words
from jlstm.metrics.chunks import chunk_scores
from jlstm.metrics.confusion import class_scores, confusion
from jlstm.tasks.tagging.baselines import known_and_unknown
from jlstm.tasks.tagging.data import Data, Prep, Sentences
from jlstm.tasks.tagging.model import Tagger
from jlstm.tasks.tagging.objective import TaggedBatches, TagTask
from jlstm.training.experiment import Finished, Report
from jlstm.training.log import read_metrics
from jlstm.training.report.layer_figures import Example, layer_figures, readable
from jlstm.training.report.table import class_table, score_text, table
from jlstm.training.report.verdict import Verdict, compared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CLASSES = 24  # in the confusion matrix
OTHER = "other"
TITLES = {"accuracy": "accuracy (%)", "f1": "F1 of chunks (%)"}


def make_report(config: Any, run: Finished[Prep, Sentences]) -> Report:
    """Tag the test, and say which words are tagged wrong."""
    model, data, task = run.model, run.data, run.task
    found = task.names(task.tag(model, data.test.numbers).tags)
    numbers = numbers_of(config.model.title, run, found)
    numbers |= by_class(task, data.test, found)
    summary = run.summary | numbers
    rows, words = score_table(summary), word_table(summary)
    tables = [("next to the baselines", rows), ("words of the test", words)]
    tables.append(("tags of the test", class_table(numbers["by_class"])))
    if task.chunked:
        tables.append(("chunks of the test", class_table(numbers["by_chunk"])))
    if config.examples:
        heading = "test sentences, in brackets the right tag where another was given"
        tables.append((heading, tagged_text(data, found, config.examples)))
    counts = np.array(summary["confusion"])
    return Report(
        numbers=numbers,
        verdict=verdict_of(summary),
        said=f"\n{rows}\n\n{words}\n",
        headline=key_numbers(summary),
        loss_label="loss (nats per word)",
        figures=[
            lambda: draw_scores(run.folder, summary),
            lambda: (
                "What was taken for what in the test.",
                plot_confusion(counts, summary["classes"]),
            ),
            lambda: layer_plots(model, data),
        ],
        tables=tables,
    )


def numbers_of(
    title: str, run: Finished[Prep, Sentences], found: Sequence[Words]
) -> dict[str, Any]:
    """Return the numbers of a run that only tags have, for ``result.json``.

    Args:
        title: of the model.
        run: what was trained.
        found: tags of the test, by the model of the first seed.
    """
    data, parts = run.data, {n: own.words.tagged for n, own in run.data.parts.items()}
    classes, counts = count_tags(parts["test"].tags, found)
    return {
        "model": title,
        "baselines": run.baselines,
        "by_word": known_and_unknown(parts["train"], parts["test"], found),
        "sentences": {name: len(part.sentences) for name, part in parts.items()},
        "words": {name: part.num_words for name, part in parts.items()},
        "vocabulary": len(data.prep.words),
        "classes": classes,
        "confusion": counts.tolist(),
    }


def by_class(
    task: TagTask, test: Sentences, found: Sequence[Words]
) -> dict[str, dict[str, Any]]:
    """Return precision, recall and F1 of each tag, and of each kind of chunk."""
    gold = test.words.tagged.tags
    place = {name: number for number, name in enumerate(task.tags)}
    pair = ([[place[t] for t in tags] for tags in each] for each in (gold, found))
    scores = {"by_class": class_scores(task.counts(*pair)).by_class(task.tags)}
    if task.chunked:
        scores["by_chunk"] = chunk_scores(gold, found)
    return scores


def count_tags(
    gold: Sequence[Words], found: Sequence[Words], most: int = MOST_CLASSES
) -> tuple[list[str], np.ndarray]:
    """Count which tag was taken for which; the rarest of many become one class.

    Example:
        >>> gold = [("A", "A", "B", "C")]
        >>> classes, counts = count_tags(gold, [("A", "B", "B", "A")], most=3)
        >>> classes, counts.tolist()
        (['A', 'B', 'C'], [[1, 1, 0], [0, 1, 0], [1, 0, 0]])
        >>> count_tags(gold, gold, most=2)[0]
        ['A', 'other']
    """
    flat = [[tag for tags in each for tag in tags] for each in (gold, found)]
    ranked = [tag for tag, _ in Counter([*flat[0], *flat[1]]).most_common()]
    many = len(ranked) > most
    kept = sorted(ranked[: most - 1] if many else ranked)
    classes = [*kept, OTHER] if many else kept
    place = {tag: classes.index(tag) if tag in kept else most - 1 for tag in ranked}
    labels, guesses = (np.array([place[tag] for tag in tags]) for tags in flat)
    return classes, confusion(labels, guesses, len(classes))


def main_metric(summary: dict[str, Any]) -> str:
    """Return the metric that is quoted: F1 where tags are chunks, else accuracy."""
    return "f1" if "f1" in summary["test"] else "accuracy"


def score_table(summary: dict[str, Any]) -> str:
    """Return the scores of a model in percent next to those of its baselines.

    Of several seeds they are mean ± standard deviation.
    """
    names = [name for name in ("accuracy", "f1") if name in summary["test"]]
    parts = ("valid", "test")
    header = ["", *(f"{part} {TITLES[name]}" for name in names for part in parts)]
    own = [shown(summary[part], name) for name in names for part in parts]
    rows = [[summary["model"], *own]]
    for other, scores in summary["baselines"].items():
        rows.append([other, *(shown(scores[p], n) for n in names for p in parts)])
    return table(header, rows)


def shown(metrics: dict[str, Any], name: str) -> str:
    """Return a share in percent, of several seeds with its standard deviation.

    Example:
        >>> shown({"f1": 0.9312}, "f1")
        '93.12'
        >>> shown({"f1": 0.94, "f1_members": [0.93, 0.95]}, "f1")
        '94.00 ± 1.41'
    """
    return score_text(metrics, name, ".2f", 100.0)


def share_of_words(counted: dict[str, Any]) -> str:
    """Return an accuracy in percent; a dash where there was no word.

    Example:
        >>> share_of_words({"accuracy": 0.5, "words": 4})
        '50.00 %'
        >>> share_of_words({"accuracy": 0.0, "words": 0})
        '–'
    """
    return f"{100 * counted['accuracy']:.2f} %" if counted["words"] else "–"


def word_table(summary: dict[str, Any]) -> str:
    """Return the accuracy on words that training has, and on the others."""
    rows = [
        [name, share_of_words(each).removesuffix(" %"), each["words"]]
        for name, each in summary["by_word"].items()
    ]
    return table(["words", "accuracy (%)", "in the test"], rows)


def tagged_text(data: Data, found: Sequence[Words], count: int) -> str:
    """Return tagged test sentences: the first ones, and those with most errors."""
    test = data.test.words.tagged
    errors = [
        sum(a != b for a, b in zip(*pair, strict=True))
        for pair in zip(test.tags, found, strict=True)
    ]
    worst = sorted(range(len(errors)), key=lambda row: -errors[row])[: count // 2]
    first = [row for row in range(len(errors)) if row not in worst][
        : count - count // 2
    ]
    return "\n\n".join(
        tagged_line(test.sentences[row], test.tags[row], found[row])
        for row in first + worst
    )


def tagged_line(words: Words, gold: Words, found: Words) -> str:
    """Return a sentence with its tags.

    Example:
        >>> tagged_line(("a", "walk"), ("DET", "NOUN"), ("DET", "VERB"))
        'a/DET walk/VERB[NOUN]'
    """
    return " ".join(
        f"{word}/{tag}" + (f"[{right}]" if tag != right else "")
        for word, right, tag in zip(words, gold, found, strict=True)
    )


def verdict_of(summary: dict[str, Any]) -> Verdict:
    """Return what is quoted of the test next to the best baseline."""
    name = main_metric(summary)
    tests = {key: parts["test"][name] for key, parts in summary["baselines"].items()}
    what = f"test {TITLES[name].removesuffix(' (%)')}"
    return compared(what, summary["test"][name], tests, "higher", share=True)


def key_numbers(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    name = main_metric(summary)
    what = TITLES[name].removesuffix(" (%)")
    seeds = len(summary["test"].get("loss_members", [0]))
    given = f" ({seeds} seeds)" if seeds > 1 else ""
    best = max(scores["test"][name] for scores in summary["baselines"].values())
    unknown = summary["by_word"]["unknown"]
    return [
        ("model", summary["model"]),
        (f"test {what}{given}", f"{shown(summary['test'], name)} %"),
        ("best baseline", f"{100 * best:.2f} %"),
        ("accuracy on unknown words", share_of_words(unknown)),
        ("training words", f"{summary['words']['train']:,}"),
    ]


def draw_scores(folder: Path, summary: dict[str, Any]) -> tuple[str, "Figure"]:
    """Return what is quoted over the updates."""
    name = main_metric(summary)
    records = [
        {**record, "loss": 100 * record[name]}
        for record in read_metrics(folder)
        if name in record
    ]
    what = TITLES[name]
    return f"Validation {what} over the updates.", learning_curves(records, {}, what)


def layer_plots(model: Tagger, data: Data) -> list[tuple[str, "Figure"]]:
    """Return plots of the top layer over a test sentence with its true tags."""
    sentences, test = data.test.numbers, data.test.words.tagged
    row = readable([len(one) for one in sentences])
    pairs = zip(test.sentences[row], test.tags[row], strict=True)
    labels = [f"{word}/{tag}" for word, tag in pairs]
    batch = TaggedBatches([sentences[row]], 1, (len(labels),))[0]
    text = jax.tree.map(jnp.asarray, batch.text)
    example = Example("a test sentence (with its true tags)", "word", labels)
    return layer_figures(model.top_layer_inputs(text).row(0), example)
