"""Reading text: a user's file, in one piece or in blocks, and the embedded corpus.

Every way that a text file can disappoint (missing, a directory, empty, not UTF-8,
one symbol over and over) is one line that says what came, what was wanted and what
to do, so that a run can stop before any work starts.
"""

import codecs
import itertools
from collections.abc import Iterator
from pathlib import Path

BLOCK_BYTES = 1 << 20


def language_reference() -> str:
    """Return CPython's own language reference: a corpus that needs no download.

    The standard library carries the reference as ``pydoc_data.topics``, about half a
    million characters of English prose and code. The topics are joined by a blank
    line in the order of their names. The text differs between Python versions, so a
    number measured on it holds for one version: ``Corpus.note`` names it.

    Example:
        >>> text = language_reference()
        >>> len(text) > 400_000
        True
    """
    from pydoc_data.topics import topics

    return "\n\n".join(topics[name].strip("\n") for name in sorted(topics)) + "\n"


def read_text(path: str | Path) -> str:
    r"""Read a whole UTF-8 text file.

    A byte order mark at the start is dropped and ``\r\n`` becomes ``\n``; nothing else
    is changed.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        IsADirectoryError: ``path`` is a directory.
        ValueError: the file is empty, is not UTF-8, or repeats one single symbol.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "a.txt")
        >>> _ = Path(name).write_bytes(b"to be\r\nor not\n")
        >>> read_text(name)
        'to be\nor not\n'
    """
    text = "".join(read_blocks(path))
    check_varied(set(text), path)
    return text


def read_blocks(path: str | Path, block_bytes: int = BLOCK_BYTES) -> Iterator[str]:
    """Yield the text of a UTF-8 file in blocks, so that memory stays bounded.

    The blocks joined are what ``read_text`` returns. A symbol whose bytes lie in two
    blocks comes out whole.

    Args:
        path: the file.
        block_bytes: how many bytes to read at a time.

    Raises:
        FileNotFoundError, IsADirectoryError, ValueError: as ``read_text``; bad bytes
            are met only when their block is read.
    """
    path = checked_path(path)
    decoder = _Decoder(path)
    with path.open("rb") as file:
        for raw in itertools.chain(iter(lambda: file.read(block_bytes), b""), [b""]):
            if text := decoder.decode(raw):
                yield text


def checked_path(path: str | Path) -> Path:
    """Return ``path`` as a ``Path`` if a file with at least one byte is there.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        IsADirectoryError: ``path`` is a directory.
        ValueError: the file has no bytes.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a directory: give the path of one text file in it."
        )
    if not path.exists():
        raise FileNotFoundError(
            f"No file at {path} (looked from {Path.cwd()}): check the path."
        )
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: give a text file with some text in it.")
    return path


def check_varied(symbols: set[str], source: str | Path) -> None:
    """Raise ValueError if a text has fewer than two distinct symbols.

    Nothing can be learnt from such a text: every prediction is certain.
    """
    if len(symbols) < 2:
        found = repr(*symbols) if symbols else "none"
        raise ValueError(
            f"{source} has {len(symbols)} distinct symbol(s), {found}: a language "
            "model needs at least two. Give another file."
        )


class _Decoder:
    """UTF-8 in blocks that knows the byte offset of what it cannot read."""

    def __init__(self, path: Path):
        self._path = path
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._offset = 0  # bytes read before the next block
        self._held = ""  # a last "\r" that may be half of "\r\n"
        self._started = False

    def decode(self, raw: bytes) -> str:
        """Decode the next block; an empty one ends the file."""
        text = self._held + self._utf8_text(raw)
        self._held = "\r" if raw and text.endswith("\r") else ""
        text = text[: len(text) - len(self._held)]
        if text and not self._started:
            self._started, text = True, text.removeprefix("\ufeff")
        return text.replace("\r\n", "\n")

    def _utf8_text(self, raw: bytes) -> str:
        pending = len(self._utf8.getstate()[0])
        try:
            text = self._utf8.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            at = self._offset - pending + error.start
            bad = error.object[error.start]
            raise ValueError(
                f"{self._path} is not UTF-8: byte 0x{bad:02x} at offset {at} "
                f"({error.reason}). Convert it, for example with "
                "`iconv -f LATIN1 -t UTF-8`."
            ) from None
        self._offset += len(raw)
        return text
