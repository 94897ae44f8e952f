"""Argument parsers of the commands: errors are one line."""

import argparse
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """A parser that raises where argparse would end the process."""

    def __init__(self, command: str, description: str) -> None:
        prog = f"jlstm {command}"
        super().__init__(prog, description=description, allow_abbrev=False)
        self.add_argument("--debug", action="store_true", help="show a traceback too")

    def error(self, message: str) -> NoReturn:
        """Raise ValueError with the message."""
        raise ValueError(f"{message}; see {self.prog} --help.")


def add_run(parser: Parser) -> None:
    """Let a command take a trained run: its folder, which weights, whose code."""
    parser.add_argument("run", metavar="RUN", help="folder of a run, or its model/")
    parser.add_argument(
        "--weights", choices=("best", "last"), default="best",
        help="of the best epoch, or the last ones (default: best)",
    )  # fmt: skip
    parser.add_argument(
        "--trust-code", action="store_true",
        help="import cells that are not jlstm's, by the paths in the configuration",
    )  # fmt: skip
