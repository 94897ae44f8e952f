"""The annotations of jlstm are checked while tests run."""

import importlib
import sys

import jax.numpy as jnp
import pytest
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import TypeCheckError

import jlstm.masking
from tests import checking

MODULE = '''
"""A docstring stands first."""
from __future__ import annotations
import asyncio, dataclasses, functools
from jaxtyping import Array, Float

@dataclasses.dataclass
class Point:
    size: int

    @property
    def wrong(self) -> str:
        return self.size

    @classmethod
    def of(cls, size: int) -> Point:
        return cls(size)

    @staticmethod
    def same(a: Float[Array, "n"], b: Float[Array, "n"]) -> Float[Array, "n"]:
        return a

    def sized(self, a: Float[Array, "{self.size}"]) -> None: ...

async def waits(x: int) -> int:
    return x

def outer(x: int) -> int:
    def inner(x: str) -> str:
        return x
    return inner(x)

@functools.cache
def cached(x: int) -> int:
    return x
'''

ONES = jnp.ones(3)
WRONG = {
    "an argument": "outer('a')",
    "under another decorator": "cached('a')",
    "a field": "Point('a')",
    "a class method": "Point.of('a')",
    "what a property returns": "Point(1).wrong",
    "two arrays": "Point.same(ONES, ONES[:2])",
    "a coroutine": "asyncio.run(waits('a'))",
    "a size of the instance": "Point(2).sized(ONES)",
}


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checked")
    (folder / "checked_example.py").write_text(MODULE)
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(folder)
    checking.install("checked_example")
    yield vars(importlib.import_module("checked_example"))
    del sys.meta_path[0]
    patch.undo()


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_value_is_refused(module, what):
    with pytest.raises((BeartypeCallHintViolation, TypeCheckError)):
        eval(WRONG[what], {**module, "ONES": ONES})


def test_what_is_right_passes(module):
    assert module["outer"](3) == 3  # the function inside is not checked
    assert module["Point"].of(3).sized(ONES) is None
    assert module["Point"].same(ONES, ONES) is ONES


def test_checks_can_be_switched_off(module, unchecked):
    assert module["cached"]("b") == "b"


def test_jlstm_is_checked():
    with pytest.raises(TypeCheckError, match="resets_from_segments"):
        jlstm.masking.resets_from_segments(ONES)  # numbers, not integers
