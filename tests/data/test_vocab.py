"""The vocabulary: numbering, folding of rare symbols, there and back."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlstm.data.vocab import Vocab, count_symbols, split_symbols

words = st.lists(st.sampled_from(["the", "cat", "sat", "\n"]), min_size=1, max_size=20)


def test_words_and_lines():
    assert split_symbols(" a  b \n\n c", "word") == ["a", "b", "<eos>", "<eos>", "c"]
    assert "".join(split_symbols(" a\n", "char")) == " a\n"


def test_counts_add_up():
    assert count_symbols(["a b\n", "b <eos>"], "word") == {"a": 1, "b": 2, "<eos>": 2}


@given(st.text(min_size=1))
def test_characters_there_and_back(text):
    vocab = Vocab.from_text(text, "char")
    ids = vocab.encode(text)
    assert vocab.symbols == tuple(sorted(set(text)))
    assert vocab.decode(ids) == text
    assert [vocab.symbols[i] for i in ids] == list(text)


@given(words)
def test_words_there_and_back(symbols):
    text = " ".join(symbols)
    vocab = Vocab.from_text(text, "word")
    ids = vocab.encode(text)
    np.testing.assert_array_equal(vocab.encode(vocab.decode(ids)), ids)
    assert vocab.decode(ids).split() == text.split()
    assert vocab.decode(ids).count("\n") == text.count("\n")


def test_words_are_numbered_by_frequency_then_alphabet():
    vocab = Vocab.from_text("b a c c b c d\n\n\n\n", "word")
    assert vocab.symbols == ("<eos>", "c", "b", "a", "d")
    assert len(vocab) == 5
    assert vocab.index == {"<eos>": 0, "c": 1, "b": 2, "a": 3, "d": 4}


@pytest.mark.parametrize(
    ("options", "symbols"),
    [
        ({}, ("c", "b", "a", "d")),
        ({"max_size": 4}, ("c", "b", "a", "d")),
        ({"max_size": 3}, ("c", "<unk>", "b")),
        ({"min_count": 2}, ("c", "<unk>", "b")),
        ({"min_count": 3}, ("<unk>", "c")),
        ({"min_count": 2, "max_size": 2}, ("<unk>", "c")),
    ],
)
def test_rare_words_become_unknown(options, symbols):
    counts = {"a": 1, "b": 2, "c": 4, "d": 1}
    assert Vocab.from_counts(counts, "word", **options).symbols == symbols


def test_unknown_of_the_text_counts_with_the_rare():
    counts = {"<unk>": 3, "a": 5, "b": 1, "c": 1}
    assert Vocab.from_counts(counts, "word").symbols == ("a", "<unk>", "b", "c")
    folded = Vocab.from_counts({**counts, "<unk>": 4}, "word", min_count=2)
    assert folded.symbols == ("<unk>", "a")


def test_unknown_symbols_are_encoded_where_there_is_a_sign_for_them():
    vocab = Vocab.from_text("a a b c", "word", min_count=2)
    assert vocab.encode("a z c\n").tolist() == [
        vocab.index[s] for s in ("a", "<unk>", "<unk>", "<unk>")
    ]
    letters = Vocab.from_text("aabc", "char", min_count=2)
    assert letters.decode(letters.encode("abz")) == "a\ufffd\ufffd"


@pytest.mark.parametrize(
    ("level", "text", "name"),
    [("word", "to be", "word 'to'"), ("char", "by", "char 'y'")],
)
def test_unknown_symbols_without_a_sign_are_named(level, text, name):
    vocab = Vocab.from_text("be not" if level == "word" else "ab", level)
    with pytest.raises(ValueError) as error:
        vocab.encode(text)
    assert str(error.value).startswith(
        f"The {name} is not among the 2 symbols of the vocabulary, which has no "
    )


@pytest.mark.parametrize(
    ("size", "dtype"),
    [(2, "u1"), (256, "u1"), (257, "u2"), (65536, "u2"), (65537, "u4")],
)
def test_ids_take_the_smallest_type(size, dtype):
    vocab = Vocab(tuple(map(str, range(size))), "word")
    ids = vocab.encode(f"{size - 1} 0")
    assert ids.dtype == np.dtype(dtype)
    assert ids.tolist() == [size - 1, 0]


def test_empty_text_has_no_ids():
    ids = Vocab(("a", "b"), "char").encode("")
    assert ids.shape == (0,)


def test_save_and_load(tmp_path):
    vocab = Vocab.from_text("naïve “quotes” \u2028 \n", "char")
    vocab.save(tmp_path / "vocab.json")
    assert Vocab.load(tmp_path / "vocab.json") == vocab
    assert hash(Vocab.load(tmp_path / "vocab.json")) == hash(vocab)


@pytest.mark.parametrize(
    "content", ["", "[1]", "{}", '{"level": "word"}', '{"symbols": "ab"}']
)
def test_a_file_that_is_no_vocabulary_is_named(tmp_path, content):
    path = tmp_path / "vocab.json"
    path.write_text(content)
    with pytest.raises(ValueError) as error:
        Vocab.load(path)
    assert str(error.value).startswith(f"{path} is not a vocabulary file (")
    assert "\n" not in str(error.value)


def test_json_is_plain(tmp_path):
    Vocab(("b", "é"), "char").save(tmp_path / "v.json")
    data = json.loads((tmp_path / "v.json").read_text("utf-8"))
    assert data == {"level": "char", "symbols": ["b", "é"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_count": 0}, "min_count must be at least 1, got 0."),
        ({"max_size": 1}, "max_size must be at least 2, got 1."),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError) as error:
        Vocab.from_text("a b", "word", **options)
    assert str(error.value) == message


def test_no_symbols_are_refused():
    with pytest.raises(ValueError, match="A vocabulary needs a symbol: give a text"):
        Vocab.from_text("", "char")


def test_a_symbol_twice_is_refused():
    with pytest.raises(ValueError, match="The symbol 'a' occurs twice in a vocabulary"):
        Vocab(("b", "a", "a"), "word")
