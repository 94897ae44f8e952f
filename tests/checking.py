"""How annotations are checked in tests: by beartype, once per function of a module.

A function inside another is made by every call of that one, and beartype would write
its check each time: that was a fifth of the time of all tests. Those are left alone;
what calls them is checked.
"""

from collections.abc import Callable
from typing import Any

from beartype import beartype


def check(function: Callable) -> Any:
    """Return a function that checks its arguments, unless it is inside another."""
    return function if "<locals>" in function.__qualname__ else beartype(function)
