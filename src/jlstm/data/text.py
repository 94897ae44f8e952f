"""Reading text: a user's file, in one piece or in blocks, and the embedded corpus.

Every way that a text file can disappoint (missing, a directory, empty, no text, in
another encoding, one symbol over and over) is one line that says what came, what was
wanted and what to do, so that a run can stop before any work starts.
"""

import codecs
import itertools
from collections.abc import Iterator
from pathlib import Path

from jlstm.data.archive import read_bytes
from jlstm.data.encoding import SAMPLE_BYTES, bad_bytes, decoded, encoding_of

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
    r"""Read a whole text file: UTF-8, or what its byte order mark says.

    The mark is dropped and ``\r\n`` becomes ``\n``, as does ``\r`` where lines have no
    other end; nothing else is changed.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        IsADirectoryError: ``path`` is a directory.
        ValueError: the file is empty, in another encoding, of another kind, such as a
            zip archive, or repeats one single symbol.

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


def read_table_text(path: str | Path) -> str:
    r"""Return the text of a file of lines, which may be gzipped; lines end at ``\n``.

    Raises:
        FileNotFoundError, IsADirectoryError, ValueError: as ``read_text``, but for
            texts of one symbol.
    """
    text = decoded(read_bytes(checked_path(path)), path)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_blocks(path: str | Path, block_bytes: int = BLOCK_BYTES) -> Iterator[str]:
    """Yield the text of a file in blocks, so that memory stays bounded.

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
    with path.open("rb") as file:
        decoder = _Decoder(path, file.read(SAMPLE_BYTES))
        file.seek(0)
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
    """A text in blocks that knows the byte offset of what it cannot read."""

    def __init__(self, path: Path, head: bytes):
        self._path = path
        self._head = head
        encoding = encoding_of(head, path).removesuffix("-sig")
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._is_old_mac = b"\r" in head and b"\n" not in head
        self._offset = 0  # bytes read before the next block
        self._held = ""  # a last "\r" that may be half of "\r\n"
        self._started = False

    def decode(self, raw: bytes) -> str:
        """Decode the next block; an empty one ends the file."""
        text = self._held + self._text(raw)
        self._held = "\r" if raw and text.endswith("\r") else ""
        text = text[: len(text) - len(self._held)]
        if text and not self._started:
            self._started, text = True, text.removeprefix("\ufeff")
        text = text.replace("\r\n", "\n")
        return text.replace("\r", "\n") if self._is_old_mac else text

    def _text(self, raw: bytes) -> str:
        pending = len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            at = self._offset - pending + error.start
            sample = self._head if at < len(self._head) else error.object
            message = bad_bytes(self._path, sample, error, at)
            raise ValueError(message) from None
        if "\0" in text:
            at = self._offset + max(raw.find(0), 0)
            raise ValueError(
                f"{self._path} holds a NUL byte at offset {at}: the file is damaged or "
                "no text. Give a text."
            )
        self._offset += len(raw)
        return text
