"""Which experiment goes with data that is chosen alone."""

import re
from collections.abc import Mapping
from typing import Any, get_type_hints

from jlstm._internal.options import hints_of, rule_of
from jlstm.cli.config_files import config_file, folders, options
from jlstm.tasks import TASKS
from jlstm.training.config.run import RunConfig

RECIPES = {
    "audio_folder": "audio_folder", "clips": "clips", "csv": "forecast_csv",
    "labelled_text": "labelled_text", "records": "records",
    "sequences": "sequences", "tagged": "tagged",
}  # fmt: skip
"""The experiment that data of one's own brings along, with its task."""


def default_experiment(chosen: Mapping[str, Any]) -> list[str]:
    """Return the choice of an experiment that goes with the chosen data, if any does.

    Hydra cannot do it: what one group chooses cannot override another one. A task or an
    experiment on the command line is left as it is.
    """
    if {"experiment", "task"} & set(chosen):
        return []
    name = chosen.get("data")
    recipe = None if name is None else RECIPES.get(_kind_of(str(name)))
    return [] if recipe is None else [f"experiment={recipe}"]


def _kind_of(name: str) -> str:
    """Return how a data file says that it is read; the name itself if it does not."""
    for folder in folders():
        path = folder / "data" / f"{name}.yaml"
        if path.is_file():
            text = path.read_text("utf-8", "replace")
            said = re.search(r"^name:\s*['\"]?([\w-]+)", text, re.MULTILINE)
            return said[1] if said else name
    return name


def check_data(chosen: Mapping[str, Any]) -> None:
    """Raise where data is chosen alone that the task of no experiment reads.

    Raises:
        ValueError: names experiments that read it.
    """
    alone = "data" in chosen and not {"experiment", "task"} & set(chosen)
    if not alone or chosen["data"] not in options("data"):
        return
    kind = _kind_of(chosen["data"])
    if kind in RECIPES or _reads(RunConfig.task, kind):
        return
    found = [name for name in options("experiment") if kind in _data_of(name)]
    known = sorted(found, key=lambda n: (not n.startswith(kind), "_cpu" not in n, n))
    raise ValueError(
        f"data={chosen['data']} brings no task along: name an experiment that reads "
        f"{kind}, such as experiment={known[0] if known else 'NAME'}."
    )


def _reads(task: str, kind: str) -> bool:
    """Whether a task has data of a name."""
    config = get_type_hints(TASKS[task].Config)["data"]
    try:
        rule_of(hints_of(config)["name"]).take(kind, "data.name")
    except (TypeError, ValueError):
        return False
    return True


def _data_of(experiment: str) -> list[str]:
    """Return the data that the file of an experiment chooses."""
    text = config_file("experiment", experiment).read_text("utf-8", "replace")
    return re.findall(r"override /data: *([\w-]+)", text)
