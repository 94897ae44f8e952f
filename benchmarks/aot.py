"""Compile every cell for machines that are not here, and say what the compilers made.

    python3 dev.py --venv .venv-aot setup aot
    .venv-aot/bin/python -m benchmarks.aot
    .venv-aot/bin/python -m benchmarks.aot --machines h100 --only "LSTMCell fused"

Nothing runs, so nothing is known of speed or numbers. A row that is done is not
compiled again while the commit of the source is the same (``--again``: all are), so the
command may be stopped and started. Writes docs/benchmarks/aot.json and aot.md.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.command import folder, parser, words
from benchmarks.elsewhere.layers import Key, keys
from benchmarks.elsewhere.machines import MACHINES, missing
from benchmarks.elsewhere.page import page
from benchmarks.machine import commit
from benchmarks.turns import ROOT
from jlstm.analysis.target import Target

LIMIT = 120
"""Seconds that the rows of one cell may take, each."""
PACKAGES = (
    "jax", "jaxlib", "jax-cuda12-pjrt", "nvidia-cuda-nvcc-cu12", "libtpu", "flax",
    "dm-haiku", "keras",
)  # fmt: skip


def environment(machine: str) -> dict[str, str]:
    """Return the environment of a process that compiles for a machine."""
    path = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    own = {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    return os.environ | own | MACHINES[machine].environment


def compile_rows(machine: str, rows: list[Key]) -> list[dict[str, Any]]:
    """Compile rows in a process of their own, which is given up when it takes long."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.elsewhere.work", machine],
        cwd=ROOT, env=environment(machine), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    asked = "".join(json.dumps(key) + "\n" for key in rows)
    try:
        out, errors = process.communicate(asked, timeout=LIMIT * len(rows))
    except subprocess.TimeoutExpired:
        process.kill()
        out, errors = process.communicate()
        errors = f"it took longer than {LIMIT * len(rows)} s"
    done = [json.loads(line) for line in out.splitlines() if line.startswith('{"key"')]
    why = (errors.strip().splitlines() or ["its process ended"])[-1]
    return done + [{"key": key, "error": why} for key in rows[len(done) :]]


def by_cell(rows: list[Key]) -> Iterator[list[Key]]:
    """Yield rows that share a process."""
    while rows:
        name = rows[0][:3]
        yield [key for key in rows if key[:3] == name]
        rows = [key for key in rows if key[:3] != name]


def versions() -> dict[str, str]:
    """Return the versions of what compiles and of what is compiled."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def wanted(options: argparse.Namespace) -> list[Key]:
    """Return the rows that were asked for."""
    chosen: list[Key] = []
    for name in options.machines:
        if lacking := missing(name):
            print(f"{name} is left out: {', '.join(lacking)} not installed")
            continue
        machine = MACHINES[name]
        target = Target(machine.platform, machine.capability)
        chosen += keys(name, target)
    parts = options.only.split()
    return [key for key in chosen if all(part in key for part in parts)]


def main(arguments: list[str] | None = None) -> None:
    """Compile what is not done yet; write the table after every cell."""
    made = parser(__doc__)
    made.add_argument("--machines", type=words, default=list(MACHINES))
    made.add_argument("--only", default="", help="words that a row must hold")
    made.add_argument("--again", action="store_true", help="also rows that are done")
    options = made.parse_args(arguments)
    path = folder(options) / "aot.json"
    kept = json.loads(path.read_text("utf-8"))["rows"] if path.exists() else []
    now = commit()
    rows = {str(Key(*row["key"])): row for row in kept}
    todo = [key for key in wanted(options) if not is_done(rows.get(str(key)), now)]
    for group in by_cell(wanted(options) if options.again else todo):
        for row in compile_rows(group[0].machine, group):
            key = Key(*row["key"])
            rows[str(key)] = row | {"commit": now}
            print(key, row.get("loops", row.get("error")), flush=True)
        save(path, {"versions": versions(), "rows": list(rows.values())})


def is_done(row: dict[str, Any] | None, now: str) -> bool:
    """Return whether a row was compiled from the source as it is."""
    return row is not None and row["commit"] == now and not now.endswith("+")


def save(path: Path, content: dict[str, Any]) -> None:
    """Write the rows and the page that is made of them."""
    lines = ",\n".join(json.dumps(row) for row in content["rows"])
    about = json.dumps(content["versions"])
    path.write_text(f'{{"versions": {about},\n"rows": [\n{lines}\n]}}\n', "utf-8")
    path.with_suffix(".md").write_text(page(content), "utf-8")


if __name__ == "__main__":
    main()
