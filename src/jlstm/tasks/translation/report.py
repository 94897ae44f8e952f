"""What a finished translation run leaves, and what it shows on the screen."""

from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp

from jlstm.analysis.plots import plot_attention
from jlstm.data.translation import Translation
from jlstm.data.words import Words
from jlstm.decoding.beam import Search
from jlstm.tasks.translation.model import Seq2Seq
from jlstm.tasks.translation.translate import Sources, attention_weights, translate
from jlstm.tasks.translation.written import files_of, score_all, tables_of, write_all
from jlstm.training.experiment import Finished, Report
from jlstm.training.report.layer_figures import Example, layer_figures, readable
from jlstm.training.report.table import table
from jlstm.training.report.verdict import Verdict, compared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SAMPLES = 8
PLOTS = 2
LENGTHS = range(9, 15)
"""Words of a sentence that makes a readable plot."""


class Examples(NamedTuple):
    """Translations of one part of the corpus.

    Attributes:
        corpus: sentences and references.
        part: which of its parts.
        written: translations, by how they were made.
    """

    corpus: Translation
    part: str
    written: dict[str, list[Words]]


def make_report(config: Any, run: Finished[Any, Any]) -> Report:
    """Translate parts of the corpus, score them, and show some of the last one."""
    task, model = run.task, run.model
    written = write_all(model, task, config.search, config.dictionary)
    bleu = score_all(task.corpus, config.data, written)
    numbers = numbers_of(config, run, bleu)
    summary = run.summary | numbers
    last = config.search.parts[-1]
    examples = Examples(task.corpus, last, written[last])
    samples, rows = sample_texts(examples), bleu_table(summary)
    shown = "".join(f"\n--- {heading}\n{text}\n" for heading, text in samples[:3])
    test = summary["test"]["perplexity"]
    return Report(
        numbers=numbers,
        verdict=verdict_of(summary),
        said=f"{shown}\n{rows}\n\n{summary['model']}: test perplexity {test:.2f}",
        headline=key_numbers(summary),
        loss_label="loss (nats per target word)",
        baselines=run.baselines,
        figures=[
            lambda: draw_attention(model, examples),
            lambda: layer_plots(model, examples),
        ],
        tables=[("BLEU", rows), *samples],
        files=files_of(written) | tables_of(task.corpus, written),
    )


def numbers_of(
    config: Any, run: Finished[Any, Any], bleu: dict[str, Any]
) -> dict[str, Any]:
    """Return the numbers of a run that only translation has, for ``result.json``."""
    prep, targets = run.data.prep, run.data.train.targets
    words = sum(map(len, targets)) * run.summary["epochs"]
    return {
        "model": config.model.title,
        "languages": [config.data.source, config.data.target],
        "vocabularies": [len(prep.source), len(prep.target)],
        "baselines": run.baselines,
        "bleu": bleu,
        "words_per_second": round(words / run.result.place.seconds),
    }


def verdict_of(summary: dict[str, Any]) -> Verdict:
    """Return the BLEU of the last part next to what needs no network."""
    part, ways = list(summary["bleu"].items())[-1]
    beam = next(name for name in ways if name.startswith("beam"))
    simple = [name for name in ways if not name.startswith(("beam", "greedy"))]
    rivals = {name: ways[name]["words"] for name in simple}
    return compared(f"BLEU on {part}", ways[beam]["words"], rivals, "higher")


def key_numbers(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    part = list(summary["bleu"])[-1]
    ways = summary["bleu"][part]
    beam = next(name for name in ways if name.startswith("beam"))
    return [
        ("model", summary["model"]),
        ("validation perplexity", f"{summary['valid']['perplexity']:.2f}"),
        ("test perplexity", f"{summary['test']['perplexity']:.2f}"),
        ("BLEU of words, greedy", f"{ways['greedy']['words']:.1f}"),
        (f"BLEU of words, {beam}", f"{ways[beam]['words']:.1f}"),
        (f"BLEU of running text, {beam}", f"{ways[beam]['detokenized']:.1f}"),
        (f"chrF, {beam}", f"{ways[beam]['chrf']:.1f}"),
        ("sacreBLEU", ways[beam]["signature"]),
        ("words/s", f"{summary['words_per_second']:,}"),
    ]


def bleu_table(summary: dict[str, Any]) -> str:
    """Return the BLEU of every part and way, next to the baselines."""
    rows = [
        [part, name, *(round(one[way], 1) for way in ("words", "detokenized", "chrf"))]
        for part, ways in summary["bleu"].items()
        for name, one in ways.items()
    ]
    texts = [[*row[:2], *(f"{value:.1f}" for value in row[2:])] for row in rows]
    ways = ["BLEU, words", "BLEU, running text", "chrF"]
    return table(["part", "translation", *ways], texts)


def sample_texts(examples: Examples) -> list[tuple[str, str]]:
    """Return some sentences with their references and translations, evenly spread."""
    pairs = examples.corpus.parts[examples.part]
    count = len(pairs.sources)
    samples = []
    for row in range(0, count, max(count // SAMPLES, 1))[:SAMPLES]:
        lines = {"source": pairs.source_words[row]}
        lines |= {name: words[row] for name, words in examples.written.items()}
        lines["reference"] = pairs.target_words[row]
        width = max(map(len, lines))
        text = "\n".join(f"{n:<{width}}  {' '.join(w)}" for n, w in lines.items())
        samples.append((f"{examples.part}, sentence {row + 1}", text))
    return samples


def draw_attention(model: Seq2Seq, examples: Examples) -> list[tuple[str, "Figure"]]:
    """Return plots of what was looked at, nothing for a model without attention."""
    if model.attention is None:
        return []
    corpus = examples.corpus
    pairs = corpus.parts[examples.part]
    fitting = [n for n, ids in enumerate(pairs.sources) if len(ids) in LENGTHS]
    figures = []
    for row in fitting[:PLOTS]:
        source = pairs.sources[row]
        search = Search(beams=1, limit=2 * LENGTHS.stop)
        target = translate(model, Sources([source], 1, (len(source),)), search)[0]
        weights = attention_weights(model, source, target)
        caption = f"What each written word looked at; {examples.part}, {row + 1}."
        words = [
            [vocab.symbols[each] for each in ids]
            for vocab, ids in (
                (corpus.source_vocab, source), (corpus.target_vocab, target)
            )
        ]  # fmt: skip
        figures.append((caption, plot_attention(weights, *words)))
    return figures


def layer_plots(model: Seq2Seq, examples: Examples) -> list[tuple[str, "Figure"]]:
    """Return plots of the encoder's top layer over a source sentence."""
    sources = examples.corpus.parts[examples.part].sources
    row = readable([len(ids) for ids in sources])
    symbols = examples.corpus.source_vocab.symbols
    labels = [symbols[each] for each in sources[row]]
    name = f"a source sentence ({examples.part}, {row + 1}) in the encoder"
    reading = model.top_layer_inputs(jnp.asarray(sources[row])[:, None]).row(0)
    return layer_figures(reading, Example(name, "word", labels))
