"""Digests of files, read in bounded memory."""

import hashlib
from pathlib import Path


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "a")
        >>> _ = Path(name).write_bytes(b"to be")
        >>> sha256(name)[:16]
        '0af1207eeabd1586'
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob(path: str | Path) -> str:
    """Return the id that git gives to the content of a file, in hexadecimal.

    It is the SHA-1 of ``blob``, the size, a zero byte and the content: enough to check
    a file of which only the place in a git repository is published.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "a")
        >>> _ = Path(name).write_bytes(b"")
        >>> git_blob(name)[:16]  # git hash-object /dev/null
        'e69de29bb2d1d643'
    """
    path = Path(path)
    header = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        return hashlib.file_digest(file, header.copy).hexdigest()


def matches(path: str | Path, digest: str) -> bool:
    """Return whether a file has a digest, given as ``"sha256:…"`` or ``"git-blob:…"``.

    Raises:
        ValueError: the digest is of another kind.
    """
    kind, _, wanted = digest.partition(":")
    if kind == "sha256":
        return sha256(path) == wanted
    if kind == "git-blob":
        return git_blob(path) == wanted
    raise ValueError(f"Unknown kind of digest {kind!r}: use sha256 or git-blob.")
