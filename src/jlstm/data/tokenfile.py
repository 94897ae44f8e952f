"""A corpus larger than memory: its ids in a file that is mapped, not read.

A token file is eight bytes ``JLSTMTOK``, the header's length as a little-endian 64-bit
integer, the header as JSON padded with blanks, and the ids. The header holds the
vocabulary, the type and number of the ids, and what they were made from: the digest
of the source and the options. A file whose header names the same source and options
is used again. A large file is digested and checked once, until it changes.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from jaxtyping import UInt

from jlstm.data.checksum import sha256
from jlstm.data.remembered import remembered
from jlstm.data.text import BLOCK_BYTES, check_varied, checked_path, read_blocks
from jlstm.data.vocab import Level, Vocab, split_symbols

MAGIC = b"JLSTMTOK"
PREFIX = len(MAGIC) + 8
ALIGNMENT = 64


class TokenFile(NamedTuple):
    """The ids of a text, on disk, and the vocabulary that reads them."""

    tokens: UInt[np.memmap, " n"]
    vocab: Vocab


def open_token_file(
    source: str | Path,
    directory: str | Path,
    level: Level,
    *,
    max_size: int | None = None,
    min_count: int = 1,
    block_bytes: int = BLOCK_BYTES,
) -> TokenFile:
    """Map the ids of a text file, making the token file first if there is none.

    The source is read twice in blocks: to count its symbols, then to write their ids.
    Memory holds one block, the longest word and the counts, never the text. The new
    file takes its name only when it is whole, so a run that dies leaves nothing
    half-written in its place.

    Args:
        source: a UTF-8 text file.
        directory: where token files are kept; made if it is not there.
        level: ``"char"`` or ``"word"``.
        max_size: as in ``Vocab.from_counts``.
        min_count: as in ``Vocab.from_counts``.
        block_bytes: how much of the source to read at a time.

    Raises:
        FileNotFoundError, IsADirectoryError, ValueError: as ``read_text``.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "a.txt").write_text("to be or not to be")
        >>> file = open_token_file(folder / "a.txt", folder, "word")
        >>> file.tokens.tolist(), file.vocab.decode(file.tokens)
        ([1, 0, 3, 2, 1, 0], 'to be or not to be')
    """
    source = checked_path(source)
    made_from = {
        "sha256": remembered(
            source, _note(source, Path(directory)), lambda: sha256(source)
        ),
        "level": level,
        "max_size": max_size,
        "min_count": min_count,
    }
    target = Path(directory) / _name(source, made_from)
    header = read_header(target) if target.exists() else {}
    if header.get("made_from") != made_from:
        counts = _count(source, level, block_bytes)
        vocab = Vocab.from_counts(counts, level, max_size=max_size, min_count=min_count)
        texts = _whole_symbols(source, vocab.level, block_bytes)
        blocks = map(vocab.encode, texts)
        write_tokens(target, vocab, blocks, counts.total(), made_from)
    return map_token_file(target)


def write_tokens(
    path: str | Path,
    vocab: Vocab,
    blocks: Iterable[UInt[np.ndarray, "..."]],
    count: int,
    made_from: dict[str, Any] | None = None,
) -> None:
    """Write a token file of ids that come in blocks, as ``data.path`` takes it.

    The file takes its name when it is whole.

    Args:
        path: of the file.
        vocab: of the ids.
        blocks: the ids, one block after another.
        count: ids in all blocks together.
        made_from: what tells the source and its options; nothing by default.

    Raises:
        ValueError: there are more or fewer ids than ``count``.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.tokens"
        >>> blocks = [np.array([0, 1], np.uint8), np.array([1], np.uint8)]
        >>> write_tokens(path, Vocab(("a", "b"), "char"), blocks, count=3)
        >>> map_token_file(path).tokens.tolist()
        [0, 1, 1]
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = {
        "made_from": made_from or {},
        "dtype": vocab.dtype.str,
        "count": count,
        "vocab": vocab.to_json(),
    }
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            written = _put(file, header, vocab, blocks)
            os.fsync(file.fileno())
        if written != count:
            raise ValueError(f"{written} ids came for {path}, {count} were announced.")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def is_token_file(path: str | Path) -> bool:
    """Return whether a file begins as token files do."""
    with Path(path).open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def map_token_file(path: str | Path) -> TokenFile:
    """Map an existing token file.

    Raises:
        ValueError: the file is not a token file, or not a whole one.
    """
    path = Path(path)
    header = read_header(path)
    if not header:
        raise ValueError(f"{path} is not a whole token file: make it again.")
    shape, dtype = (header["count"],), np.dtype(header["dtype"])
    offset = path.stat().st_size - header["count"] * dtype.itemsize
    tokens = np.memmap(path, dtype, "r", offset, shape)
    vocab = Vocab.from_json(header["vocab"])
    note = path.with_name(f"{path.name}.checked.json")
    remembered(path, note, lambda: _check_ids(path, tokens, len(vocab)))
    return TokenFile(tokens, vocab)


