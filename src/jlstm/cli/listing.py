"""``jlstm list``: what there is to choose from."""

import inspect
from collections.abc import Callable, Sequence

from jlstm.cli.arguments import Parser
from jlstm.cli.config_files import options
from jlstm.cli.help import expected
from jlstm.tasks import TASKS
from jlstm.training.config.catalog import CELLS, WRAPPERS
from jlstm.training.failure import Reached


def listing(argv: Sequence[str], reached: Reached) -> int:
    """Print the names of a kind, with a line each, or how many of each kind."""
    parser = Parser("list", "What there is to choose from.")
    parser.add_argument("what", nargs="?", choices=tuple(KINDS))
    what = parser.parse_args(list(argv)).what
    for line in _lines(KINDS[what]()) if what else _counts():
        print(line)
    return 0


def _experiments() -> dict[str, str]:
    return {name: expected(name) for name in options("experiment")}


def _data() -> dict[str, str]:
    return dict.fromkeys(options("data"), "")


def _first_lines(classes: dict[str, type]) -> dict[str, str]:
    docs = {name: inspect.getdoc(cls) or "" for name, cls in classes.items()}
    return {name: text.partition("\n")[0] for name, text in docs.items()}


KINDS: dict[str, Callable[[], dict[str, str]]] = {
    "experiments": _experiments,
    "data": _data,
    "tasks": lambda: _first_lines(dict(TASKS)),
    "cells": lambda: _first_lines(CELLS),
    "wrappers": lambda: _first_lines(WRAPPERS),
}


def _lines(found: dict[str, str]) -> list[str]:
    width = max(map(len, found))
    return [f"{name:<{width}}  {line}".rstrip() for name, line in found.items()]


def _counts() -> list[str]:
    lines = {f"jlstm list {kind}": f"{len(of())} names" for kind, of in KINDS.items()}
    return _lines(lines)
