"""A model that reads on: what it knows goes from one piece of its input to the next."""

import abc
from collections.abc import Iterator
from typing import Any

LARGEST = 256
"""Steps of the largest part: a longer input is read in several."""


class Stream(abc.ABC):
    """One input that is read as it comes; a model may have many at a time.

    Example:
        >>> class Sum(Stream):
        ...     total = 0
        ...
        ...     def feed(self, source):
        ...         self.total += source
        ...         return {"total": self.total}
        >>> stream = Sum()
        >>> stream.feed(2), stream.feed(3)
        ({'total': 2}, {'total': 5})
    """

    @abc.abstractmethod
    def feed(self, source: Any) -> dict[str, Any]:
        """Read on, and say what the model makes of it.

        Raises:
            ValueError, TypeError: it does not fit, in one line; nothing was read.
        """


def parts_of(steps: int) -> Iterator[int]:
    """Yield how to cut an input into parts of few sizes: each is compiled once.

    Example:
        >>> list(parts_of(13)), list(parts_of(600))
        ([8, 4, 1], [256, 256, 64, 16, 8])
    """
    size = LARGEST
    while steps:
        while size > steps:
            size //= 2
        yield size
        steps -= size
