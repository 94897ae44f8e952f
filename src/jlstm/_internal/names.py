"""What the leaves of a tree of parameters are called, whatever the tree is made of.

The same weight is ``params[0].w_hh`` in a pure tree, ``params["0"]["w_hh"]`` in the
dicts of Linen, ``model.weights[0].w_hh.value`` in an NNX module, and under
``"weights/0/w_hh"`` in a flat dict. Its name is ``w_hh`` in all of them.
"""

import re
from typing import Any

import jax

Path = tuple[Any, ...]
_SHELL = jax.tree_util.GetAttrKey("value")  # of a variable of Flax NNX


def parts_of(path: Path) -> tuple[str, ...]:
    """Return the parts of a leaf's path as text, without the shell of a variable.

    Example:
        >>> tree = {"params/weights": [{"w_hh": 1.0}]}
        >>> [parts_of(path) for path, _ in jax.tree.leaves_with_path(tree)]
        [('params', 'weights', '0', 'w_hh')]
    """
    shell = len(path) > 1 and path[-1] == _SHELL
    return tuple(
        part
        for key in (path[:-1] if shell else path)
        for part in _split(getattr(key, "key", key))
    )


def name_of(path: Path) -> str:
    """Return the name of a leaf: the last part of its path, ``""`` for a bare array."""
    return (parts_of(path) or ("",))[-1]


def find_leaves(task: str, tree: Any, names: tuple[str, ...]) -> list[int]:
    """Return the places of the leaves with one of ``names``, in a set order.

    The order is that of the paths, numbers by their size, and so one for all trees: a
    dict holds ``"10"`` before ``"2"`` and ``backward`` before ``forward``.

    Raises:
        TypeError: ``names`` is no tuple of names.
        ValueError: no leaf has one of them.

    Example:
        >>> find_leaves("decay", {"w_ih": 1.0, "b": 2.0}, ("w_ih",))
        [1]
    """
    check_names(task, names)
    paths = [parts_of(path) for path, _ in jax.tree.leaves_with_path(tree)]
    found = [n for n, path in enumerate(paths) if path and path[-1] in names]
    if not found:
        has = ", ".join(sorted({path[-1] for path in paths if path})) or "no names"
        raise ValueError(
            f"{task}: no weight is named {' or '.join(names)}; the tree has {has}. "
            "Name one of these, or give the parameters of another cell."
        )
    return sorted(found, key=lambda n: _rank(paths[n]))


def check_names(task: str, names: Any) -> None:
    """Require a tuple of names; in a bare string each letter would count as one."""
    if not isinstance(names, tuple | list) or not all(
        isinstance(name, str) for name in names
    ):
        raise TypeError(f"{task}: names is {names!r}; give a tuple such as ('w_hh',).")


def _split(key: Any) -> list[str]:
    """Return the parts of one key: a flat dict has whole paths as keys."""
    if isinstance(key, tuple):
        return [part for inner in key for part in _split(inner)]
    text = key if isinstance(key, str) else _text(key)
    return [part for part in re.split(r"[/.]", text) if part]


def _text(key: Any) -> str:
    """Return an index, or the name of an attribute."""
    return str(getattr(key, "name", getattr(key, "idx", key)))


def _rank(path: tuple[str, ...]) -> list[tuple[bool, int, str]]:
    return [
        (not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in path
    ]
