"""What became of the members of each variant: a table, a plot, the best first."""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jlstm.analysis.plots import plot_dots
from jlstm.training.program import Replica
from jlstm.training.report.plots import save
from jlstm.training.report.table import table

Row = Mapping[str, Any]
VANILLA = "vanilla"
EDGE = 10.0  # nats per step, of the plot


def outcome_of(
    records: Sequence[Mapping[str, Any]], members: Sequence[Replica]
) -> list[dict[str, Any]]:
    """Return for each member its best validation loss, and the test loss then.

    A member whose losses are never finite has None for both.

    Example:
        >>> record = {"kind": "valid", "epoch": 1, "loss_members": [3.0],
        ...           "test_loss_members": [4.0]}
        >>> later = record | {"epoch": 2, "loss_members": [2.0],
        ...                   "test_loss_members": [5.0]}
        >>> outcome_of([record, later], [Replica(0, 0.1)])
        [{'seed': 0, 'learning_rate': 0.1, 'epoch': 2, 'valid': 2.0, 'test': 5.0}]
    """
    valid = [record for record in records if record["kind"] == "valid"]
    found = []
    for number, member in enumerate(members):
        losses = [
            (each["loss_members"][number], each["test_loss_members"][number],
             each["epoch"])
            for each in valid
        ]  # fmt: skip
        finite = [each for each in losses if math.isfinite(each[0])]
        best, test, epoch = min(finite, default=(None, None, None))
        found.append(member._asdict() | {"epoch": epoch, "valid": best, "test": test})
    return found


def best_rate(row: Row) -> list[Mapping[str, Any]]:
    """Return the members of the learning rate with the lowest mean validation loss."""
    rates = sorted({member["learning_rate"] for member in row["members"]})
    groups = [
        [one for one in row["members"] if one["learning_rate"] == rate]
        for rate in rates
    ]
    whole = [g for g in groups if all(one["valid"] is not None for one in g)]
    return min(
        whole, key=lambda g: statistics.mean(one["valid"] for one in g), default=[]
    )


def present(rows: Sequence[Row], path: Path) -> str:
    """Write table and plot of what is done so far; return the table.

    ``path`` is without the endings, .md, .png and .svg.
    """
    ranked = sorted(rows, key=lambda row: mean_of(best_rate(row), "test"))
    text = outcome_table(ranked)
    path.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    groups = {
        row["variant"]: [one["test"] for one in row["members"] if one["test"]]
        for row in ranked
    }
    chosen = {row["variant"]: mean_of(best_rate(row), "test") for row in ranked}
    label = "test loss (nats per step)"
    figure = plot_dots(groups, chosen, label=label, marked=VANILLA, limit=EDGE)
    save(figure, path)
    return text


def outcome_table(rows: Sequence[Row]) -> str:
    """Return a line a variant: the learning rate that validation chose, and its nats.

    Nats are mean ± standard deviation over seeds.
    """
    vanilla = next((best_rate(r) for r in rows if r["variant"] == VANILLA), [])
    lines = []
    for row in rows:
        best = best_rate(row)
        worse = mean_of(best, "test") - mean_of(vanilla, "test")
        lines.append([
            row["variant"],
            f"{row['parameters']:,}" if row["parameters"] else "",
            f"{best[0]['learning_rate']:g}" if best else "none",
            shown(best, "valid"),
            shown(best, "test"),
            f"{worse:+.3f}" if math.isfinite(worse) else "",
        ])  # fmt: skip
    header = ["variant", "parameters", "learning rate", "valid", "test", "to vanilla"]
    return table(header, lines)


def shown(members: Sequence[Mapping[str, Any]], part: str) -> str:
    """Return mean ± standard deviation.

    Example:
        >>> shown([{"test": 8.5}, {"test": 8.7}], "test"), shown([], "test")
        ('8.600 ± 0.141', 'not finite')
    """
    values = [member[part] for member in members]
    if not values:
        return "not finite"
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{spread}"


def mean_of(members: Sequence[Mapping[str, Any]], part: str) -> float:
    """Return the mean over members, infinity of none."""
    values = [member[part] for member in members]
    return statistics.mean(values) if values else math.inf
