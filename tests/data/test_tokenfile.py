"""Token files: the same ids as in memory, in bounded memory, made once."""

import json
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlstm.data import remembered, tokenfile
from jlstm.data.mapped import ChangedFileError
from jlstm.data.split import tail_split
from jlstm.data.stream import TokenStream
from jlstm.data.tokenfile import map_token_file, open_token_file, write_tokens
from jlstm.data.vocab import Vocab

TEXT = "to be or not to be\nthat is the question —\n\nwhether 'tis nobler\n" * 3


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "hamlet.txt"
    path.write_text(TEXT, "utf-8")
    return path


@pytest.mark.parametrize("level", ["char", "word"])
@pytest.mark.parametrize("options", [{}, {"max_size": 5}, {"min_count": 4}])
@pytest.mark.parametrize("block", [1, 7, 1000])
def test_ids_are_those_in_memory(tmp_path, source, level, options, block):
    file = open_token_file(source, tmp_path, level, block_bytes=block, **options)
    vocab = Vocab.from_text(TEXT, level, **options)
    assert file.vocab == vocab
    assert isinstance(file.tokens, np.memmap)
    assert file.tokens.dtype == vocab.dtype
    np.testing.assert_array_equal(file.tokens, vocab.encode(TEXT))


@given(st.text("ab \n\té\u2028", min_size=1, max_size=30), st.integers(1, 6))
def test_blocks_cut_no_word(tmp_path_factory, text, block):
    folder = tmp_path_factory.mktemp("tokens")
    text = "x y " + text
    (folder / "a.txt").write_text(text, "utf-8")
    file = open_token_file(folder / "a.txt", folder, "word", block_bytes=block)
    want = Vocab.from_text(text, "word")
    assert file.vocab == want
    np.testing.assert_array_equal(file.tokens, want.encode(text))


@pytest.mark.parametrize("left", [0, 4096, 399_999])
def test_a_file_that_is_cut_off_while_it_is_read_is_an_error(tmp_path, left):
    """Where it is not looked at before, the process is gone by SIGBUS."""
    path = tmp_path / "a.tokens"
    ids = np.tile(np.array([0, 1], np.uint8), 200_000)
    write_tokens(path, Vocab(("a", "b"), "char"), [ids], len(ids))
    train, valid, _ = tail_split(map_token_file(path).tokens, 0.5, 0.0)
    streams = [TokenStream(part, 2, 8) for part in (train, valid)]
    before = [stream[len(stream) - 1] for stream in streams]
    whole = path.read_bytes()
    os.truncate(path, left)
    for stream in streams:
        with pytest.raises(ChangedFileError, match=rf"a\.tokens has {left} bytes and "):
            stream[len(stream) - 1]
    path.write_bytes(whole)
    path.unlink()  # what is mapped stays until the process ends
    for stream, want in zip(streams, before, strict=True):
        np.testing.assert_array_equal(stream[len(stream) - 1], want)


def token_files(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".tokens")


def test_unchanged_source_is_not_tokenized_again(tmp_path, source):
    open_token_file(source, tmp_path, "word")
    (made,) = token_files(tmp_path)
    os.utime(tmp_path / made, (1, 1))
    open_token_file(source, tmp_path, "word")
    assert (tmp_path / made).stat().st_mtime == 1


def test_changed_source_and_options_make_new_files(tmp_path, source):
    open_token_file(source, tmp_path, "word")
    open_token_file(source, tmp_path, "word", min_count=2)
    open_token_file(source, tmp_path, "char")
    source.write_text("something else\n")
    file = open_token_file(source, tmp_path, "word")
    assert file.vocab.decode(file.tokens) == "something else\n"
    assert len(token_files(tmp_path)) == 4


@pytest.mark.parametrize("damage", ["short", "empty", "garbage"])
def test_damaged_files_are_made_again(tmp_path, source, damage):
    whole = open_token_file(source, tmp_path, "word").tokens.tolist()
    path = tmp_path / token_files(tmp_path)[0]
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(
        {"short": content[:-1], "empty": b"", "garbage": content[:8] * 9}[damage]
    )
    with pytest.raises(ValueError) as error:
        map_token_file(path)
    assert str(error.value) == f"{path} is not a whole token file: make it again."
    assert open_token_file(source, tmp_path, "word").tokens.tolist() == whole


