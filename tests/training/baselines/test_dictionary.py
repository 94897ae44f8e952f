"""Translation word by word, against Dice coefficients counted by hand."""

import numpy as np
import pytest

from jlstm.training.baselines.dictionary import fit_dictionary


def test_the_word_of_the_largest_dice_coefficient_is_taken():
    rng = np.random.default_rng(0)
    sources = [rng.integers(0, 6, rng.integers(1, 5)) for _ in range(30)]
    targets = [rng.integers(0, 5, rng.integers(1, 5)) for _ in range(30)]
    found = fit_dictionary(sources, targets, source_vocab=7, target_vocab=5)
    pairs = [(set(s), set(t)) for s, t in zip(sources, targets, strict=True)]

    def dice(a, b):
        both = sum(a in s and b in t for s, t in pairs)
        return (
            2 * both / (sum(a in s for s, _ in pairs) + sum(b in t for _, t in pairs))
        )

    for a in range(6):
        scores = [dice(a, b) for b in range(5)]
        assert scores[found[a]] == max(scores)
    assert found[6] == -1


def test_each_sentence_has_one_translation():
    with pytest.raises(ValueError, match="1 sentences and 0 translations; give one"):
        fit_dictionary([np.array([0])], [], 1, 1)
