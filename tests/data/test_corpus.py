"""Corpora: the counts that papers rely on, and one line for a wrong config."""

import numpy as np
import pytest

from jlstm.data import CorpusConfig, load_corpus, write_tokens
from jlstm.data.text import language_reference

COUNTS = [
    ("ptb", "word", (929_589, 73_760, 82_430), 10_000),
    ("ptb", "char", (5_017_482, 393_042, 442_423), 50),
    ("wikitext2", "word", (2_088_628, 217_646, 245_569), 33_278),
]


@pytest.mark.parametrize(
    ("name", "level", "counts", "size"), COUNTS, ids=lambda value: str(value)
)
def test_counts_of_given_parts(data_dir, monkeypatch, name, level, counts, size):
    monkeypatch.setenv("JLSTM_DATA", str(data_dir))
    corpus = load_corpus(CorpusConfig(name, level=level, split="given"))
    assert tuple(map(len, (corpus.train, corpus.valid, corpus.test))) == counts
    assert len(corpus.vocab) == size
    assert len(np.unique(corpus.train)) == size
    assert ("another order" in corpus.note) == (name == "wikitext2")


def test_captions_are_short_plain_sentences(data_dir, monkeypatch):
    monkeypatch.setenv("JLSTM_DATA", str(data_dir))
    config = CorpusConfig("captions", level="word", split="given", min_count=3)
    corpus = load_corpus(config)
    sizes = [len(part) for part in (corpus.train, corpus.valid, corpus.test)]
    assert sizes == [406_576, 14_327, 13_973] and len(corpus.vocab) == 4709
    lines = corpus.vocab.decode(corpus.train).split("\n")
    assert len(lines) == 29_001 and not lines[-1]
    assert lines[0] == "two young , white males are outside near many bushes ."
    cat = corpus.vocab.index["cat"]
    assert (corpus.train == cat).sum() == 38


def test_ptb_begins_as_it_should(data_dir, monkeypatch):
    monkeypatch.setenv("JLSTM_DATA", str(data_dir))
    ptb = load_corpus(CorpusConfig("ptb", level="word", split="given"))
    assert ptb.vocab.symbols[:5] == ("the", "<unk>", "<eos>", "N", "of")
    assert ptb.vocab.decode(ptb.test[:11]) == (
        "no it was n't black monday\nbut while the new"
    )
    assert ptb.train.dtype == np.uint16


def test_counts_of_shakespeare(data_dir, monkeypatch):
    monkeypatch.setenv("JLSTM_DATA", str(data_dir))
    text = load_corpus(CorpusConfig("shakespeare"))
    assert len(text.train) + len(text.valid) == 1_115_394
    assert len(text.valid) == 111_540
    assert len(text.vocab) == 65
    assert text.test is None
    assert text.vocab.decode(text.train[:14]) == "First Citizen:"
    split = load_corpus(
        CorpusConfig("shakespeare", split="char_rnn", valid_fraction=0.05)
    )
    assert len(split.train) == 50 * (423 * 50 + 1)
    assert len(split.valid) == 50 * (23 * 50 + 1)


