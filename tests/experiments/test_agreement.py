"""The sentences on agreement are what they say, and the verb is told by its subject."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.agreement import agreement
from experiments.agreement.sentences import NOUN, NOUNS, VERB, WORDS, draw, steps_of


def text(made, column):
    return " ".join(WORDS[n] for n in made.words[:, column])


@pytest.fixture
def made(user_defaults):
    return draw(jax.random.key(3), jnp.array([0, 1, 4] * 20), 4)


@pytest.mark.long
def test_a_sentence_has_its_clause_and_ends(made):
    for column, nouns in enumerate([0, 1, 4] * 3):
        words = text(made, column).rstrip(" .").split()
        assert len(words) + 1 == steps_of(nouns)
        assert words.count("which") == (nouns > 0) and words.count(",") == 2 * (
            nouns > 0
        )
        assert sum(word.rstrip("s") in NOUNS for word in words) == nouns + 1


def test_only_the_subject_has_the_number_of_the_verb(made):
    words, columns = np.asarray(made.words), np.arange(60)
    subject = (words[1] - NOUN) % 2
    verb = (words[np.asarray(made.verb), columns] - VERB) % 2
    np.testing.assert_array_equal(subject, verb)
    np.testing.assert_array_equal(subject, made.plural)
    others = (words[5, 2::3] - NOUN) % 2  # the first noun of a clause
    assert 0.2 < (others == subject[2::3]).mean() < 0.8


@pytest.mark.long
def test_opposed_nouns_have_the_other_number(user_defaults):
    made = draw(jax.random.key(3), jnp.full(9, 2), 2, opposed=True)
    for place in (5, 8):
        found = (np.asarray(made.words)[place] - NOUN) % 2
        np.testing.assert_array_equal(found, 1 - np.asarray(made.plural))


@pytest.mark.slow
def test_a_point_has_all_its_seeds(user_defaults):
    budget = dataclasses.replace(agreement.QUICK, seeds=2)
    points = agreement.measure(agreement.CONTENDERS["tanh RNN"], budget)
    assert [nouns for nouns, _ in points] == list(budget.asked)
    for _, row in points:
        assert row["percent"] == pytest.approx(np.mean(row["seeds"]))
        assert len(row["seeds"]) == 2 and row["parameters"] == 25_764
