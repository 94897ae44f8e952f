"""The folder of a run, and what a reader must know of the machine that made it."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from jlstm._internal.files import write_atomically
from jlstm.training.numbers import to_json

PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def create_run(root: Path, name: str) -> Path:
    """Make and return a new folder ``root/name/20260131-235959``, after the time.

    A second run within the second gets ``-1`` after it, and so on; a folder that
    exists is never used again, also when several processes start at once.

    Raises:
        ValueError: ``name`` is not the name of a folder.

    Example:
        >>> import tempfile
        >>> root = Path(tempfile.mkdtemp())
        >>> create_run(root, "demo") != create_run(root, "demo")
        True
    """
    if name in ("", ".", "..") or name != Path(name).name:
        raise ValueError(
            f"run name {name!r} is no folder name; leave out / and the like."
        )
    parent = root / name
    parent.mkdir(parents=True, exist_ok=True)
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    number = 0
    while True:
        folder = parent / (f"{stamp}-{number}" if number else stamp)
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def environment() -> dict[str, Any]:
    """Return what the numbers of a run may depend on next to its config.

    Versions, device, processor count and platform, the command line, and commit and
    cleanliness of the git checkout that the working directory is in (None outside one).
    """
    import jax

    import jlstm

    device = jax.devices()[0]
    return {
        "jlstm": jlstm.__version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in PACKAGES},
        "device": f"{jax.device_count()} x {device.device_kind}",
        "cpu_count": os.cpu_count(),
        "platform": platform.platform(),
        "command": [sys.executable, *sys.argv],
        **_git(Path.cwd()),
    }


def write_json(path: Path, data: Any) -> None:
    """Write a JSON file, by a rename: a kill leaves the old file or the new one.

    Example:
        >>> import json, tempfile
        >>> path = Path(tempfile.mkdtemp()) / "environment.json"
        >>> write_json(path, {"python": "3.13.0"})
        >>> json.loads(path.read_text())
        {'python': '3.13.0'}
    """
    text = to_json(data, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, text)


def _git(folder: Path) -> dict[str, Any]:
    commit = _git_line(folder, "rev-parse", "HEAD")
    status = _git_line(folder, "status", "--porcelain") if commit else None
    return {
        "git_commit": commit,
        "git_dirty": None if status is None else bool(status),
    }


def _git_line(folder: Path, *arguments: str) -> str | None:
    """Return what git says, or None where there is no git or no checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
