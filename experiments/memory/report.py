"""What a finished run on a generated task leaves behind, and what it prints."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.config import RunConfig
from experiments.memory.inside import draw_inside
from experiments.memory.seeds import Records, mean_and_std, seed_table
from experiments.present import present
from experiments.seeds import of_seeds
from jlstm.analysis.plots import seed_curves
from jlstm.data.synthetic.problem import Problem
from jlstm.models.memory import MemoryModel
from jlstm.train.log import read_metrics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOSSES = {
    "number": "squared error",
    "class": "loss (nats a step)",
    "set": "loss (nats a step)",
}


def show(
    folder: Path,
    config: RunConfig,
    model: MemoryModel,
    problem: Problem,
    summary: dict[str, Any],
) -> None:
    """Write ``result.json`` and ``report.html`` and print what is most worth seeing."""
    rows = seed_table(config.train.seed, summary)
    print(f"\n{summary['problem']}; {summary['model']}\n\n{rows}\n\n{verdict(summary)}")
    present(
        folder,
        config,
        summary,
        headline=key_numbers(summary),
        loss_label=LOSSES[problem.kind],
        figures=[
            lambda: draw_seeds(problem, read_metrics(folder)),
            lambda: draw_inside(model, problem),
        ],
        samples=[("each seed on the test set", rows)],
        baselines=summary["baselines"],
    )


def verdict(summary: dict[str, Any]) -> str:
    """Return the result in one sentence.

    Example:
        >>> goal = {"metric": "loss", "value": 0.01, "at_most": True}
        >>> verdict({"goal": goal, "test": {"solved": 0.5, "solved_members": [1, 0]}})
        'solved (test loss at most 0.01) in 1/2 seeds'
    """
    goal, solved = summary["goal"], of_seeds(summary["test"], "solved")
    side = "at most" if goal["at_most"] else "at least"
    asked = f"test {goal['metric'].replace('_', ' ')} {side} {goal['value']:.4g}"
    return f"solved ({asked}) in {sum(solved):.0f}/{len(solved)} seeds"


def key_numbers(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few numbers that stand at the top of the report."""
    test, metric = summary["test"], summary["goal"]["metric"]
    solved = sum(of_seeds(test, "solved"))
    return [
        ("problem", summary["problem"]),
        ("model", summary["model"]),
        ("solved", f"{solved:.0f}/{summary['seeds']} seeds"),
        (f"test {metric.replace('_', ' ')}", mean_and_std(of_seeds(test, metric))),
        ("sequences/s", f"{summary['sequences_per_second']:,}"),
    ]


def draw_seeds(problem: Problem, records: Records) -> list[tuple[str, "Figure"]]:
    """Return the picture of what decides, a line a seed, with its caption."""
    goal = problem.goal
    valid = [record for record in records if record["kind"] == "valid"]
    steps = [record["step"] for record in valid]
    lines = list(zip(*(of_seeds(record, goal.metric) for record in valid), strict=True))
    label = LOSSES[problem.kind] if goal.metric == "loss" else goal.metric
    figure = seed_curves(
        steps, lines, goal.value, label=label.replace("_", " "), log=goal.at_most
    )
    return [("Each seed on the validation set; dashed: what counts as solved.", figure)]
