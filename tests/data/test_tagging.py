"""Tagged sentences: counts, baselines with published numbers, files of one's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlstm.data import fetch, load_tagged
from jlstm.data.tagging import (
    Tagged,
    encode_tagged,
    most_frequent_tags,
    read_columns,
    read_conllu,
    tag_vocab,
)
from jlstm.data.words import unknown_share, word_vocab
from jlstm.metrics.chunks import chunk_score, chunks_of
from tests.messages import message_of
from tests.quick import quick

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


@pytest.mark.long
@pytest.mark.parametrize("name", quick(COUNTS))
def test_counts(real, name):
    parts = real(load_tagged, name)
    found = {
        part: (len(some.sentences), some.num_words) for part, some in parts.items()
    }
    assert found == COUNTS[name]


@pytest.mark.long
def test_most_frequent_tag_of_ud_is_the_known_baseline(real):
    parts = real(load_tagged, "ud_english_ewt")
    train, test = parts["train"], parts["test"]
    assert train.sentences[0][:4] == ("Al", "-", "Zaman", ":")
    assert train.tags[0][:4] == ("PROPN", "PUNCT", "PROPN", "PUNCT")
    assert len(tag_vocab(train.tags)) == 17
    guess = most_frequent_tags(train, test.sentences)
    assert accuracy(test.tags, guess) == pytest.approx(0.8620, abs=5e-5)
    words = word_vocab(train.sentences)
    assert unknown_share(words, test.sentences) == pytest.approx(0.091, abs=5e-4)


@pytest.mark.slow
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


def test_ids_stand_next_to_each_other():
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


WORDS = ["the DT B-NP", "dog NN I-NP", "", "it PRP B-NP", "runs VBZ B-VP"]
UD = [f"{n}\t{w}\t{w}\tX\tY\t_\t0\troot\t_\t_" for n, w in ((1, "it"), (2, "runs"))]
BAD_ROWS = {
    "a lost tag": (["Ann NNP B", "saw VBD", "him PRP O"], "'saw VBD' with 2 column"),
    "an empty column": (["Ann\tNNP\tB", "saw\tVBD\t"], "line 2 has an empty column"),
    "running text": (
        ["it was a dark night", "the rain fell"],
        "with 3 column(s), line 2",
    ),
    "word/TAG": (
        ["The/DT dog/NN runs/VBZ ./.", "A/DT cat/NN"],
        "a blank in place of '/'",
    ),
    "word_TAG": (["The_DT dog_NN", "A_DT cat_NN"], "a blank in place of '_'"),
    "word/TAG a line": (["The/DT", "dog/NN"], "a blank in place of '/'"),
    "words alone": (["the", "dog"], "with 1 column(s), line 1, where 2 or more"),
    "numbers first": (["1 the DT", "2 dog NN"], "counts the words in column 0"),
    "tags of their own": (
        [f"w{n} t{n}" for n in range(30)],
        "30 different tags for 30 words",
    ),
    "CoNLL-U": (UD, "is CoNLL-U: read it by read_conllu"),
    "nothing": (["", ""], "has no sentence"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_columns_that_cannot_be_meant_are_refused(tmp_path, name):
    lines, line = BAD_ROWS[name]
    path = tmp_path / "a.txt"
    path.write_text("\n".join(lines) + "\n")
    message = message_of(ValueError, lambda: read_columns(path))
    assert message.startswith(str(path)) and line in message, message


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(WORDS),
        "\n".join(WORDS).replace(" ", "\t"),
        "\n".join(WORDS).replace(" ", "   "),
        "\r\n".join(WORDS),
        "\r".join(WORDS),
        "\ufeff" + "\n".join(WORDS),
        "-DOCSTART- -X- O\n\n" + "\n".join(WORDS),
        "\n".join(WORDS).replace("\n\n", "\n \t\n\n"),
    ],
)
def test_one_file_written_in_many_ways(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode())
    read = read_columns(path)
    assert read.sentences == (("the", "dog"), ("it", "runs"))
    assert read.tags == (("B-NP", "I-NP"), ("B-NP", "B-VP"))


def test_words_may_hold_blanks_where_tabs_separate(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1 000\tNUM\nNew York\tPROPN\n")
    assert read_columns(path).sentences == (("1 000", "New York"),)


@pytest.mark.parametrize("number", [-5, 3, 99])
def test_columns_that_are_not_there_are_refused(tmp_path, number):
    path = tmp_path / "a.txt"
    path.write_text("\n".join(WORDS))
    for name in ("word", "tag"):
        message = message_of(
            ValueError, lambda key=name: read_columns(path, **{key: number})
        )
        assert f"has 3 columns, and data.{name} is {number}: give one from" in message


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([*UD, *UD], "line 3 begins a sentence: put an empty line before it"),
        ([UD[0], UD[1].replace("\t_\t_", "")], "line 2, where"),
        ([row.replace("\tX\t", "\t_\t") for row in UD], "no tags in column upos"),
        (["a\tb\tc\td\te"], "has 'a' where a word has its number"),
    ],
)
def test_conllu_that_is_damaged_is_refused(tmp_path, lines, line):
    path = tmp_path / "a.conllu"
    path.write_text("\n".join(lines) + "\n")
    assert line in message_of(ValueError, lambda: read_conllu(path))


@pytest.mark.parametrize(
    "tags",
    [
        "B-A I-A I-A O B-B",
        "I-A I-A I-A O I-B",
        "B-A I-A E-A O S-B",
        "B-A I-A L-A O U-B",
        "B-A M-A E-A O S-B",
    ],
)
def test_all_schemes_say_the_same_chunks(tags):
    assert [*chunks_of(tags.split())] == [("A", 0, 3), ("B", 4, 5)]


@given(
    st.lists(
        st.sampled_from([*" \t\n#/_-", "a", "1", "1-2", "B-A", "O", "-DOCSTART-", "é"]),
        max_size=40,
    )
)
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path_factory, parts):
    path = tmp_path_factory.mktemp("fuzz") / "a.txt"
    path.write_bytes("".join(parts).encode())
    for read in (read_columns, read_conllu):
        try:
            tagged = read(path)
        except ValueError as error:
            assert "\n" not in str(error)
        else:
            assert [*map(len, tagged.sentences)] == [*map(len, tagged.tags)]
