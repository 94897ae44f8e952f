"""Warped distances against a recursion over all alignments."""

from functools import cache

import numpy as np
import pytest

from jlstm.training.baselines.warping import Templates

RNG = np.random.default_rng(0)
SEQUENCES = [RNG.normal(size=(n, 2)) for n in (1, 3, 5)]
QUERY = RNG.normal(size=(4, 2))


def recursion(a, b):
    @cache
    def best(i, j):
        cost = ((a[i] - b[j]) ** 2).sum()
        if i == j == 0:
            return cost
        before = [best(i - 1, j)] if i else []
        before += [best(i, j - 1)] if j else []
        before += [best(i - 1, j - 1)] if i and j else []
        return cost + min(before)

    return best(len(a) - 1, len(b) - 1) / (len(a) + len(b))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("query", [QUERY, QUERY[:1], SEQUENCES[2], 0 * QUERY])
def test_distances_are_those_of_the_recursion(query, dtype):
    templates = Templates([one.astype(dtype) for one in SEQUENCES], np.arange(3))
    expected = [recursion(one, query) for one in SEQUENCES]
    found = templates.distances(query.astype(dtype))
    np.testing.assert_allclose(found, expected, rtol=50 * np.finfo(dtype).eps)


def test_a_number_that_is_none_is_near_to_nothing():
    templates = Templates(SEQUENCES, np.arange(3))
    assert np.isnan(templates.distances(np.full((2, 2), np.nan))).all()


def test_a_slower_copy_is_nearest_to_its_template():
    templates = Templates(SEQUENCES, np.array([7, 8, 9]))
    for label, one in zip((7, 8, 9), SEQUENCES, strict=True):
        slow = np.repeat(one, 3, axis=0)
        assert templates.nearest(slow) == label
