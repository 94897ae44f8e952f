"""The table of all readers; one whose package is missing is left out, with a line."""

import sys
from collections.abc import Callable, Iterator

from tests.fuzz.kinds import arrays, requests, runs, tables, weights
from tests.fuzz.reader import Reader

KINDS: tuple[Callable[[], Iterator[Reader]], ...] = (
    tables.tables, tables.parquet, tables.texts, arrays.arrays, arrays.sounds,
    weights.files, weights.onnx, weights.trees, runs.logs, runs.checkpoints,
    runs.models, requests.commands, requests.bodies,
)  # fmt: skip


def readers() -> dict[str, Reader]:
    """Return all rows by name."""
    found = {}
    for kind in KINDS:
        try:
            found |= {reader.name: reader for reader in kind()}
        except ModuleNotFoundError as error:
            print(f"{kind.__name__} are left out: no {error.name}", file=sys.stderr)
    return found