def _check_ids(path: Path, tokens: np.ndarray, size: int) -> str:
    """Raise where an id stands for no symbol; reads the file once, in blocks."""
    for start in range(0, len(tokens), BLOCK_BYTES):
        block = tokens[start : start + BLOCK_BYTES]
        if len(block) and block.max() >= size:
            where = start + int(np.argmax(block >= size))
            raise ValueError(
                f"{path} is damaged: the id at {where} is {tokens[where]}, the "
                f"vocabulary has {size} symbols. Remove it, and it is made again."
            )
    return "whole"


def read_header(path: str | Path) -> dict[str, Any]:
    """Return the header of a token file, or an empty one if it is not a whole one."""
    path = Path(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(PREFIX)
        length = int.from_bytes(start[len(MAGIC) :], "little")
        if not start.startswith(MAGIC) or PREFIX + length > size:
            return {}
        header = _header(file.read(length))
    ids = header.get("count", 0) * np.dtype(header.get("dtype", "u1")).itemsize
    return header if PREFIX + length + ids == size else {}


def _header(text: bytes) -> dict[str, Any]:
    """Return what a header says, an empty one if it is not what is written there."""
    try:
        header = json.loads(text)
        unsigned = np.dtype(header["dtype"]).kind == "u"
        whole = isinstance(header["count"], int) and header["count"] >= 0
        Vocab.from_json(header["vocab"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return header if unsigned and whole and "made_from" in header else {}


def _note(source: Path, directory: Path) -> Path:
    """Return where the digest of a source is kept."""
    place = hashlib.sha256(str(source.absolute()).encode()).hexdigest()[:16]
    return directory / f"{source.stem}-{place}.sha256.json"


def _name(source: Path, made_from: dict[str, Any]) -> str:
    """Return a file name that tells sources and options apart."""
    options = [str(made_from[key]) for key in ("level", "max_size", "min_count")]
    return f"{source.stem}-{made_from['sha256'][:16]}-{'-'.join(options)}.tokens"


def _count(source: Path, level: Level, block_bytes: int) -> Counter[str]:
    """Count the symbols of a file block by block."""
    counts: Counter[str] = Counter()
    for text in _whole_symbols(source, level, block_bytes):
        counts.update(split_symbols(text, level))
    check_varied(set(counts), source)
    return counts


def _put(
    file: BinaryIO, header: dict[str, Any], vocab: Vocab, blocks: Iterable[np.ndarray]
) -> int:
    """Write header and ids; return how many ids there were."""
    file.write(_packed(header))
    written = 0
    for block in blocks:
        file.write(np.ascontiguousarray(block, vocab.dtype))
        written += len(block)
    file.flush()
    return written


def _packed(header: dict[str, Any]) -> bytes:
    """Return the bytes before the ids; their number is a multiple of ``ALIGNMENT``."""
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-(PREFIX + len(text)) % ALIGNMENT)
    return MAGIC + len(text).to_bytes(8, "little") + text


def _whole_symbols(source: Path, level: Level, block_bytes: int) -> Iterator[str]:
    """Yield the text of a file in blocks that cut no word in two."""
    rest = ""
    for block in read_blocks(source, block_bytes):
        text = rest + block
        cut = len(text) if level == "char" else _last_word(text)
        rest = text[cut:]
        yield text[:cut]
    yield rest


def _last_word(text: str) -> int:
    """Return where the last word of a text begins, its end being perhaps to come."""
    words = text.rsplit(maxsplit=1)
    unfinished = words and not text[-1].isspace()
    return len(text) - len(words[-1]) if unfinished else len(text)