def test_failure_leaves_no_file(tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"good words first \xff")
    with pytest.raises(ValueError, match="is not UTF-8: byte 0xff at offset 17"):
        open_token_file(tmp_path / "bad.txt", tmp_path / "cache", "word")
    assert not (tmp_path / "cache").exists()


def test_interrupted_writing_leaves_no_file(tmp_path, source, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        open_token_file(source, tmp_path / "cache", "word")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("level", ["char", "word"])
def test_memory_does_not_grow_with_the_text(tmp_path, level):
    line = "".join(f"word{i % 50} {'tail' * 10}\n" for i in range(2000))
    path = tmp_path / "long.txt"
    with path.open("w") as file:
        for _ in range(12):
            file.write(line)
    size = path.stat().st_size
    assert size > 1_000_000
    tracemalloc.start()
    tokens = open_token_file(path, tmp_path, level, block_bytes=1 << 14).tokens
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(tokens) == (size if level == "char" else 12 * 2000 * 3)
    # Far below the text and the ids, which for characters are as large as the text.
    assert peak < 450_000


def test_an_id_beyond_the_vocabulary_is_named(tmp_path, source):
    tokens = open_token_file(source, tmp_path, "char").tokens
    path = Path(tokens.filename)
    content = bytearray(path.read_bytes())
    content[-5] = 250
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=f"the id at {len(tokens) - 5} is 250, the voc"
    ):
        map_token_file(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("dtype", "<i8"), ("dtype", "<f4"), ("dtype", "what"), ("count", -1),
     ("count", "3"), ("vocab", {}), ("vocab", None)],
)  # fmt: skip
def test_a_header_that_is_not_what_is_written_there(tmp_path, key, value):
    text = json.dumps(HEADER | {key: value}).encode()
    path = tmp_path / "a.tokens"
    path.write_bytes(b"JLSTMTOK" + len(text).to_bytes(8, "little") + text + b"\0\1\0")
    with pytest.raises(ValueError, match="is not a whole token file"):
        map_token_file(path)


def test_a_header_that_is_right(tmp_path):
    text = json.dumps(HEADER).encode()
    path = tmp_path / "a.tokens"
    path.write_bytes(b"JLSTMTOK" + len(text).to_bytes(8, "little") + text + b"\0\1\0")
    assert map_token_file(path).tokens.tolist() == [0, 1, 0]


HEADER = {
    "made_from": {}, "dtype": "|u1", "count": 3,
    "vocab": {"level": "char", "symbols": ["a", "b"]},
}  # fmt: skip


@pytest.mark.parametrize("cut", [[6], [2, 4], [1, 0, 5]])
def test_ids_in_blocks(tmp_path, cut):
    vocab, ids = Vocab(("a", "b", "c"), "char"), np.array([0, 1, 2, 2, 1, 0], np.uint8)
    blocks = np.split(ids, np.cumsum(cut)[:-1])
    write_tokens(tmp_path / "new" / "a.tokens", vocab, blocks, count=6)
    found = map_token_file(tmp_path / "new" / "a.tokens")
    assert found.vocab == vocab and found.tokens.tolist() == ids.tolist()


@pytest.mark.parametrize("count", [1, 3])
def test_a_wrong_count_writes_nothing(tmp_path, count):
    path, blocks = tmp_path / "a.tokens", [np.array([0, 1], np.uint8)]
    with pytest.raises(ValueError, match=f"2 ids came for .*, {count} were announced"):
        write_tokens(path, Vocab(("a", "b"), "char"), blocks, count)
    assert list(tmp_path.iterdir()) == []


def test_a_large_file_is_checked_once(tmp_path, source, monkeypatch):
    monkeypatch.setattr(remembered, "LARGE", 1)
    monkeypatch.setattr(remembered, "SETTLED_SECONDS", 0.0)
    path = Path(open_token_file(source, tmp_path, "char").tokens.filename)
    read = []
    monkeypatch.setattr(tokenfile, "_check_ids", lambda *_: read.append(0) or "whole")
    monkeypatch.setattr(tokenfile, "sha256", lambda _: read.append(1) or "")
    open_token_file(source, tmp_path, "char")
    assert read == []
    os.utime(path, (1, 1))
    open_token_file(source, tmp_path, "char")
    assert read == [0]
