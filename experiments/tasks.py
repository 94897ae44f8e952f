"""The tasks that the launcher knows: one line here and one module for each.

A task module has

* ``Config``: a frozen dataclass that extends ``RunConfig``; its fields become the keys
  of the command line;
* ``prepare(config) -> Job``: reads and checks all that the run needs, and raises
  ValueError or OSError with one line for the user, before anything compiles;
* the returned job has ``run(folder) -> dict``: trains in the folder (or continues
  there), writes ``result.json`` and ``report.html``, and returns what it wrote to the
  former.
"""

from types import ModuleType

from experiments.classify import task as classify
from experiments.ctc import task as ctc
from experiments.forecast import task as forecast
from experiments.language import task as language
from experiments.language import transformer
from experiments.memory import task as memory
from experiments.music import task as music
from experiments.speech import task as speech
from experiments.tagging import task as tagging
from experiments.translation import task as translation

TASKS: dict[str, ModuleType] = {
    "language": language,
    "transformer": transformer,
    "classify": classify,
    "memory": memory,
    "ctc": ctc,
    "speech": speech,
    "translation": translation,
    "tagging": tagging,
    "forecast": forecast,
    "music": music,
}


def find_task(name: object) -> ModuleType:
    """Return the module of a task.

    Raises:
        ValueError: there is no such task.
    """
    if name not in TASKS:
        raise ValueError(
            f"There is no task {name!r}: choose one of {', '.join(TASKS)}."
        )
    return TASKS[name]
