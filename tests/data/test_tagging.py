"""Tagged sentences: counts, baselines with published numbers, files of one's own."""

import numpy as np
import pytest

from jlstm.data import chunk_score, chunks_of, fetch, load_tagged
from jlstm.data.tagging import (
    Tagged,
    encode_tagged,
    most_frequent_tags,
    read_columns,
    read_conllu,
    tag_vocab,
)
from jlstm.data.words import unknown_share, word_vocab

COUNTS = {
    "ud_english_ewt": {
        "train": (12_544, 204_577),
        "dev": (2_001, 25_147),
        "test": (2_077, 25_094),
    },
    "conll2000": {"train": (8_936, 211_727), "test": (2_012, 47_377)},
}


def accuracy(gold, predicted):
    """Return the share of right tags."""
    pairs = [
        (theirs, ours)
        for a, b in zip(gold, predicted, strict=True)
        for theirs, ours in zip(a, b, strict=True)
    ]
    return np.mean([theirs == ours for theirs, ours in pairs])


@pytest.mark.parametrize("name", COUNTS)
def test_counts(real, name):
    parts = real(load_tagged, name)
    found = {
        part: (len(some.sentences), some.num_words) for part, some in parts.items()
    }
    assert found == COUNTS[name]


def test_most_frequent_tag_of_ud_is_the_known_floor(real):
    parts = real(load_tagged, "ud_english_ewt")
    train, test = parts["train"], parts["test"]
    assert train.sentences[0][:4] == ("Al", "-", "Zaman", ":")
    assert train.tags[0][:4] == ("PROPN", "PUNCT", "PROPN", "PUNCT")
    assert len(tag_vocab(train.tags)) == 17
    guess = most_frequent_tags(train, test.sentences)
    assert accuracy(test.tags, guess) == pytest.approx(0.8620, abs=5e-5)
    words = word_vocab(train.sentences)
    assert unknown_share(words, test.sentences) == pytest.approx(0.091, abs=5e-4)


def test_chunk_baseline_is_that_of_the_shared_task(real):
    """The commonest chunk tag of a part of speech: F1 77.07, precision 72.58."""
    parts = real(load_tagged, "conll2000")
    kinds = {chunk.kind for tags in parts["train"].tags for chunk in chunks_of(tags)}
    assert len(kinds) == 11
    assert parts["train"].sentences[0][:2] == ("Confidence", "in")
    by_pos = [
        Tagged(read_columns(path, word=1, tag=1).sentences, parts[part].tags)
        for part, path in real(fetch, "conll2000").items()
    ]
    guess = most_frequent_tags(by_pos[0], by_pos[1].sentences)
    score = chunk_score(parts["test"].tags, guess)
    assert [round(100 * part, 2) for part in score] == [72.58, 82.14, 77.07]


def test_ids_stand_beside_each_other():
    train = Tagged((("a", "dog"), ("a",)), (("DET", "NOUN"), ("DET",)))
    test = Tagged((("a", "cat"),), (("DET", "NOUN"),))
    words, tags = word_vocab(train.sentences), tag_vocab(train.tags)
    (ids,) = encode_tagged(test, words, tags)
    assert ids.tolist() == [[2, 0], [1, 1]]
    with pytest.raises(ValueError, match="'VERB' is not among the 2 symbols"):
        encode_tagged(Tagged((("go",),), (("VERB",),)), words, tags)


def test_ranges_and_empty_nodes_are_skipped(tmp_path):
    path = tmp_path / "a.conllu"
    rows = [
        "# a comment",
        "1-2\tdon't\t_\t_\t_",
        "1\tdo\tdo\tAUX\tVBP",
        "2\tn't\tnot\tPART\tRB",
        "2.1\tgo\tgo\tVERB\tVB",
        "3\t1 000\t1 000\tNUM\tCD",
        " ",
        "1\t#\t#\tSYM\t$",
    ]
    path.write_text("\n".join(rows))
    read = read_conllu(path, column="xpos")
    assert read.sentences == (("do", "n't", "1 000"), ("#",))
    assert read.tags == (("VBP", "RB", "CD"), ("$",))


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\n\n\n"])
def test_columns_of_ones_own(tmp_path, ends):
    path = tmp_path / "a.txt"
    path.write_bytes(f"-DOCSTART- O{ends}EU B-ORG\n. O{ends} {ends}Yes O".encode())
    read = read_columns(path)
    if ends != "\n\n\n":
        assert read.sentences == (("EU", "."), ("Yes",))
    assert [word for words in read.sentences for word in words] == ["EU", ".", "Yes"]


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O O", []),
        ("B-A I-A I-A", [("A", 0, 3)]),
        ("I-A I-B I-B", [("A", 0, 1), ("B", 1, 3)]),
        ("B-A O I-A", [("A", 0, 1), ("A", 2, 3)]),
        ("B-A B-A", [("A", 0, 1), ("A", 1, 2)]),
        ("B-X-Y I-X-Y", [("X-Y", 0, 2)]),
    ],
)
def test_chunks(tags, spans):
    assert [*chunks_of(tags.split())] == spans


def test_score_of_nothing_found():
    assert chunk_score([("B-A",)], [("O",)]) == (0, 0, 0)
    assert chunk_score([("O",)], [("O",)]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: read_conllu(p), "has the line 'one' with 1 column"),
        (lambda p: read_columns(p), "has the line 'one' with 1 column"),
        (lambda p: read_conllu(p, "tag"), "column must be one of id, form, lemma"),
        (lambda p: load_tagged("ptb"), "name must be one of ud_english_ewt, conll2000"),
        (lambda p: read_columns(p.with_name("b")), "b has no sentence: give a file"),
        (lambda p: chunk_score([("O",)], [()]), "gold and predicted tags must be of"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, make, message):
    path = tmp_path / "a"
    path.write_text("one\n")
    path.with_name("b").write_text("\n\n")
    with pytest.raises(ValueError) as error:
        make(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
