"""Which encoding a file is in, and what to say of one that is no text.

UTF-8 is read, and whatever names itself by a byte order mark. Anything else is refused
with the encoding that it seems to be in: a guess, so that a person should look at it.
"""

import codecs
import re
from pathlib import Path

SAMPLE_BYTES = 1 << 13
_MARKS = {  # the longer marks first: that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_BINARY = {
    b"PK\x03\x04": "a zip archive, or a file of Excel or Word: save it as text or CSV",
    b"%PDF-": "a PDF: take the text out of it, for example with `pdftotext`",
    b"\x1f\x8b": "gzipped: give it a name that ends in .gz, or unpack it",
    b"PAR1": "a Parquet file: write it as CSV, for example with pandas' `to_csv`",
    b"ARROW1": "an Arrow file: write it as CSV, for example with pandas' `to_csv`",
    b"\xd0\xcf\x11\xe0": "an old file of Excel or Word: save it as text or CSV",
    b"SQLite format 3\0": "an SQLite database: write the table as CSV",
    b"\x89HDF": "an HDF5 file: write the table as CSV",
    b"\x93NUMPY": "an array of numpy: write it as text with `numpy.savetxt`",
    b"BZh": "compressed by bzip2: unpack it",
    b"\xfd7zXZ": "compressed by xz: unpack it",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: unpack it",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"Rar!": "a rar archive: unpack it",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"RIFF": "a sound or a film",
    b"\x7fELF": "a program",
    b"{\\rtf": "rich text: save it as plain text",
}
_LIKELY = (
    *("cp1252", "cp1250", "cp1251", "koi8_r", "gb18030", "big5", "shift_jis"),
    *("euc_jp", "euc_kr", "cp1253", "cp1254", "cp1255", "cp1256"),
)
# A signature that could begin a text counts only where a byte follows that no text has.
_WORDS = (b"BZh", b"RIFF", b"PAR1", b"GIF8", b"Rar!", b"ARROW1")


def encoding_of(head: bytes, path: str | Path) -> str:
    r"""Return the encoding that the first bytes of a file stand for.

    Args:
        head: the beginning of the file.
        path: of the file, for the message.

    Raises:
        ValueError: it is of another kind, such as a zip archive or a picture, or it
            holds NUL bytes, as UTF-16 does.

    Example:
        >>> encoding_of("a".encode("utf-16"), "a.txt"), encoding_of(b"a", "a.txt")
        ('utf-16', 'utf-8')
        >>> encoding_of(b"%PDF-1.7", "a.txt")
        Traceback (most recent call last):
        ValueError: a.txt is a PDF: take the text out of it, for example with
        `pdftotext`.
    """
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    for start, what in _BINARY.items():
        if head.startswith(start) and (start not in _WORDS or _has_controls(head)):
            raise ValueError(f"{path} is {what}.")
    if b"\0" in head:
        raise ValueError(_nul_message(head, path))
    return "utf-8"


def decoded(content: bytes, path: str | Path) -> str:
    r"""Return the text of a file, its byte order mark dropped.

    Raises:
        ValueError: as ``encoding_of``, or the bytes are not in that encoding.

    Example:
        >>> decoded("\ufeffça".encode("utf-16-le"), "a.txt")
        'ça'
    """
    encoding = encoding_of(content, path)
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ValueError(bad_bytes(path, content, error, error.start)) from None


def bad_bytes(
    path: str | Path, content: bytes, error: UnicodeDecodeError, offset: int
) -> str:
    """Return what to say of bytes that are not of the encoding, and what to do.

    Args:
        path: of the file.
        content: a sample of it, around the place.
        error: of the decoder.
        offset: of the bad byte in the file.
    """
    bad = error.object[error.start]
    name = error.encoding.upper().removesuffix("-SIG").replace("UTF_", "UTF-")
    where = f"{path} is not {name}: byte 0x{bad:02x} at offset {offset}"
    return f"{where} ({error.reason}). {_advice(content, error)}"


