"""Which of several alike cases run always, and which with ``--all`` only."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest


def quick(cases: Iterable[Any], count: int = 1) -> list[Any]:
    """Return cases to parametrise with, all but the first few of them marked slow."""
    return [
        case if number < count else pytest.param(case, marks=pytest.mark.slow)
        for number, case in enumerate(cases)
    ]


def crossed(*axes: Iterable[Any]) -> list[Any]:
    """Return all combinations, marked slow but for some that have every value once.

    Values are hashable; the first combination has the first value of each axis, the
    second the second, and so on, round and round.
    """
    lists = [list(axis) for axis in axes]
    longest = max(map(len, lists))
    first = {tuple(axis[n % len(axis)] for axis in lists) for n in range(longest)}
    return [
        case if case in first else pytest.param(*case, marks=pytest.mark.slow)
        for case in itertools.product(*lists)
    ]
