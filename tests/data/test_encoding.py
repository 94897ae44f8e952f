"""Encodings: what names itself is read, what does not is refused with its name."""

import re
import sys

import pytest

from jlstm.data.encoding import decoded
from tests.messages import message_of

TEXTS = {
    "cp1252": "It’s a dark night – “so”, he said.\n",
    "latin1": "déjà vu, où êtes-vous, garçon\n",
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy\n",
    "cp1251": "Съешь ещё этих мягких французских булок\n",
    "koi8_r": "Съешь ещё этих мягких французских булок\n",
    "gb18030": "今天天气很好我们去公园玩吧因为明天要下雨\n",
    "big5": "今天天氣很好我們去公園玩吧因為明天要下雨\n",
    "shift_jis": "吾輩は猫である。名前はまだ無い。どこで生れたか\n",
    "euc_jp": "吾輩は猫である。名前はまだ無い。どこで生れたか\n",
    "euc_kr": "모든 국민은 법 앞에 평등하다 누구든지 성별\n",
    "cp1253": "Ταχίστη αλώπηξ βαφής ψημένη γη\n",
    "utf-16-le": "It is dark.\n",
    "utf-16-be": "It is dark.\n",
    "utf-32-le": "It is dark.\n",
    "utf-32-be": "It is dark.\n",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_the_advice_gives_the_text(encoding):
    """Who does what the message says has the text as it was meant."""
    content = (TEXTS[encoding] * 8).encode(encoding)
    message = message_of(ValueError, lambda: decoded(content, "a.txt"))
    advised = re.search(r"`iconv -f (\S+) -t UTF-8`", message)
    assert advised is not None, message
    assert content.decode(advised[1]) == TEXTS[encoding] * 8


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"PK\x03\x04..", "is a zip archive, or a file of Excel or Word: save it as"),
        (b"%PDF-1.7", "is a PDF: take the text out of it"),
        (b"\x1f\x8b\x08", "is gzipped: give it a name that ends in .gz, or unpack it"),
        (b"PAR1\x15\x04", "is a Parquet file: write it as CSV"),
        (b"\xd0\xcf\x11\xe0", "is an old file of Excel or Word"),
        (b"SQLite format 3\0", "is an SQLite database"),
        (b"\x89HDF\r\n", "is an HDF5 file"),
        (b"\x93NUMPY\x01", "is an array of numpy"),
        (b"BZh91\x01", "is compressed by bzip2"),
        (b"RIFF\x01\0\0\0WAVE", "is a sound or a film."),
        (b"abc\0def", "holds NUL bytes, the first at offset 3: it is no text file"),
        (b"\0\0\0\0", "holds NUL bytes, the first at offset 0"),
        (b"hello\0world\0", "holds NUL bytes, the first at offset 5"),
        ("\ud83d\ude00".encode("utf-8", "surrogatepass"), "surrogate pairs (CESU-8)"),
        ("é é".encode() + b" \xff", "Nearly all of it is UTF-8"),
        (b"\xff\xfea", "is not UTF-16-LE: byte 0x61 at offset 2 (truncated data)."),
    ],
)
def test_what_is_no_text_is_named(content, line):
    message = message_of(ValueError, lambda: decoded(content, "a.txt"))
    assert message.startswith("a.txt ") and line in message


@pytest.mark.parametrize("content", [b"BZh is a word", b"RIFF raff", b"GIF89 was new"])
def test_a_text_may_begin_like_something_else(content):
    assert decoded(content, "a.txt") == content.decode()


def test_without_the_detector_the_person_must_name_the_encoding(monkeypatch):
    monkeypatch.setitem(sys.modules, "charset_normalizer", None)
    content = TEXTS["cp1251"].encode("cp1251")
    message = message_of(ValueError, lambda: decoded(content, "a.txt"))
    assert message.endswith("`iconv -f ENCODING -t UTF-8`, with the encoding it is in.")