def _advice(content: bytes, error: UnicodeDecodeError) -> str:
    if not error.encoding.lower().replace("_", "-").startswith("utf-8"):
        return "The file is damaged or cut off: get it again."
    if error.reason == "unexpected end of data" and _is_text(content[: error.start]):
        return "The file is cut off in the middle of a symbol: get the whole file."
    if _is_text(content, "surrogatepass"):
        return "It holds halves of surrogate pairs (CESU-8): write it again as UTF-8."
    good, bad = _foreign_symbols(content)
    if good > bad:
        return (
            "Nearly all of it is UTF-8: look at that line, or drop what is bad by "
            "`iconv -c -f UTF-8 -t UTF-8`."
        )
    guess = _guess(content)
    if guess is None:
        return "Convert it by `iconv -f ENCODING -t UTF-8`, with the encoding it is in."
    return (
        f"It seems to be {guess}: convert it by `iconv -f {guess} -t UTF-8` and look "
        "at the result."
    )


def _is_text(content: bytes, errors: str = "strict") -> bool:
    try:
        content.decode("utf-8", errors)
    except UnicodeDecodeError:
        return False
    return True


def _foreign_symbols(content: bytes) -> tuple[int, int]:
    """Return how many symbols beyond ASCII are good UTF-8, and how many bytes not."""
    text = content.decode("utf-8", "surrogateescape")
    bad = sum("\udc80" <= symbol <= "\udcff" for symbol in text)
    return sum(symbol > "\x7f" for symbol in text) - bad, bad


def _guess(content: bytes) -> str | None:
    """Return the likeliest encoding by the name that iconv knows, None if none is."""
    # Lines of ASCII say nothing of the encoding and hide those that do.
    telling = b"\n".join(line for line in content.splitlines() if not line.isascii())
    if _is_western(telling):
        return "CP1252"
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return None
    found = from_bytes(telling, cp_isolation=list(_LIKELY)).best()
    if found is None:
        return None
    return found.encoding.upper().replace("_", "-").replace("SHIFT-JIS", "SHIFT_JIS")


def _is_western(content: bytes) -> bool:
    """Whether the odd bytes are few, far apart and letters or quotes of CP1252."""
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return False
    runs = re.findall(r"[^\x00-\x7f]+", text)
    crammed = re.search(r"[a-z][^\w\s\x00-\x7f’‘–—]+[a-z]|[a-z][²³¹¼½¾ªº][a-z]", text)
    odd = sum(map(len, runs))
    return max(map(len, runs)) < 4 and odd < 0.35 * len(text) and not crammed


def _nul_message(head: bytes, path: str | Path) -> str:
    """Tell UTF-16 and UTF-32 without a mark from what is no text at all."""
    for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        if _is_readable(head, encoding):
            guess = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
            return (
                f"{path} holds NUL bytes and seems to be {guess} without a mark: "
                f"convert it by `iconv -f {guess} -t UTF-8`."
            )
    return (
        f"{path} holds NUL bytes, the first at offset {head.index(0)}: it is no text "
        "file, or a damaged one. Give a text."
    )


def _is_readable(head: bytes, encoding: str) -> bool:
    """Whether it is text in an encoding: ASCII, or symbols with blanks between."""
    width = 4 if "32" in encoding else 2
    try:
        text = head[: len(head) // width * width].decode(encoding)
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return False
        text = error.object[: error.start].decode(encoding)
    ascii_ = sum(symbol < "\x7f" for symbol in text)
    if not text or any(symbol < "\t" for symbol in text):
        return False
    return ascii_ > 0.7 * len(text) or any(blank in text for blank in " \n")


def _has_controls(head: bytes) -> bool:
    return any(byte < 9 or 13 < byte < 27 for byte in head[:SAMPLE_BYTES])