def test_embedded_corpus_needs_nothing(monkeypatch):
    monkeypatch.delenv("JLSTM_DATA", raising=False)
    corpus = load_corpus(CorpusConfig(valid_fraction=0.1, test_fraction=0.1))
    parts = [corpus.train, corpus.valid, corpus.test]
    assert corpus.vocab.decode(np.concatenate(parts)) == language_reference()
    assert corpus.note.startswith("the language reference of Python 3.")


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("JLSTM_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "my.txt"
    path.write_text("the cat sat on the mat and the dog sat too\n" * 20)
    return str(path)


@pytest.mark.parametrize("level", ["char", "word"])
@pytest.mark.parametrize("options", [{}, {"max_vocab": 4}, {"min_count": 25}])
def test_memory_mapped_equals_in_memory(path, level, options):
    options = dict(path=path, level=level, test_fraction=0.2, **options)
    plain = load_corpus(CorpusConfig("text", **options))
    mapped = load_corpus(CorpusConfig("text", memory_map=True, **options))
    assert mapped.vocab == plain.vocab
    assert isinstance(mapped.train, np.memmap)
    for part in ("train", "valid", "test"):
        np.testing.assert_array_equal(getattr(mapped, part), getattr(plain, part))


@pytest.mark.parametrize("level", ["char", "word"])
def test_a_token_file_is_taken_as_it_is(path, tmp_path, level):
    options = {"level": level, "test_fraction": 0.2}
    plain = load_corpus(CorpusConfig("text", path, **options))
    own = str(tmp_path / "my.tokens")
    ids = np.concatenate([plain.train, plain.valid, plain.test])
    write_tokens(own, plain.vocab, [ids], len(ids))
    mapped = load_corpus(CorpusConfig("text", own, memory_map=True, **options))
    assert mapped.vocab == plain.vocab and isinstance(mapped.train, np.memmap)
    for part in ("train", "valid", "test"):
        np.testing.assert_array_equal(getattr(mapped, part), getattr(plain, part))
    with pytest.raises(ValueError, match=r"is a token file: set data.memory_map=true"):
        load_corpus(CorpusConfig("text", own, **options))
    other = {"char": "word", "word": "char"}[level]
    with pytest.raises(
        ValueError, match=f"has {level}s as tokens, data.level is {other}: set"
    ):
        load_corpus(CorpusConfig("text", own, other, memory_map=True))


def test_own_text_with_rare_words(path):
    corpus = load_corpus(CorpusConfig("text", path, "word", max_vocab=4))
    assert corpus.vocab.symbols == ("<unk>", "the", "sat", "<eos>")
    assert corpus.vocab.decode(corpus.train[:5]) == "the <unk> sat <unk> the"


@pytest.mark.parametrize(("share", "length"), [(0.5, 387), (1e-9, 2)])
def test_limit_train_keeps_the_head(path, share, length):
    whole = load_corpus(CorpusConfig("text", path))
    part = load_corpus(CorpusConfig("text", path, limit_train=share))
    assert len(part.train) == length
    np.testing.assert_array_equal(part.train, whole.train[:length])
    np.testing.assert_array_equal(part.valid, whole.valid)
    assert part.note == f"train limited to {share}"
    assert whole.note == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"name": "ptp"},
            "CorpusConfig: name is 'ptp'; choose one of ptb, wikitext2, captions, "
            "shakespeare, embedded, text.",
        ),
        ({"level": "byte"}, "CorpusConfig: level is 'byte'; choose one of char, word."),
        (
            {"split": "head"},
            "CorpusConfig: split is 'head'; choose one of given, tail, char_rnn.",
        ),
        (
            {"valid_fraction": 0.0},
            "CorpusConfig: valid_fraction is 0.0; give a share between 0 and 1, both "
            "excluded.",
        ),
        (
            {"valid_fraction": 0.5, "test_fraction": 0.5},
            "test_fraction must be at least 0 and leave text to train on next to "
            "valid_fraction=0.5, got 0.5.",
        ),
        (
            {"limit_train": 0.0},
            "CorpusConfig: limit_train is 0.0; give a share in (0, 1].",
        ),
        (
            {"limit_train": 1.1},
            "CorpusConfig: limit_train is 1.1; give a share in (0, 1].",
        ),
        (
            {"max_vocab": 1},
            "CorpusConfig: max_vocab is 1; give an integer of 2 or more or None.",
        ),
        ({"min_count": 0}, "CorpusConfig: min_count is 0; give a positive integer."),
        ({"streams": 0}, "CorpusConfig: streams is 0; give a positive integer."),
        ({"window": -3}, "CorpusConfig: window is -3; give a positive integer."),
        (
            {"name": "text"},
            "data.path goes with data.name=text and only with it, got path=None and "
            "name='text': set or unset data.path.",
        ),
        (
            {"path": "a.txt"},
            "data.path goes with data.name=text and only with it, got path='a.txt' "
            "and name='embedded': set or unset data.path.",
        ),
        ({"name": "ptb"}, "split must be given for name='ptb', got 'tail'."),
        (
            {"split": "given"},
            "split must be tail or char_rnn for name='embedded', got 'given'.",
        ),
        (
            {"memory_map": True},
            "memory_map goes with the path of a text and split='tail', got path=None "
            "and split='tail': set memory_map=false.",
        ),
    ],
)
def test_a_wrong_field_is_named(unchecked, options, message):
    with pytest.raises(ValueError) as error:
        CorpusConfig(**options)
    assert str(error.value) == message


@pytest.mark.parametrize("memory_map", [False, True])
@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (None, FileNotFoundError, "No file at "),
        (b"", ValueError, "is empty: give a text file"),
        (b"caf\xe9 au lait", ValueError, "is not UTF-8: byte 0xe9 at offset 3"),
        (b"a" * 99, ValueError, "has 1 distinct symbol(s), 'a'"),
        (b"abc", ValueError, "A text of 3 tokens leaves 1 for the valid part"),
    ],
)
def test_a_bad_file_is_one_line(
    tmp_path, monkeypatch, content, kind, message, memory_map
):
    monkeypatch.setenv("JLSTM_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(kind) as error:
        load_corpus(CorpusConfig("text", str(path), memory_map=memory_map))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("options", [{}, {"min_count": 99}])
def test_one_word_is_not_a_language(tmp_path, options):
    path = tmp_path / "one.txt"
    path.write_text("a b c d " * 9 if options else "ha " * 36)
    with pytest.raises(ValueError) as error:
        load_corpus(CorpusConfig("text", str(path), "word", **options))
    assert "has one distinct word, '" in str(error.value)
    assert str(error.value).endswith("Give another text, min_count or max_vocab.")
