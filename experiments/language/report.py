"""What a finished language-model run leaves behind, and what it shows on the screen."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.config import RunConfig
from experiments.inside import inside_pictures
from experiments.language.gates import read_line
from experiments.language.show import (
    Sample,
    headline,
    sample_title,
    score_table,
)
from experiments.present import present
from jlstm.data import Corpus
from jlstm.models.language import LanguageModel
from jlstm.models.tokens import TokenModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def show(
    folder: Path,
    config: RunConfig,
    model: TokenModel,
    corpus: Corpus,
    summary: dict[str, Any],
    samples: list[Sample],
) -> None:
    """Write ``result.json`` and ``report.html`` and print what is most worth seeing."""
    name, level = model.config.title, corpus.vocab.level
    unit = "character" if level == "char" else "word"
    for sample in samples:
        print(f"\n--- {sample_title(sample)}\n{sample.text}")
    print(f"\n{score_table(name, level, summary)}\n\n{headline(name, level, summary)}")
    present(
        folder,
        config,
        summary,
        headline=key_numbers(name, level, summary),
        loss_label=f"loss (nats a {unit})",
        figures=[lambda: draw_inside(model, corpus)],
        samples=[(sample_title(sample), sample.text) for sample in samples],
        baselines={k: parts["valid"] for k, parts in summary["baselines"].items()},
    )


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
        ("tokens/s", f"{summary['tokens_per_second']:,}"),
        *([("note", summary["note"])] if summary["note"] else []),
    ]


def draw_inside(model: TokenModel, corpus: Corpus) -> list[tuple[str, "Figure"]]:
    """Return pictures of the top layer over a held-out line; a Transformer has none."""
    if not isinstance(model, LanguageModel):
        return []
    return inside_pictures(*read_line(model, corpus))
