"""The tasks, a folder each: data, model, objective, report, experiment.

The ``__init__`` of a folder says which experiments it has, by the names that
configurations give them, and where their classes are, for example
``EXPERIMENTS = {"tagging": "experiment:TagExperiment"}``. A folder that says so is
found: nothing else lists it, and no class is imported before it is asked for.
``docs/adding-a-task.md`` builds one.
"""

import functools
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any


class _Tasks(Mapping[str, type[Any]]):
    """The experiments by name; each is imported when it is looked up."""

    def __getitem__(self, name: str) -> type[Any]:
        if "." in name:
            return _own(name)
        module, _, attribute = _places()[name].partition(":")
        return getattr(importlib.import_module(module), attribute)

    def __iter__(self) -> Iterator[str]:
        return iter(_places())

    def __len__(self) -> int:
        return len(_places())


TASKS: Mapping[str, type[Any]] = _Tasks()
"""All experiments: classes below :class:`jlstm.training.experiment.Experiment`."""


def find_task(name: object) -> type[Any]:
    """Return the experiment of a task.

    Args:
        name: as a configuration says it: ``task=NAME``, or ``task=MODULE.CLASS`` for
            one of your own.

    Raises:
        ValueError: there is no such task, or it cannot be imported.

    Example:
        >>> find_task("tagging").__name__
        'TagExperiment'
    """
    if not isinstance(name, str) or name not in TASKS:
        raise ValueError(
            f"There is no task {name!r}: choose one of {', '.join(TASKS)}."
        )
    return TASKS[name]


def _own(name: str) -> type[Any]:
    """Import an experiment that is not jlstm's."""
    from jlstm.training.config.imported import imported
    from jlstm.training.experiment import Experiment

    wanted = "a class below jlstm.training.experiment.Experiment with a Config"
    return imported(name, "task", Experiment, wanted)


@functools.cache
def _places() -> dict[str, str]:
    """Return the module and the class of each experiment, as ``"module:class"``."""
    found = {}
    for folder in pkgutil.iter_modules(__path__, f"{__name__}."):
        if not folder.ispkg:
            continue
        said = vars(importlib.import_module(folder.name)).get("EXPERIMENTS", {})
        found |= {name: f"{folder.name}.{place}" for name, place in said.items()}
    return found
