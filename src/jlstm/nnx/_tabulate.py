"""Let ``nnx.tabulate`` print NamedTuples, which carries and parameters are.

Flax's table takes every tuple of an output for a list and then looks in it for the
names of its fields: a TypeError, whatever library the NamedTuple is from. Where the
Flax at hand does so, NamedTuples are turned into dicts before they are printed; a Flax
that has mended it is left alone.
"""

from typing import Any, NamedTuple

from flax.nnx import summary


class _Probe(NamedTuple):
    field: str


def mend_tabulate() -> None:
    """Make ``nnx.tabulate`` print NamedTuples, if it does not."""
    simplify = getattr(summary, "_maybe_pytree_to_dict", None)
    if simplify is None or _prints(simplify):
        return
    summary._maybe_pytree_to_dict = lambda tree: simplify(as_dicts(tree))


def as_dicts(tree: Any) -> Any:
    """Return a tree with dicts in place of NamedTuples.

    Example:
        >>> as_dicts([_Probe("text"), {"inside": (_Probe("b"),)}])
        [{'field': 'text'}, {'inside': ({'field': 'b'},)}]
    """
    if hasattr(tree, "_asdict"):
        return {name: as_dicts(part) for name, part in tree._asdict().items()}
    if isinstance(tree, dict):
        return {key: as_dicts(part) for key, part in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(as_dicts(part) for part in tree)
    return tree


def _prints(simplify: Any) -> bool:
    try:
        simplify((_Probe("text"),))
    except (TypeError, AssertionError):
        return False
    return True
