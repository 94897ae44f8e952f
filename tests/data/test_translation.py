"""Multi30k and pairs of sentences: counts, words, batches without loss."""

import numpy as np
import pytest

from jlstm.data import (
    PairBatches,
    TranslationConfig,
    boundaries_of,
    decode_words,
    detokenize,
    encode_pairs,
    load_multi30k,
    tokenize,
    word_vocab,
)
from jlstm.data.translation import pair_lengths
from jlstm.data.words import encode_words, unknown_share

CONFIG = TranslationConfig(min_count=1)
TEXTS = (
    ["Ein Hund.", "Zwei Hunde im Schnee.", "Ja", "Ein Hund, ein Schnee, ein Ja!"],
    ["A dog.", "Two dogs.", "Yes it is, indeed it is!", "One dog."],
)


@pytest.mark.long
def test_counts_of_multi30k(real):
    corpus = real(load_multi30k, TranslationConfig())
    assert {part: len(pairs.sources) for part, pairs in corpus.parts.items()} == {
        "train": 29_000,
        "val": 1_014,
        "test_2016_flickr": 1_000,
        "test_2017_flickr": 1_000,
        "test_2017_mscoco": 461,
    }
    assert (len(corpus.source_vocab), len(corpus.target_vocab)) == (7_859, 5_927)
    train = corpus.parts["train"]
    # Other tokenizers find 360,706 and 377,534.
    assert sum(map(len, train.source_words)) == 360_919
    assert sum(map(len, train.target_words)) == 377_576
    assert train.references[0].startswith("Two young, White males are outside")
    assert " ".join(train.source_words[0]).startswith("zwei junge weiße männer sind")
    known = set(zip(train.source_words, train.target_words, strict=True))
    for part, pairs in corpus.parts.items():
        seen = known & set(zip(pairs.source_words, pairs.target_words, strict=True))
        assert bool(seen) == (part == "train"), part
    held_out = corpus.parts["test_2016_flickr"].target_words
    assert 0.017 < unknown_share(corpus.target_vocab, held_out) < 0.018


def test_words_of_real_text_can_be_put_together(real):
    pairs = real(load_multi30k, TranslationConfig()).parts["val"]
    texts = zip(pairs.references, pairs.target_words, strict=True)
    wrong = [text for text, words in texts if detokenize(words, "en") != text.lower()]
    assert len(wrong) <= 5


def test_ids_read_back_and_end():
    corpus = encode_pairs({"train": TEXTS}, CONFIG)
    pairs = corpus.parts["train"]
    for words, ids in zip(pairs.target_words, pairs.targets, strict=True):
        assert corpus.target_vocab.symbols[ids[-1]] == "<eos>"
        assert decode_words(corpus.target_vocab, ids) == words
    for words, ids in zip(pairs.source_words, pairs.sources, strict=True):
        assert decode_words(corpus.source_vocab, ids) == words
    assert corpus.source_vocab.symbols[:4] == ("<pad>", "<bos>", "<eos>", "<unk>")


def test_batches_hold_every_pair_once():
    pairs = encode_pairs({"train": TEXTS}, CONFIG).parts["train"]
    boundaries = boundaries_of(pair_lengths(pairs), 2)
    batches = [*PairBatches(pairs, 3, boundaries, seed=0)]
    assert len(batches) == len(PairBatches(pairs, 3, boundaries))
    found = []
    for batch in batches:
        assert len(batch.sources) == len(batch.targets) in boundaries
        for column, row in enumerate(batch.rows):
            source = batch.sources[: batch.source_lengths[column], column]
            target = batch.targets[: batch.target_lengths[column], column]
            if row < 0:
                assert len(source) == len(target) == 0
                continue
            found.append(row)
            np.testing.assert_array_equal(source, pairs.sources[row])
            np.testing.assert_array_equal(target, pairs.targets[row])
            np.testing.assert_array_equal(
                batch.inputs[: len(target), column], [1, *target[:-1]]
            )
            assert batch.weights[:, column].sum() == len(target)
            assert not batch.sources[len(source) :, column].any()
    assert sorted(found) == [0, 1, 2, 3]


def test_a_seed_decides_the_order():
    pairs = encode_pairs({"train": TEXTS}, CONFIG).parts["train"]
    rows = [
        np.concatenate([b.rows for b in PairBatches(pairs, 1, (9, 12), seed)]).tolist()
        for seed in (0, 0, 1, None)
    ]
    assert rows[0] == rows[1] != rows[2]
    assert rows[3] == sorted(rows[3])


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("It's 3.5 m, e.g. here.", "en", "it 's 3.5 m , e . g . here ."),
        ("the 'red' one’s", "en", "the ' red ' one ’s"),
        ("Aujourd'hui, l’homme dit: non", "fr", "aujourd' hui , l’ homme dit : non"),
        ("Ein T-Shirt (blau)!", "de", "ein t-shirt ( blau ) !"),
    ],
)
def test_words_of_a_language(text, language, words):
    assert " ".join(tokenize(text, language)) == words


def test_vocabulary_by_frequency_with_ties_in_order():
    vocab = word_vocab([("b", "a", "c"), ("c",), ("<pad>",)], max_size=4)
    assert vocab.symbols == ("<pad>", "<unk>", "c", "a")
    assert encode_words(vocab, ("c", "b", "a")).tolist() == [2, 1, 3]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: TranslationConfig("de", "it"),
            "source and target must be two of de, en, fr, got 'de' and 'it'.",
        ),
        (
            lambda: TranslationConfig(limit_train=0),
            "TranslationConfig: limit_train is 0; give a positive integer or None.",
        ),
        (
            lambda: encode_pairs({"train": (["a"], [])}, CONFIG),
            "train has 1 sentences in de and 0 in en: give one translation a sentence.",
        ),
        (
            lambda: tokenize("a", "it"),
            "language must be one of en, de, fr, got 'it'.",
        ),
        (lambda: word_vocab([], min_count=0), "min_count must be at least 1, got 0."),
        (
            lambda: word_vocab([], max_size=2),
            "max_size must be more than the 2 special symbols, got 2.",
        ),
        (
            lambda: encode_words(word_vocab([("a",)], specials=()), ("a", "b")),
            "'b' is not among the 1 symbols of the vocabulary, which has no '<unk>' to "
            "stand for it.",
        ),
    ],
)
def test_what_is_wrong_is_said(make, message):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == message
