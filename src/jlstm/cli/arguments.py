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
