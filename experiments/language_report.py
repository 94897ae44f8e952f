"""What a finished language-model run leaves behind, and what it shows on the screen."""

from pathlib import Path
from typing import Any

import yaml

from experiments.language_gates import trace_line
from experiments.language_show import (
    Sample,
    describe_model,
    headline,
    sample_title,
    score_table,
)
from jlstm.analysis.plots import figure_to_svg, gate_picture, learning_curves
from jlstm.data import Corpus
from jlstm.models.language import LanguageModel
from jlstm.train.log import read_metrics
from jlstm.train.report import write_report
from jlstm.train.run import environment, write_json

# The gate whose mean sorts the units of the picture; a plain RNN has none.
SORT_BY = {"lstm": "f", "peephole": "f", "gru": "z"}


def present(
    folder: Path,
    config: dict[str, Any],
    model: LanguageModel,
    corpus: Corpus,
    summary: dict[str, Any],
    samples: list[Sample],
) -> None:
    """Write ``result.json`` and ``report.html`` and print what is most worth seeing."""
    around = environment()
    write_json(folder / "result.json", summary | {"environment": around})
    name, level = describe_model(model.config), corpus.vocab.level
    records = read_metrics(folder)
    valid = {key: parts["valid"] for key, parts in summary["baselines"].items()}
    report = write_report(
        folder,
        title=config["name"],
        headline=key_numbers(name, level, summary),
        figures=draw_figures(model, corpus, records, valid),
        samples=[(sample_title(sample), sample.text) for sample in samples],
        config=yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
        environment=around,
        metrics=records,
        baselines=valid,
    )
    for sample in samples:
        print(f"\n--- {sample_title(sample)}\n{sample.text}")
    print(f"\n{score_table(name, level, summary)}\n\n{headline(name, level, summary)}")
    print(f"report: {report}", flush=True)


def key_numbers(
    name: str, level: str, summary: dict[str, Any]
) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    metric = "perplexity" if level == "word" else "loss"
    unit = "perplexity" if level == "word" else "nats a character"
    parts = [("validation", summary["valid"]), ("test", summary["test"])]
    scores = [(f"{n} {unit}", f"{s[metric]:.3f}") for n, s in parts if s is not None]
    return [
        ("model", name),
        *scores,
        ("parameters", f"{summary['parameters']:,}"),
        ("steps", f"{summary['steps']:,}"),
        ("seconds", f"{summary['seconds']:,.0f}"),
        ("tokens/s", f"{summary['tokens_per_second']:,}"),
        *([("note", summary["note"])] if summary["note"] else []),
    ]


def draw_figures(
    model: LanguageModel,
    corpus: Corpus,
    records: list[dict[str, Any]],
    baselines: dict[str, float],
) -> list[tuple[str, str]]:
    """Return the learning curves and the picture of the gates, with captions."""
    unit = "character" if corpus.vocab.level == "char" else "word"
    curves = learning_curves(records, baselines, f"loss (nats a {unit})")
    drawn = [("Training and validation loss over the updates.", curves)]
    if (sort_by := SORT_BY.get(model.config.cell)) is not None:
        labels, gates, state = trace_line(model, corpus)
        picture = gate_picture(gates, labels, state, sort_by)
        caption = f"The top layer's gates at every {unit} of a held-out line."
        drawn.append((caption, picture))
    return [(caption, figure_to_svg(figure)) for caption, figure in drawn]
