"""Edits are counted as a search over all of them counts."""

from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlstm.metrics import align, edit_distance, error_rate


@cache
def search(a, b):
    if not a or not b:
        return len(a) + len(b)
    both = search(a[1:], b[1:]) + (a[0] != b[0])
    return min(both, search(a[1:], b) + 1, search(a, b[1:]) + 1)


@cache
def walk(a, b):
    """The best alignment that substitutes as late as it can, from its last pair on."""
    if not a and not b:
        return []
    if a and b and search(a, b) == search(a[:-1], b[:-1]) + (a[-1] != b[-1]):
        return [*walk(a[:-1], b[:-1]), (a[-1], b[-1])]
    if a and search(a, b) == search(a[:-1], b) + 1:
        return [*walk(a[:-1], b), (a[-1], None)]
    return [*walk(a, b[:-1]), (None, b[-1])]


SYMBOLS = st.sampled_from(["a", 97, 0, -1, -2, 1.5, (), "ab", 2**61 - 1, None])
SAID = st.lists(SYMBOLS, max_size=7).map(tuple)
RNG = np.random.default_rng(0)
PAIRS = [
    tuple("".join(RNG.choice(list("abc"), RNG.integers(7))) for _ in range(2))
    for _ in range(60)
]


def test_distances_are_those_of_a_search():
    for a, b in PAIRS:
        assert edit_distance(a, b) == edit_distance(b, a) == search(a, b)


def test_an_alignment_holds_both_and_costs_the_distance():
    for a, b in PAIRS:
        pairs = align(a, b)
        assert "".join(x for x, _ in pairs if x) == a
        assert "".join(y for _, y in pairs if y) == b
        assert sum(x != y for x, y in pairs) == search(a, b)


@given(SAID, SAID)
def test_symbols_of_any_kind_are_told_apart(a, b):
    assert edit_distance(a, b) == search(a, b)
    pairs = align(a, b)
    assert [x for x, _ in pairs if x is not None] == [x for x in a if x is not None]


def test_of_several_best_alignments_one_is_taken():
    for a, b in PAIRS:
        assert align(a, b) == walk(a, b)


@pytest.mark.parametrize("kind", [np.array, jnp.array, tuple, bytes])
def test_symbols_may_stand_in_an_array(unchecked, kind):
    assert edit_distance(kind([1, 2, 3]), [1, 4, 3, 3]) == 2


def test_the_rate_is_over_all_symbols():
    assert error_rate(["abc", "d"], ["ab", "de"]) == 2 / 4
    assert error_rate([[1, 2]], [[3, 3, 3, 3]]) == 2.0


@pytest.mark.parametrize(
    ("references", "hypotheses", "line"),
    [
        (["a"], [], "1 references came with 0 hypotheses"),
        ([""], ["a"], "The references have no symbols"),
    ],
)
def test_what_has_no_rate_is_refused(references, hypotheses, line):
    with pytest.raises(ValueError, match=line):
        error_rate(references, hypotheses)
