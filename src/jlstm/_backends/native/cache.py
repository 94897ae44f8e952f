"""Where the compiled kernel is kept.

What is loaded from there runs with all rights of who loads it. So the directory must be
private, and a library is loaded only if its digest, which stands next to it, says that
it is what was put there. ``JLSTM_CACHE_DIR`` names another directory.
"""

import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from jlstm._backends.native.error import BuildError

WRITABLE = stat.S_IWGRP | stat.S_IWOTH
ADVICE = "set JLSTM_CACHE_DIR to a directory of your own that nobody else can change"


def cache_dir() -> Path:
    """Return the directory of compiled kernels.

    Raises:
        BuildError: nothing says where it is.
    """
    try:
        return _named().absolute()
    except (OSError, RuntimeError) as error:
        raise BuildError(
            f"there is no place for the compiled kernel ({error}); {ADVICE}"
        ) from error


def _named() -> Path:
    if given := os.environ.get("JLSTM_CACHE_DIR"):
        return Path(given).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "jlstm"
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))  # a relative one counts not
    return (base if base.is_absolute() else Path.home() / ".cache") / "jlstm"


def make_private(folder: Path) -> None:
    """Make a directory for its owner alone, or see that it is one.

    Raises:
        BuildError: others can change what is in it.
        OSError: it cannot be made or seen.
    """
    _make(folder)
    folder.resolve(strict=True)  # no loop of links
    if not hasattr(os, "geteuid"):  # Windows, where a profile is private
        return
    for place in _way_to(folder):
        _require_safe(place)
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & WRITABLE:
        raise BuildError(
            f"others can change {folder}, where the kernel is kept: make it your own "
            f"(chmod 700), or {ADVICE}"
        )


def _make(folder: Path) -> None:
    if not folder.exists():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _way_to(folder: Path) -> Iterator[Path]:
    """Yield every directory and every link on the way to a directory."""
    for place in (*reversed(folder.parents), folder):
        yield place
        if place.is_symlink():
            yield from _way_to(place.parent / place.readlink())


def _require_safe(place: Path) -> None:
    """Require that no other user can put another directory in the way."""
    status = place.lstat()
    if status.st_uid not in (os.geteuid(), 0):
        raise BuildError(
            f"the kernel is not kept under {place}, which belongs to user "
            f"{status.st_uid}; {ADVICE}"
        )
    open_to_all = status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX
    if open_to_all and not stat.S_ISLNK(status.st_mode):
        raise BuildError(
            f"the kernel is not kept under {place}, which everyone can change; {ADVICE}"
        )


def keep(made: Path, path: Path) -> None:
    """Move a new library to its place, then the digest without which it is nothing."""
    made.chmod(0o600)
    seal = made.with_name("digest")
    seal.write_text(f"{_digest(made)}  {path.name}\n")
    seal.chmod(0o600)
    os.replace(made, path)
    os.replace(seal, _seal(path))


def is_kept(path: Path) -> bool:
    """Whether a file is what was put there, as far as its digest and its mode tell."""
    try:
        status = path.lstat()
        own = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
        private = own and not status.st_mode & WRITABLE
        whole = stat.S_ISREG(status.st_mode) and private
        return whole and _seal(path).read_text("ascii").split()[0] == _digest(path)
    except (OSError, ValueError, IndexError):  # absent, unreadable, empty
        return False


def _seal(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
