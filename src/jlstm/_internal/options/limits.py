"""What a number may be, next to its type: a text for people and a test."""

import operator
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeAlias


class Limit(NamedTuple):
    """A range, as metadata of an annotation: ``Annotated[float, Limit(...)]``.

    Attributes:
        wanted: what to give, as it ends the sentence "give ...".
        holds: whether a value, which has its type already, is in the range.

    Example:
        >>> from dataclasses import dataclass
        >>> from jlstm._internal.options import Options
        >>> @dataclass(frozen=True)
        ... class Leak(Options):
        ...     rate: Annotated[float, Limit("a number above 1", lambda x: x > 1)]
        >>> Leak(0.5)
        Traceback (most recent call last):
        ValueError: Leak: rate is 0.5; give a number above 1.
    """

    wanted: str
    holds: Callable[[Any], bool]


LEAST = 2.0**-126
"""The smallest number that float32 holds in full: less than it may compute as 0."""

Size: TypeAlias = Annotated[int, Limit("a positive integer", lambda n: n >= 1)]
Count: TypeAlias = Annotated[int, Limit("0 or a positive integer", lambda n: n >= 0)]
Positive: TypeAlias = Annotated[float, Limit("a positive number", lambda x: x >= LEAST)]
NotNegative: TypeAlias = Annotated[
    float, Limit("0 or a positive number", lambda x: x >= 0)
]
Rate: TypeAlias = Annotated[
    float, Limit("a probability in [0, 1)", lambda x: 0 <= x < 1)
]
Fraction: TypeAlias = Annotated[
    float, Limit("a share between 0 and 1, both excluded", lambda x: 0 < x < 1)
]
Decay: TypeAlias = Annotated[float, Limit("a number in [0, 1)", lambda x: 0 <= x < 1)]
Share: TypeAlias = Annotated[
    float, Limit("a share in (0, 1]", lambda x: LEAST <= x <= 1)
]
AtLeast2: TypeAlias = Annotated[int, Limit("an integer of 2 or more", lambda n: n >= 2)]
Sizes: TypeAlias = Annotated[
    tuple[Size, ...], Limit("one or more positive integers in a list", bool)
]
Cuts: TypeAlias = Annotated[
    tuple[Size, ...],
    Limit(
        "a list, maybe empty, of positive integers, each larger than the one before",
        lambda sizes: all(map(operator.lt, sizes, sizes[1:])),
    ),
]
Rising: TypeAlias = Annotated[
    Cuts, Limit("positive integers in a list, each larger than the one before", bool)
]
