"""One row of the table of readers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.fuzz.mutate import Change

REFUSED = "refused"
"""What a ``read`` returns that was told no, where that is no exception."""


class Reader(NamedTuple):
    """What reads files of a kind.

    Attributes:
        name: in the report.
        seeds: small valid files, by their names.
        read: gets the path of a spoiled one, in a folder of its own.
        changes: how they are spoiled; empty for all ways.
        share: how many of the inputs it gets, next to 1.0 of others.
    """

    name: str
    seeds: Mapping[str, bytes]
    read: Callable[[Path], Any]
    changes: tuple[Change, ...] = ()
    share: float = 1.0
