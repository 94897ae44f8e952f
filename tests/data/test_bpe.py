"""Pieces of words: merges counted by hand, and words put together again."""

import pytest

from jlstm.data.bpe import fit_pieces, join_pieces
from jlstm.data.translation import SPECIALS, TranslationConfig, encode_pairs
from jlstm.data.words import decode_words

pytest.importorskip("tokenizers")


def test_the_most_frequent_pairs_become_pieces():
    # Of e-r</w> there are 9, of l-o 7, of lo-w 4 or less: one merge each.
    text = [("lower",)] * 3 + [("loder",)] * 4 + [("her",)] * 2
    letters = len({"<unk>", *"lowedrh", "r</w>", "l", "o", "w", "d", "e", "h"})
    pieces = fit_pieces(text, letters + 2)
    (found,) = pieces.cut([("lower", "her")])
    assert found[-2:] == ("h", "er</w>") and found[:1] == ("lo",)
    assert join_pieces(found) == ("lower", "her")


def test_a_strange_character_is_unknown():
    pieces = fit_pieces([("low", "lower")], 20)
    assert "<unk>" in pieces.cut([("löw",)])[0]


def test_pairs_in_pieces_keep_their_words():
    lines = ["Ein Hund.", "Zwei Hunde."], ["A dog.", "Two dogs."]
    config = TranslationConfig(min_count=1, units="bpe", pieces=12)
    corpus = encode_pairs({"train": lines, "val": lines}, config)
    pairs = corpus.parts["val"]
    assert pairs.target_words == (("a", "dog", "."), ("two", "dogs", "."))
    assert corpus.target_vocab.symbols[:4] == SPECIALS and corpus.units == "bpe"
    pieces = decode_words(corpus.target_vocab, pairs.targets[1])
    assert len(pieces) > 3 and join_pieces(pieces) == ("two", "dogs", ".")


def test_the_number_of_pieces_is_positive():
    with pytest.raises(ValueError, match="pieces is 0; give a positive integer"):
        TranslationConfig(units="bpe", pieces=0)
