"""Examples cut into parts at random: every class in each, or no group in two."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Integer

from jlstm.analysis.plots.literal import readable

Rows = dict[str, Integer[np.ndarray, "..."]]


def cut_rows(
    labels: Integer[np.ndarray, " n"],
    shares: Mapping[str, float],
    seed: int,
    groups: Sequence[str] | None = None,
) -> Rows:
    """Return the rows of each part; what the shares leave is ``train``.

    Without groups each part has its share of each class, as near as that goes; a class
    of few examples stays in training. With groups each stands in one part as a whole.

    Args:
        labels: the class of each row.
        shares: of the rows, for the parts but training; each gets one at least.
        seed: of the draw.
        groups: what each row belongs to, such as its speaker.

    Raises:
        ValueError: there are too few rows, or groups, for a part.

    Example:
        >>> rows = cut_rows(np.array([0, 1] * 10), {"valid": 0.2, "test": 0.2}, seed=0)
        >>> {name: len(own) for name, own in rows.items()}
        {'valid': 4, 'test': 4, 'train': 12}
        >>> np.bincount(np.array([0, 1] * 10)[rows["valid"]])
        array([2, 2])
    """
    rng = np.random.default_rng(seed)
    if groups is not None:
        return _cut_groups(groups, shares, rng)
    rows = _mixed(labels, rng)
    if len(rows) < len(shares) + 1:
        raise ValueError(
            f"There are {len(rows)} examples, too few for {len(shares) + 1} parts: "
            "give more, or a file for each part."
        )
    parts, start = {}, 0
    for name, share in shares.items():
        stop = start + max(1, round(share * len(rows)))
        parts[name] = rows[start:stop]
        start = stop
    return parts | {"train": rows[start:]}


def groups_by(pattern: str, paths: Iterable[Path], root: Path) -> tuple[str, ...]:
    r"""Return the group of each file: what a pattern finds in its path below a root.

    Args:
        pattern: a regular expression, whose first brackets are the group.
        paths: of the files.
        root: of the folder.

    Raises:
        ValueError: it is no expression with brackets, or a path does not have it.

    Example:
        >>> root = Path("words")
        >>> groups_by(r"(\w+)_\d+\.wav", [root / "yes" / "ann_3.wav"], root)
        ('ann',)
    """
    try:
        form = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"data.group is {pattern!r}, no pattern: {error}.") from None
    if form.groups < 1:
        raise ValueError(
            f"data.group is {pattern!r}: put what names a group in brackets, as in "
            r"'(\w+)_\d+'."
        )
    found = []
    for path in paths:
        name = path.relative_to(root).as_posix()
        match = form.search(name)
        if match is None or match[1] is None:
            raise ValueError(f"data.group={pattern} finds nothing in {name!r}.")
        found.append(match[1])
    return tuple(found)


def balance(names: Mapping[str, Sequence[str]]) -> str:
    """Return one line on how many of each class are in each part.

    Args:
        names: the class of each example, by the part.

    Example:
        >>> balance({"train": "aab", "test": "b"})
        'train 3 (a 2, b 1), test 1 (b 1)'
    """
    return ", ".join(f"{n} {len(own)} ({_few(own)})" for n, own in names.items())


def told_groups(rows: Rows, groups: Sequence[str]) -> str:
    """Return one line on which groups are in which part."""
    parts = (f"{name} {_names(groups, own)}" for name, own in rows.items())
    return f"groups: {', '.join(parts)}"


def _mixed(
    labels: Integer[np.ndarray, " n"], rng: np.random.Generator
) -> Integer[np.ndarray, " n"]:
    """Return rows in an order whose beginnings have the shares of all classes."""
    order = rng.permutation(len(labels))
    places = np.empty(len(labels))
    for label in np.unique(labels):
        own = order[labels[order] == label]
        places[own] = (np.arange(len(own)) + 0.5) / len(own)
    return order[np.argsort(places[order], kind="stable")]


def _cut_groups(
    groups: Sequence[str], shares: Mapping[str, float], rng: np.random.Generator
) -> Rows:
    sizes = Counter(groups)
    if len(sizes) < len(shares) + 1:
        raise ValueError(
            f"data.group gives {len(sizes)} group(s) ({', '.join(sorted(sizes)[:5])}), "
            f"too few for {len(shares) + 1} parts, each with groups of its own."
        )
    left = [str(name) for name in rng.permutation(sorted(sizes))]
    parts, of = {}, np.array(groups)
    for number, (name, share) in enumerate(shares.items()):
        keep = len(shares) - number  # a group for each part that follows
        taken = [left.pop()]
        wanted = share * len(groups)
        while len(left) > keep and sum(map(sizes.__getitem__, taken)) < wanted:
            taken.append(left.pop())
        parts[name] = np.flatnonzero(np.isin(of, taken))
    return parts | {"train": np.flatnonzero(np.isin(of, left))}


def _few(names: Sequence[str]) -> str:
    ranked = Counter(names).most_common()
    shown = ", ".join(
        f"{readable(name, 30)} {count}" for name, count in sorted(ranked[:8])
    )
    return shown + ", …" * (len(ranked) > 8)


def _names(groups: Sequence[str], rows: Integer[np.ndarray, " n"]) -> str:
    found = sorted({groups[row] for row in rows})
    return f"{len(found)} ({', '.join(found[:5])}{', …' * (len(found) > 5)})"


def check_fractions(valid: float, test: float) -> None:
    """Raise ValueError unless both are above 0 and leave something to train on."""
    if not (min(valid, test) > 0 and valid + test < 1):
        raise ValueError(
            f"data.valid_fraction is {valid} and data.test_fraction {test}; give "
            "shares above 0 that leave something to train on."
        )
