"""What a finished language-model run leaves, and what it shows on the screen."""

from typing import TYPE_CHECKING, Any

from jlstm.data import Corpus
from jlstm.nnx.tokens import TokenModel
from jlstm.tasks.language.gates import read_line
from jlstm.tasks.language.model import LanguageModel
from jlstm.tasks.language.show import (
    Sample,
    draw_samples,
    sample_title,
    score_table,
)
from jlstm.training.experiment import Finished, Report
from jlstm.training.report.layer_figures import layer_figures
from jlstm.training.report.verdict import Verdict, compared
from jlstm.training.task import perplexity

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def make_report(config: Any, run: Finished[Any, Any]) -> Report:
    """Let the model write, and compare it with n-grams."""
    corpus, model = run.task.corpus, run.model
    samples = draw_samples(model, corpus, config.sample)
    numbers = numbers_of(run, samples)
    summary = run.summary | numbers
    name, level = model.config.title, corpus.vocab.level
    texts = [(sample_title(sample), sample.text) for sample in samples]
    written = "".join(f"\n--- {title}\n{text}\n" for title, text in texts)
    rows = score_table(name, level, summary)
    unit = "character" if level == "char" else "word"
    return Report(
        numbers=numbers,
        verdict=verdict_of(level, summary),
        said=f"{written}\n{rows}\n",
        headline=key_numbers(name, level, summary),
        loss_label=f"loss (nats a {unit})",
        baselines={k: parts["valid"] for k, parts in run.baselines.items()},
        figures=[lambda: layer_plots(model, corpus)],
        tables=texts,
    )


def numbers_of(run: Finished[Any, Any], samples: list[Sample]) -> dict[str, Any]:
    """Return the numbers of a run that only language has, for ``result.json``."""
    tokens = run.task.batches(1).num_predictions * run.summary["epochs"]
    return {
        "baselines": run.baselines,
        "tokens_per_second": round(tokens / run.result.place.seconds),
        "vocabulary": len(run.data.prep.vocab),
        "note": run.data.note,
        "samples": [sample._asdict() for sample in samples],
    }


def verdict_of(level: str, summary: dict[str, Any]) -> Verdict:
    """Return the score of the test, or else of validation, next to the n-grams."""
    part = "valid" if summary["test"] is None else "test"
    losses = {name: parts[part] for name, parts in summary["baselines"].items()}
    ours, what = summary[part]["loss"], "nats per character"
    if level == "word":
        ours, what = perplexity(ours), "perplexity"
        losses = {name: perplexity(loss) for name, loss in losses.items()}
    named = {"valid": "validation", "test": "test"}[part]
    return compared(f"{named} {what}", ours, losses, "lower")


def key_numbers(
    name: str, level: str, summary: dict[str, Any]
) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    metric = "perplexity" if level == "word" else "loss"
    unit = "perplexity" if level == "word" else "nats per character"
    parts = [("validation", summary["valid"]), ("test", summary["test"])]
    scores = [(f"{n} {unit}", f"{s[metric]:.3f}") for n, s in parts if s is not None]
    return [
        ("model", name),
        *scores,
        ("tokens/s", f"{summary['tokens_per_second']:,}"),
        *([("note", summary["note"])] if summary["note"] else []),
    ]


def layer_plots(model: TokenModel, corpus: Corpus) -> list[tuple[str, "Figure"]]:
    """Return plots of the top layer over a held-out line; a Transformer has none."""
    if not isinstance(model, LanguageModel):
        return []
    return layer_figures(*read_line(model, corpus))
