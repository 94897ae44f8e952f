"""Digests of files, and of what is packed in them, read in bounded memory."""

import gzip
import hashlib
from pathlib import Path

from jlstm.data.archive import members


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


def gunzip_sha256(path: str | Path) -> str:
    """Return the SHA-256 of what a gzip file holds, in hexadecimal."""
    digest = hashlib.sha256()
    try:
        with gzip.open(path) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except (OSError, EOFError):
        return "no gzip file"
    return digest.hexdigest()


def head_sha256(path: str | Path, size: int) -> str:
    """Return the SHA-256 of the first ``size`` bytes of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.sha256(file.read(size)).hexdigest()


def members_sha256(path: str | Path, pattern: str) -> str:
    """Return one SHA-256 of some files in an archive, however they are packed.

    It is that of the lines that ``sha256sum`` prints for them, in the order of these
    lines; which files, and their names, are as ``jlstm.data.archive.members`` says.
    """
    lines = sorted(
        f"{name}\n{hashlib.sha256(content).hexdigest()}"
        for name, content in members(path, pattern)
    )
    digest = hashlib.sha256()
    for name, content in (line.split("\n") for line in lines):
        digest.update(f"{content}  {name}\n".encode())
    return digest.hexdigest()


def matches(path: str | Path, digest: str) -> bool:
    """Return whether a file has a digest.

    Args:
        path: the file.
        digest: ``"sha256:…"``, ``"git-blob:…"`` where only git's id is known,
            ``"gunzip-sha256:…"`` of what a gzip file holds, ``"head-sha256:n:…"`` of
            the first ``n`` bytes, or ``"members-sha256:pattern:…"`` of the files in an
            archive whose names match.

    Raises:
        ValueError: the digest is of another kind.
    """
    kind, *options, wanted = digest.split(":")
    match kind, options:
        case "sha256", []:
            return sha256(path) == wanted
        case "git-blob", []:
            return git_blob(path) == wanted
        case "gunzip-sha256", []:
            return gunzip_sha256(path) == wanted
        case "head-sha256", [size]:
            return head_sha256(path, int(size)) == wanted
        case "members-sha256", [pattern]:
            return members_sha256(path, pattern) == wanted
    raise ValueError(
        f"Unknown kind of digest {kind!r}: use sha256, git-blob, gunzip-sha256, "
        "head-sha256 or members-sha256."
    )
