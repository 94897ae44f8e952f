"""What data holds, for a person to look at before anything is trained."""

import itertools
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from jlstm.analysis.plots.literal import readable

WIDTH = 40
"""Signs of the longest bar."""


class Bars(NamedTuple):
    """A histogram: how often each value, or each range of values, occurs."""

    title: str
    rows: tuple[tuple[str, int], ...]

    def lines(self) -> list[str]:
        r"""Return a line for each bar.

        Example:
            >>> print(*Bars("classes", (("good", 4), ("bad", 1))).lines(), sep="\n")
            good  ████████████████████████████████████████ 4
            bad   ██████████ 1
        """
        most = max((count for _, count in self.rows), default=1)
        width = max((len(name) for name, _ in self.rows), default=0)
        return [
            f"{name:<{width}}  {_bar(count, most)} {count:,}".rstrip()
            for name, count in self.rows
        ]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What data holds.

    Attributes:
        counts: how many examples there are in each part.
        examples: heading and text of a few.
        bars: of lengths, values or classes.
        problems: what may be wrong, one line each.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    examples: Sequence[tuple[str, str]] = ()
    bars: Sequence[Bars] = ()
    problems: Sequence[str] = ()


def binned(
    title: str, values: Iterable[float | int | np.number], bins: int = 8
) -> Bars:
    """Return how many values lie in each of some ranges of equal width.

    Whole numbers of few kinds get a bar each.

    Example:
        >>> binned("lengths", [1, 1, 3]).rows
        (('1', 2), ('2', 0), ('3', 1))
        >>> binned("values", [0.0, 0.5, 4.0], bins=2).rows
        (('0 to 2', 2), ('2 to 4', 1))
    """
    found = np.asarray([*values], np.float64)
    found = found[np.isfinite(found)]
    if not len(found):
        return Bars(title, ())
    low, high = found.min(), found.max()
    if (found == found.round()).all() and high - low < bins:
        whole = range(int(low), int(high) + 1)
        return Bars(title, tuple((str(n), int((found == n).sum())) for n in whole))
    counts, edges = np.histogram(found, bins)
    names = [f"{a:.3g} to {b:.3g}" for a, b in itertools.pairwise(edges)]
    return Bars(title, tuple(zip(names, counts.tolist(), strict=True)))


def counted(title: str, names: Iterable[str], most: int = 12) -> Bars:
    """Return how often each name occurs, the commonest first.

    Example:
        >>> counted("tags", "abcbc", most=2).rows
        (('b', 2), ('c', 2), ('1 other', 1))
    """
    ranked = sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [(readable(name, 30), count) for name, count in ranked[:most]]
    rest = ranked[most:]
    if rest:
        rows.append((f"{len(rest)} other", sum(count for _, count in rest)))
    return Bars(title, tuple(rows))


def repeated(parts: Mapping[str, Iterable[Hashable]]) -> list[str]:
    """Return a line where examples of training are in another part too.

    Example:
        >>> repeated({"train": "abc", "test": "xab", "valid": "y"})
        ['2 of 3 examples of test are in train too: its scores are too good']
    """
    train = set(parts["train"])
    found = []
    for name, part in parts.items():
        keys = [] if name == "train" else list(part)
        twice = sum(key in train for key in keys)
        if twice:
            found.append(
                f"{twice} of {len(keys)} examples of {name} are in train too: its "
                "scores are too good"
            )
    return found


def unbalanced(parts: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a line where classes are rare, or lack in a part.

    Example:
        >>> unbalanced({"train": ["a"] * 50 + ["b"], "test": ["a"]})
        ['b has 1 of 51 examples of train, a has 50: accuracy says little of it', \
'test has no example of b']
    """
    counts = {name: Counter(part) for name, part in parts.items()}
    classes = sorted(set().union(*counts.values()))
    found, train = [], counts["train"]
    if len(classes) > 1 and train:
        rare = min(classes, key=lambda name: train[name])
        often, most = train.most_common(1)[0]
        if most >= 20 * max(train[rare], 1):
            found.append(
                f"{rare} has {train[rare]} of {train.total()} examples of train, "
                f"{often} has {most}: accuracy says little of it"
            )
    for name, count in counts.items():
        lacking = [one for one in classes if not count[one]]
        if lacking:
            more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
            found.append(f"{name} has no example of {', '.join(lacking[:5])}{more}")
    return found


def _bar(count: int, most: int) -> str:
    eighths = round(count / most * WIDTH * 8)
    part = " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    return ("█" * (eighths // 8) + part) or ("▏" if count else "")
