"""Run an experiment: ``jlstm run experiment=ptb_small train.epochs=2``.

``--help`` shows how to go on from there, and what the exit codes say: 0 done, 1 a
number is not finite, 2 something is wrong with what was asked for, 3 disk, 4 memory,
5 a damaged run, 6 a missing package, 7 a report that failed after training, 8 an error
of jlstm, 75 another process of a distributed run is gone, 128 + N ended by signal N.
See ``src/jlstm/training/exits.py``.
"""

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from jlstm.cli.screen import forgive
from jlstm.cli.signals import listening
from jlstm.training.failure import Reached, tell


def main(argv: Sequence[str]) -> int:
    """Do what the command line says and return the exit code."""

    def run(reached: Reached) -> int:
        # Here, so that a package that is missing is one line too.
        from jlstm.cli.launch import launch

        return launch(argv, reached)

    return guarded(argv, run)


def guarded(argv: Sequence[str], work: Callable[[Reached], int]) -> int:
    """Return the exit code of some work; whatever goes wrong there is one line.

    Args:
        argv: of the command line; ``--debug`` shows the traceback too.
        work: is told where to note how far it got.
    """
    reached = Reached()
    try:
        with listening():
            return work(reached)
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in argv:
            traceback.print_exception(error)
        code, line = tell(error, reached)
        print(line, file=sys.stderr)
        if not (isinstance(error, KeyboardInterrupt) and reached.training):
            _leave_the_others(code)
        return code


def _leave_the_others(code: int) -> None:
    """End at once where others are in the same run: they shall see that one is gone.

    A signal in the training is of all, who end together.
    """
    processes = sys.modules.get("jlstm.training.processes")
    if processes is not None:
        processes.leave(code)


def command() -> NoReturn:
    """Run what this process was started with, and end it with the exit code."""
    forgive()
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    command()
