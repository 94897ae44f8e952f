"""What a finished run on a generated task leaves, and what it prints."""

from typing import TYPE_CHECKING, Any

from jlstm.analysis.plots import seed_curves
from jlstm.data.synthetic.problem import Problem
from jlstm.tasks.synthetic.layer_figures import layer_plots
from jlstm.tasks.synthetic.seeds import Records, first_solved, mean_and_std, seed_table
from jlstm.training.experiment import Finished, Report
from jlstm.training.log import read_metrics
from jlstm.training.report.verdict import Verdict
from jlstm.training.seeds import of_seeds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOSSES = {
    "number": "squared error",
    "class": "loss (nats per step)",
    "set": "loss (nats per step)",
}


def make_report(config: Any, run: Finished[Any, Any]) -> Report:
    """Say which seeds have solved the problem, and when."""
    problem, records = run.data.train.problem, read_metrics(run.folder)
    numbers = numbers_of(config, run, records)
    summary = run.summary | numbers
    rows = seed_table(config.train.seed, summary)
    return Report(
        numbers=numbers,
        verdict=verdict(summary),
        said=f"\n{problem.title}; {summary['model']}\n\n{rows}\n",
        headline=key_numbers(summary),
        loss_label=LOSSES[problem.kind],
        baselines=run.baselines,
        figures=[
            lambda: draw_seeds(problem, records),
            lambda: layer_plots(run.model, problem),
        ],
        tables=[("each seed on the test set", rows)],
    )


def numbers_of(
    config: Any, run: Finished[Any, Any], records: Records
) -> dict[str, Any]:
    """Return the numbers of a run that only such problems have, for ``result.json``."""
    size, seeds = config.draw.batch_size, config.train.seeds
    problem = run.data.train.problem
    sequences = run.summary["steps"] * size
    first = first_solved(records, seeds)
    return {
        "problem": problem.title,
        "model": config.model.title,
        "seeds": seeds,
        "baselines": run.baselines,
        "goal": problem.goal._asdict(),
        "solved_after": [None if n is None else n * size for n in first],
        "sequences": sequences,
        "sequences_per_second": round(sequences * seeds / run.result.place.seconds),
    }


def verdict(summary: dict[str, Any]) -> Verdict:
    """Return in how many seeds the problem is solved.

    Example:
        >>> goal = {"metric": "loss", "value": 0.01, "at_most": True}
        >>> test = {"solved": 0.5, "solved_members": [1, 0]}
        >>> print(verdict({"goal": goal, "test": test}).text)
        Solved (test loss at most 0.01) in 1/2 seeds.
    """
    goal, solved = summary["goal"], of_seeds(summary["test"], "solved")
    side = "at most" if goal["at_most"] else "at least"
    asked = f"test {goal['metric'].replace('_', ' ')} {side} {goal['value']:.4g}"
    text = f"Solved ({asked}) in {sum(solved):.0f}/{len(solved)} seeds."
    return Verdict(text, wins={0: False, len(solved): True}.get(round(sum(solved))))


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
    """Return the plot of what decides, one line per seed, with its caption."""
    goal = problem.goal
    valid = [record for record in records if record["kind"] == "valid"]
    steps = [record["step"] for record in valid]
    lines = list(zip(*(of_seeds(record, goal.metric) for record in valid), strict=True))
    label = LOSSES[problem.kind] if goal.metric == "loss" else goal.metric
    figure = seed_curves(
        steps, lines, goal.value, label=label.replace("_", " "), log=goal.at_most
    )
    return [("Each seed on the validation set; dashed: what counts as solved.", figure)]
