"""The exit codes of the launcher, in one place."""

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of a run says; the docs and ``--help`` show this table."""

    DONE = 0
    NOT_FINITE = 1
    REQUEST = 2
    DISK = 3
    MEMORY = 4
    DAMAGED = 5
    PACKAGE = 6
    REPORT = 7
    INTERNAL = 8
    LOST = 75


MEANING = {
    Exit.DONE: "done",
    Exit.NOT_FINITE: "a loss, a weight or a result is NaN or infinite; in a sweep, a "
    "job failed",
    Exit.REQUEST: "something is wrong with what was asked for, or with the data",
    Exit.DISK: "the disk is full, or a folder is gone or may not be written",
    Exit.MEMORY: "out of memory, of the machine or of the accelerator",
    Exit.DAMAGED: "a file of the run is damaged, and none can take its place",
    Exit.PACKAGE: "a package is missing; the line says how to install it",
    Exit.REPORT: "trained and scored, all numbers in result.json; a plot or the "
    "report failed",
    Exit.INTERNAL: "an error of jlstm itself; --debug shows the traceback",
    Exit.LOST: "another process of a distributed run is gone: start all of them again",
}
SIGNALLED = {
    129: "hung up (SIGHUP)",
    130: "interrupted (SIGINT, Ctrl-C)",
    138: "stopped by SIGUSR1",
    140: "stopped by SIGUSR2",
    143: "terminated (SIGTERM)",
}
"""128 and the number of the signal, as on every Linux; a checkpoint was kept first."""


def exit_table() -> dict[int, str]:
    """Return what each code says.

    Example:
        >>> exit_table()[0], exit_table()[143]
        ('done', 'terminated (SIGTERM)')
    """
    return {int(code): text for code, text in MEANING.items()} | SIGNALLED
