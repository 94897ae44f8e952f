"""What a finished regression leaves, and what it shows on the screen."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jlstm.analysis.plots import plot_truth
from jlstm.data.words import unknown_share
from jlstm.tasks.classification.data import Part, Prep
from jlstm.tasks.classification.report import layer_plots
from jlstm.training.experiment import Finished, Report
from jlstm.training.report.table import score_text, table
from jlstm.training.report.verdict import compared

_SHOWN = {"rmse": "RMSE", "mae": "MAE", "r2": "R²"}


def make_number_report(config: Any, run: Finished[Prep, Part]) -> Report:
    """Say how far the answers are from the truth."""
    numbers, name = numbers_of(run), config.model.title
    summary = run.summary | numbers
    found = score_table(name, summary)
    tests = {other: own["test"]["rmse"] for other, own in run.baselines.items()}
    ours = summary["test"]["rmse"]
    return Report(
        numbers=numbers,
        verdict=compared("test RMSE", ours, tests, "lower"),
        said=f"\n{found}\n",
        headline=key_numbers(name, summary),
        loss_label="loss (squared error of z-scores)",
        tables=[("scores", found)],
        figures=[
            lambda: truths(run),
            lambda: layer_plots(run.model, run.data),
        ],
    )


def numbers_of(run: Finished[Prep, Part]) -> dict[str, Any]:
    """Return the numbers of a run that only numbers have, for ``result.json``."""
    prep, test = run.data.prep, run.data.test
    assert prep.target is not None  # so numbers are predicted
    vocab = prep.vocab
    return {
        "baselines": run.baselines,
        "examples": {name: len(part.labels) for name, part in run.data.parts.items()},
        "target": {
            "mean": float(prep.target.mean[0]),
            "std": float(prep.target.std[0]),
        },
        "vocabulary": vocab and len(vocab),
        "unknown": 0.0 if vocab is None else unknown_share(vocab, test.sentences or ()),
    }


def score_table(name: str, summary: Mapping[str, Any]) -> str:
    """Return the scores of the test next to those of the baselines."""
    rows = [[name, *_cells(summary)]]
    rows += [[other, *_cells(own)] for other, own in summary["baselines"].items()]
    heads = ["valid RMSE", *(f"test {shown}" for shown in _SHOWN.values())]
    return table(["number to predict", *heads], rows)


def key_numbers(name: str, summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    own = [
        (f"test {shown}", shown_number(summary["test"], key))
        for key, shown in _SHOWN.items()
    ]
    examples = f"{summary['examples']['train']:,}"
    return [("model", name), *own, ("training examples", examples)]


def shown_number(metrics: Mapping[str, Any], name: str) -> str:
    """Return a score, of several seeds with its standard deviation.

    Example:
        >>> shown_number({"r2": 0.84321}, "r2")
        '0.8432'
        >>> shown_number({"r2": 0.84, "r2_members": [0.83, 0.85]}, "r2")
        '0.84 ± 0.014'
    """
    return score_text(metrics, name, ".4g", spread_form=".2g")


def truths(run: Finished[Prep, Part]) -> tuple[str, Any]:
    """Return the answers to the test next to the truth."""
    test, target = run.data.test, run.data.prep.target
    assert target is not None  # so numbers are predicted
    logits = run.task.logits(run.model, run.task.test).astype(np.float64)
    answers = target.unscale(logits)[:, 0]
    several = ", by the model of the first seed" * (
        "rmse_members" in run.summary["test"]
    )
    caption = f"Each example of the test{several}; right answers lie on the line."
    return caption, plot_truth(test.labels, answers)


def _cells(parts: Mapping[str, Any]) -> list[str]:
    test = (shown_number(parts["test"], name) for name in _SHOWN)
    return [shown_number(parts["valid"], "rmse"), *test]
