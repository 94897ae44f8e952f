"""Warped distances against a recursion over all alignments."""

from functools import cache

import numpy as np

from jlstm.baselines.warping import Templates

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


def test_distances_are_those_of_the_recursion():
    templates = Templates(SEQUENCES, np.arange(3))
    expected = [recursion(one, QUERY) for one in SEQUENCES]
    np.testing.assert_allclose(templates.distances(QUERY), expected)


def test_a_slower_copy_is_nearest_to_its_template():
    templates = Templates(SEQUENCES, np.array([7, 8, 9]))
    for label, one in zip((7, 8, 9), SEQUENCES, strict=True):
        slow = np.repeat(one, 3, axis=0)
        assert templates.nearest(slow) == label
