"""Sentences and documents with a class: counts, folds and phrases."""

import numpy as np
import pytest

from jlstm.data import Labelled, load_imdb, load_sentences, load_sst
from jlstm.data.imdb import review_words
from jlstm.data.sentences import fold_parts, read_labelled, ten_folds
from jlstm.data.sst import parse_tree, phrases, whole_sentences

COUNTS = {
    "sst2": (6_920, 872, 1_821),
    "sst5": (8_544, 1_101, 2_210),
    "mr": (10_662,),
    "subj": (10_000,),
    "cr": (3_775,),
    "mpqa": (10_606,),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_of_sentences(real, name):
    parts = real(load_sentences, name)
    assert tuple(len(part.sentences) for part in parts.values()) == COUNTS[name]
    for part in parts.values():
        assert set(part.labels.tolist()) == set(range(5 if name == "sst5" else 2))
    empty = sum(not words for part in parts.values() for words in part.sentences)
    assert empty == {"cr": 4, "mpqa": 3}.get(name, 0)


def test_first_sentences_and_majority(real):
    mr = real(load_sentences, "mr")["all"]
    assert mr.sentences[0] == ("simplistic", ",", "silly", "and", "tedious", ".")
    assert mr.labels.mean() == 0.5
    test = real(load_sentences, "sst2")["test"]
    assert max(np.bincount(test.labels)) / 1_821 == pytest.approx(0.501, abs=5e-4)


def test_folds_share_no_sentence(real):
    mpqa = real(load_sentences, "mpqa")["all"]  # 2,365 sentences occur again
    folds = ten_folds(mpqa.sentences)
    assert np.bincount(folds).min() > 900
    np.testing.assert_array_equal(folds, ten_folds(mpqa.sentences))
    parts = fold_parts(mpqa, folds, 9)
    assert sum(len(part.sentences) for part in parts.values()) == 10_606
    texts = [set(part.sentences) for part in parts.values()]
    assert not (texts[0] & texts[1] or texts[0] & texts[2] or texts[1] & texts[2])
    rows = np.flatnonzero(folds == 9)
    np.testing.assert_array_equal(parts["test"].labels, mpqa.labels[rows])


@pytest.mark.slow
def test_trees_have_the_counts_of_the_treebank(real):
    trees = real(load_sst)
    assert [len(trees[part]) for part in trees] == [8_544, 1_101, 2_210]
    assert sum(len(tree.labels) for tree in trees["train"]) == 318_582
    assert trees["train"][0].words[:4] == ("the", "rock", "is", "destined")
    binary = [len(whole_sentences(trees[p], binary=True).labels) for p in trees]
    assert binary == [6_920, 872, 1_821]
    spans = phrases(trees["train"], binary=True, distinct=False)
    assert len(spans.labels) == 98_794
    assert sum(map(len, spans.sentences)) == 742_681
    distinct = phrases(trees["train"], binary=True)
    # Lower-cased; with capitals no phrase has two classes.
    assert (len(distinct.labels), len(set(distinct.sentences))) == (77_307, 77_195)


def test_trees_agree_with_the_sentences(real):
    """The files of sentences are the roots of the trees, in another order."""
    trees, files = real(load_sst), real(load_sentences, "sst5")
    for part, given in files.items():
        roots = whole_sentences(trees[part], binary=False)
        np.testing.assert_array_equal(
            np.bincount(roots.labels), np.bincount(given.labels)
        )
        shared = set(roots.sentences) & set(given.sentences)
        assert len(shared) > 0.94 * len(given.labels)  # the rest writes brackets apart


def test_a_tree_has_its_phrases():
    tree = parse_tree(r"(3 (2 (2 a) (1 -LRB-)) (4 co\/op))")
    assert tree.words == ("a", "(", "co/op")
    assert tree.labels.tolist() == [3, 2, 2, 1, 4]
    assert [*zip(tree.starts, tree.stops, strict=True)] == [
        (0, 3),
        (0, 2),
        (0, 1),
        (1, 2),
        (2, 3),
    ]
    spans = phrases([tree, tree], binary=True)
    assert spans.sentences == (tree.words, ("(",), ("co/op",))
    assert spans.labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize("line", ["", "(3 (2 a)", "(3 a))", "(3 (2 ) (2 a))", "a rose"])
def test_a_broken_tree_is_one_line(line):
    with pytest.raises(ValueError, match="is not a tree: give one such as") as error:
        parse_tree(line)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_counts_of_imdb(real):
    parts = real(load_imdb)
    for reviews in parts.values():
        assert len(reviews.texts) == 25_000
        assert reviews.labels.mean() == 0.5
        np.testing.assert_array_equal(reviews.stars >= 7, reviews.labels == 1)
        assert not np.isin(reviews.stars, [5, 6]).any()
    assert parts["train"].texts[0].startswith("Story of a man who has unnatural")
    assert len(set(parts["train"].texts) & set(parts["test"].texts)) == 123
    first = review_words(parts["test"].texts[0])
    assert first[:4] == ("once", "again", "mr", ".")
    assert parts["test"].take(np.array([3, 1])).texts[1] == parts["test"].texts[1]


def test_a_line_without_class_is_named(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1 a rose\nnot a rose\n")
    with pytest.raises(ValueError, match="line 2 is 'not a rose': give a class"):
        read_labelled(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: load_sentences("trec"),
            "name must be one of sst2, sst5, mr, subj, cr, mpqa, got 'trec'.",
        ),
        (
            lambda: ten_folds((("a",), ("a",)), folds=2),
            "folds must be at least 2 and at most the number of distinct sentences, "
            "1, got 2.",
        ),
        (
            lambda: fold_parts(
                Labelled((("a",), ("b",), ("c",)), np.arange(3)), np.arange(3), 3
            ),
            "fold must be from 0 to 2, of at least three folds, got 3.",
        ),
    ],
)
def test_what_is_wrong_is_said(make, message):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == message
