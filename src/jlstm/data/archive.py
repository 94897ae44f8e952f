"""Reading what is gzipped, zipped or in a tar file, without unpacking it to disk."""

import errno
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

MOST_BYTES = 4 << 30
MOST_RATIO = 200
"""A gzip file may hold so many times its size; text takes a third to a twentieth."""
_BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError,
    gzip.BadGzipFile, struct.error, UnicodeError, OverflowError, NotImplementedError,
    RuntimeError,
)  # fmt: skip
"""What readers of archives raise; the last two for a packing or a password."""


def read_bytes(path: str | Path) -> bytes:
    """Return the bytes of a file, of what it holds if its name ends in ``.gz``.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: it is no whole gzip file, or holds more than it may
            (``MOST_BYTES``, and ``MOST_RATIO`` times its own size).
    """
    path = _checked(Path(path))
    return _unzipped(path) if path.suffix == ".gz" else path.read_bytes()


def read_lines(path: str | Path, encoding: str = "utf-8") -> list[str]:
    r"""Return the lines of a text file, which may be gzipped, without their ends.

    Lines end at ``\n`` or ``\r\n`` and nowhere else: in some corpora a line holds a
    form feed or another sign that ``str.splitlines`` takes for an end.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: the file is in another encoding.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "a.txt.gz")
        >>> _ = Path(name).write_bytes(gzip.compress(b"to\x0cbe\nor not\n"))
        >>> read_lines(name)
        ['to\x0cbe', 'or not']
    """
    try:
        text = read_bytes(path).decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not {encoding}: byte 0x{error.object[error.start]:02x} at "
            f"offset {error.start}. Convert it, for example with `iconv`."
        ) from None
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def _unzipped(path: Path) -> bytes:
    """Unpack a gzip file in blocks, and no further than is plausible."""
    most = min(MOST_BYTES, max(MOST_RATIO * path.stat().st_size, 1 << 20))
    blocks, size = [], 0
    try:
        with gzip.open(path) as file:
            while block := file.read(1 << 20):
                size += len(block)
                if size > most:
                    raise ValueError(
                        f"{path} holds more than {most:,} bytes, which is too much for "
                        "a file of its size: unpack it yourself if that is meant."
                    )
                blocks.append(block)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path} is not a whole gzip file ({error}): get it again, or leave .gz "
            "out of its name if it is not packed."
        ) from None
    return b"".join(blocks)


def members(path: str | Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of the files in a zip or tar archive that match a pattern.

    A name is matched, and yielded, from its end: with as many folders as the pattern
    has, so that it does not matter in which folder an archive keeps everything.

    Args:
        path: the archive; a tar file may be compressed.
        pattern: as ``fnmatch`` has it, such as ``"recordings/*.wav"``.

    Raises:
        ValueError: the file is no archive, or a broken one.
    """
    try:
        reader = _zipped if zipfile.is_zipfile(path) else _tarred
        for name, content in reader(Path(path), pattern):
            yield _tail(name, pattern), content
    except (*_BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # of the disk, not of what is in the file
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path} is not a whole zip or tar archive ({reason}): remove it to "
            "get it again."
        ) from None


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(
            f"No file at {path} (looked from {Path.cwd()}): check the path."
        )
    return path


def _tail(name: str, pattern: str) -> str:
    """Return the end of a name, with as many folders as the pattern has."""
    return "/".join(name.split("/")[-pattern.count("/") - 1 :])


def _check_size(path: Path, name: str, size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError(
            f"{name} in {path} has {size:,} bytes, {MOST_BYTES:,} at most are read: "
            "unpack the archive yourself if that is meant."
        )


def _zipped(path: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if fnmatchcase(_tail(name, pattern), pattern):
                _check_size(path, name, archive.getinfo(name).file_size)
                yield name, archive.read(name)


def _tarred(path: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and fnmatchcase(_tail(member.name, pattern), pattern):
                _check_size(path, member.name, member.size)
                file = archive.extractfile(member)
                assert file is not None  # a regular file has content
                yield member.name, file.read()
