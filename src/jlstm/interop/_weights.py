"""What is missing, too much or of another shape is named, before it is converted."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Params, Shape
from jlstm._internal.validate import params_types
from jlstm.cell import Cell

OPTIONAL = frozenset({"b_hn"})
"""Fields that parameters may leave out: the library has no such weight."""


def check_weights(
    task: str,
    came: Mapping[str, Any],
    wanted: Mapping[str, Shape],
    optional: Mapping[str, Shape] | None = None,
) -> None:
    """Require arrays of floats with these names and shapes, and no others.

    Raises:
        TypeError: one is no array of floats.
        ValueError: one is missing, too much, or has another shape.

    Example:
        >>> check_weights("keras", {"kernel": np.ones((2, 12))}, {"kernel": (3, 12)})
        Traceback (most recent call last):
        ...
        ValueError: keras: kernel has shape (2, 12); it takes (3, 12).
    """
    known = {**wanted, **(optional or {})}
    names = ", ".join(f"{name} {shape}" for name, shape in known.items())
    for name in wanted:
        if came.get(name) is None:
            raise ValueError(f"{task}: {name} is missing; the weights are {names}.")
    for name, array in came.items():
        if name not in known:
            raise ValueError(f"{task}: {name} is too much; the weights are {names}.")
        if array is not None:
            check_floats(f"{task}: {name}", array)
        if array is not None and jnp.shape(array) != known[name]:
            raise ValueError(
                f"{task}: {name} has shape {jnp.shape(array)}; it takes {known[name]}."
            )


def check_floats(name: str, array: Any) -> None:
    """Require an array of floats."""
    dtype = getattr(array, "dtype", None)
    described = isinstance(array, jax.ShapeDtypeStruct)
    if dtype is None or described or not hasattr(array, "shape"):
        raise TypeError(f"{name} is a {type(array).__name__}; give an array of floats.")
    if not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(
            f"{name} has dtype {dtype}; give floats (dequantize quantized weights)."
        )


def axes(name: str, array: Any, count: int) -> Shape:
    """Return the shape of an array with so many axes.

    Raises:
        TypeError: it is no array of floats.
        ValueError: it has another number of axes.
    """
    check_floats(name, array)
    if len(array.shape) != count or 0 in array.shape:
        raise ValueError(
            f"{name} has shape {tuple(array.shape)}; it takes {count} axes, none empty."
        )
    return tuple(array.shape)


def check_part(target: str, cell: Any, params: Params) -> None:
    """Require the parameters of ``cell``, whatever the features of its input.

    Raises:
        TypeError: it is no cell, or a parameter is no array of floats.
        ValueError: one is missing, too much, or has another shape.

    Example:
        >>> from jlstm import RNNCell
        >>> cell = RNNCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> check_part("torch.nn", cell, params._replace(w_hh=None))
        Traceback (most recent call last):
        ...
        ValueError: torch.nn: w_hh is missing; the weights are w_ih (2, 3), ...
    """
    if not isinstance(cell, Cell):
        raise TypeError(f"{target} cannot hold {cell!r}; give a cell.")
    came = _named(params)
    drawn = params_types(cell, _input_size(cell, came))
    wanted = _named(drawn)
    optional = {name: leaf.shape for name, leaf in wanted.items() if name in OPTIONAL}
    check_weights(
        target,
        came,
        {n: leaf.shape for n, leaf in wanted.items() if n not in OPTIONAL},
        optional,
    )
    if not isinstance(params, type(drawn)):
        raise TypeError(
            f"{target}: params is a {type(params).__name__}; give the "
            f"{type(drawn).__name__} of cell.init."
        )


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings by their path, parted by a slash."""
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flatten(value, f"{name}/")
        else:
            yield name, value


def _input_size(cell: Cell, came: Mapping[str, Any]) -> int:
    """Return the features that ``w_ih`` takes; any number where it does not tell."""
    shape = np.shape(came.get("w_ih"))
    place = cell.num_feature_axes - 1
    return max(int(shape[place]), 1) if len(shape) > place else 1


def _named(params: Params) -> dict[str, Any]:
    """Return the arrays of a NamedTuple by name, those left out left out."""
    if not hasattr(params, "_asdict"):
        return dict(params) if isinstance(params, Mapping) else {"params": params}
    return {n: leaf for n, leaf in params._asdict().items() if leaf is not None}
