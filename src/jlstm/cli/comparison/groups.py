"""Runs that differ in their seed alone: one line for them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jlstm.cli.comparison.runs import Run
from jlstm.cli.comparison.tables import MISSING, UNTOLD, Table, mean_and_std, setting
from jlstm.training.seeds import of_seeds

SEED = "train.seed"
PARTS = ("test", "valid")


class Group(NamedTuple):
    """Finished runs that differ in nothing but their seeds.

    Attributes:
        runs: in the order in which they came.
        told: values of the keys that differ between groups, as YAML has them.
    """

    runs: tuple[Run, ...]
    told: Mapping[str, str]

    def numbers(self, part: str, name: str) -> list[float]:
        """Return a metric of every seed of every run."""
        scored = [(run.result or {}).get(part) or {} for run in self.runs]
        return [x for one in scored if name in one for x in of_seeds(one, name)]


def groups_of(runs: Sequence[Run]) -> list[Group]:
    """Return finished runs by their configurations, whatever their seeds."""
    finished = [run for run in runs if run.result is not None]
    keys = [key for key in _keys(finished) if key not in (SEED, *UNTOLD)]
    differ = [key for key in keys if len({setting(r, key) for r in finished}) > 1]
    found: dict[tuple[str, ...], list[Run]] = {}
    for run in finished:
        found.setdefault(tuple(setting(run, key) for key in differ), []).append(run)
    return [
        Group(tuple(own), dict(zip(differ, told, strict=True)))
        for told, own in found.items()
    ]


def groups_table(groups: Sequence[Group]) -> Table:
    """Return a line for each group: seeds, and mean ± deviation of the metrics.

    There is none where no group has several runs: the table of runs says as much.
    """
    if all(len(group.runs) < 2 for group in groups):
        return [], []
    metrics = list(dict.fromkeys(pair for group in groups for pair in _metrics(group)))
    keys = list(groups[0].told)
    rows = [
        [
            *(group.told[key] for key in keys),
            str(len(group.runs)),
            *(_mean(group.numbers(*pair)) for pair in metrics),
        ]
        for group in groups
    ]
    return [*keys, "runs", *(f"{part} {name}" for part, name in metrics)], rows


def _keys(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(key for run in runs for key in run.config))


def _metrics(group: Group) -> list[tuple[str, str]]:
    result: Mapping[str, Any] = group.runs[0].result or {}
    return [
        (part, name)
        for part in PARTS
        for name, value in (result.get(part) or {}).items()
        if isinstance(value, int | float)
    ]


def _mean(values: list[float]) -> str:
    return mean_and_std(values) if values else MISSING
