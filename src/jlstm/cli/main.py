"""``jlstm COMMAND …``: the command line that comes with the package.

Each command is a function of the words after its name, and is imported when it is
chosen. Exit codes are those of :mod:`jlstm.training.exits`.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

from jlstm._internal.options import unknown
from jlstm.cli.run import guarded
from jlstm.cli.screen import forgive
from jlstm.training.failure import Reached


class Command(NamedTuple):
    """One word of the command line.

    Attributes:
        usage: what stands after the word.
        meaning: one line for ``--help``.
        place: the module and the function, as ``"module:function"``.
    """

    usage: str
    meaning: str
    place: str


COMMANDS = {
    "run": Command("experiment=NAME [KEY=VALUE …]", "train", "launch:launch"),
    "resume": Command("RUN [train.epochs=N]", "resume a run", "launch:resume"),
    "sweep": Command("KEY=VALUE,VALUE …", "train every combination", "launch:sweep_"),
    "find-rate": Command(
        "experiment=NAME [KEY=VALUE …]", "a learning rate", "find_rate:find_rate_"
    ),
    "predict": Command(
        "RUN FILE [data.KEY=VALUE …]", "answers for new data", "use:predict"
    ),
    "score": Command("RUN FILE", "metrics on new data with answers", "use:score"),
    "backtest": Command(
        "RUN FILE [--every N]", "forecasts from many places", "use:backtest"
    ),
    "serve": Command("RUN [--port N]", "answers over HTTP", "serve:serve"),
    "compare": Command("RUN RUN …", "runs side by side", "compare:compare"),
    "data": Command(
        "check FILE [TASK] [KEY=VALUE …]", "what a task makes of a file", "data:data"
    ),
    "list": Command("[WHAT]", "experiments, data, tasks, cells", "listing:listing"),
}

FIRST = "Train, use and compare recurrent networks."
LAST = "jlstm COMMAND --help says more; jlstm run --help lists the experiments."


def main(argv: Sequence[str]) -> int:
    """Do what the command line says and return the exit code."""
    word, *rest = argv or ["--help"]
    if word in ("-h", "--help", "help"):
        print(overview())
        return 0
    return guarded(rest, lambda reached: _find(word)(rest, reached))


def command() -> NoReturn:
    """Run what this process was started with, and end it with the exit code."""
    forgive()
    # For cells in modules of the folder that one works in; last, so that a file there
    # that is called like a module of Python or of a package takes no one's place.
    sys.path.append("")
    sys.exit(main(sys.argv[1:]))


def overview() -> str:
    """Return what the commands are."""
    heads = {f"jlstm {name} {one.usage}": one.meaning for name, one in COMMANDS.items()}
    width = max(map(len, heads))
    lines = [f"  {head:<{width}}  {meaning}" for head, meaning in heads.items()]
    return "\n".join([FIRST, "", *lines, "", LAST])


def _find(word: str) -> Callable[[Sequence[str], Reached], int]:
    """Import the function of a command.

    Raises:
        ValueError: there is no such command.
    """
    if word not in COMMANDS:
        raise ValueError(unknown("command", word, tuple(COMMANDS)))
    module, _, name = COMMANDS[word].place.partition(":")
    return getattr(importlib.import_module(f"jlstm.cli.{module}"), name)
