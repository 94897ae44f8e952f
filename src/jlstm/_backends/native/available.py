"""Whether the kernel can run a cell, and if not, why."""

import functools
import math
from collections.abc import Collection
from typing import Any

import jax
import jax.numpy as jnp

from jlstm._backends.native.compiled import compiled, own_types
from jlstm._backends.native.equations.trace import NARROWER
from jlstm._backends.native.equations.unsupported import UnsupportedError
from jlstm._backends.native.error import BuildError
from jlstm._backends.native.library import failure
from jlstm._internal.overrides import set_on
from jlstm._internal.types import DType
from jlstm.analysis.target import current
from jlstm.cell import Cell

FEW_ROWS = 64
"""With fewer rows, packing the weights costs more than the kernel saves."""


def unavailable(cell: Cell, *dtypes: DType) -> str | None:
    """Return why the kernel cannot run ``cell`` here; ``None`` if it can.

    Asking compiles the kernel if nothing else speaks against it and that has not been
    done. ``dtypes`` are those of the inputs and of the carry.

    Example:
        >>> from jlstm import LSTMCell
        >>> unavailable(LSTMCell(8), "float16")
        'the kernel computes in float32 and float64, not in float16'
    """
    platform = current().platform
    reason = unsupported_types(platform, *dtypes)
    reason = reason or unsupported_cell(cell, None, *dtypes)
    return reason or program_failure(cell, None, *dtypes)


def unsupported(platform: str, *dtypes: DType) -> str | None:
    """Return why the kernel cannot run the softmax of a likelihood in some dtypes.

    Asking compiles the kernel if nothing else speaks against it, the platform is that
    of this process, and it has not been done.

    Example:
        >>> unsupported("cpu", "float64")
        'the kernel computes in float32, not in float64'
        >>> unsupported("cuda", "float32")
        'the kernel is for the CPU, not cuda'
    """
    reason = _other_dtype(dtypes, ("float32",)) or _elsewhere(platform)
    here = jax.default_backend() == "cpu"
    return reason or (failure() if here else None)


def unsupported_types(platform: str, *dtypes: DType) -> str | None:
    """Return what speaks against the kernel before a cell is looked at.

    bfloat16 is read and made; between it is float32. With float64 all is.

    Example:
        >>> unsupported_types("cpu", "bfloat16", "float32")
        >>> unsupported_types("cpu", "float32", "float64")
        'the kernel computes in one of float32 and float64, not in both'
    """
    return _unsupported_dtype(_names(dtypes)) or _elsewhere(platform)


def _elsewhere(platform: str) -> str | None:
    return None if platform == "cpu" else f"the kernel is for the CPU, not {platform}"


def too_small(*sizes: Any) -> str | None:
    """Return why a call of so many rows is not worth the kernel.

    A size that is only a name, as in an exported program, stands for many.

    Example:
        >>> too_small(9, 7), too_small(8, 8)
        ('63 rows over all steps are fewer than 64', None)
    """
    if not all(isinstance(size, int) for size in sizes):
        return None
    rows = math.prod(sizes)
    few = f"{rows} rows over all steps are fewer than {FEW_ROWS}"
    return few if rows < FEW_ROWS else None


def unsupported_cell(
    cell: Cell, features: int | None = None, *dtypes: DType
) -> str | None:
    """Return why no program can be generated for ``cell``; ``None`` if one can.

    ``features`` is how many the input has: where these are as many as the units, an
    input may meet the carry, as in the Mogrifier LSTM. ``dtypes`` are those of the
    input, by default float32, and of the leaves of a carry that was given.

    Example:
        >>> from jlstm import MLSTMCell, MogrifierLSTMCell, PeepholeLSTMCell
        >>> unsupported_cell(PeepholeLSTMCell(8))
        >>> unsupported_cell(MLSTMCell(8))
        'no kernel for MLSTMCell: its carry has a leaf of 1 by units by units per row'
        >>> unsupported_cell(MogrifierLSTMCell(8), features=8)
    """
    name = type(cell).__name__
    if (attribute := _set_on(cell)) is not None:  # equal cells need not have it
        return f"no kernel for {name}: it would not see the {attribute} set on it"
    try:
        square, wide = features == cell.hidden_size, jax.config.jax_enable_x64
        return _unsupported_cell(cell, square, wide, _names(dtypes))
    except TypeError:  # it has no hash, as a cell that holds an array has none
        return f"no kernel for {name}: it cannot be hashed"


def _set_on(cell: Any) -> str | None:
    """Return an attribute that was set on a cell, or on one inside it."""
    inner = getattr(cell, "cell", None)
    return set_on(cell) or (None if inner is None else _set_on(inner))


@functools.lru_cache(maxsize=512)
def _unsupported_cell(
    cell: Cell, square: bool, wide: bool, dtypes: tuple[str, ...]
) -> str | None:
    try:
        if cell.num_feature_axes != 1:
            raise UnsupportedError("it reads images")
        for key in (None, jax.typeof(jax.random.key(0))):
            features = _features(cell, square)
            compiled(cell, own_types(cell, key, features, dtypes)).at(5, features)
    except UnsupportedError as error:
        return f"no kernel for {type(cell).__name__}: {error}"
    return None


def _features(cell: Cell, square: bool) -> int:
    return cell.hidden_size if square else cell.hidden_size + 1


def _names(dtypes: tuple[DType, ...]) -> tuple[str, ...]:
    return tuple(jnp.dtype(dtype).name for dtype in dtypes) or ("float32",)


def program_failure(
    cell: Cell, features: int | None = None, *dtypes: DType
) -> str | None:
    """Return why the program of a cell cannot be compiled; ``None`` if it can.

    Asking compiles it if that has not been done. The arguments are those of
    :func:`unsupported_cell`.
    """
    if jax.default_backend() != "cpu":
        return None
    names = _names(dtypes)
    if (reason := failure("float64" if "float64" in names else "float32")) is not None:
        return reason
    return _program_failure(cell, features == cell.hidden_size, names)


@functools.lru_cache(maxsize=512)
def _program_failure(cell: Cell, square: bool, dtypes: tuple[str, ...]) -> str | None:
    types = own_types(cell, None, _features(cell, square), dtypes)
    try:
        compiled(cell, types).key  # noqa: B018
    except BuildError as error:
        return str(error)
    return None


def _unsupported_dtype(names: tuple[str, ...]) -> str | None:
    if not any(set(names) <= {*known} for known in NARROWER.values()):
        known = sorted(set().union(*NARROWER.values()))
        both = "the kernel computes in one of float32 and float64, not in both"
        return _other_dtype(names, known) or both
    if "float64" in names and not jax.config.jax_enable_x64:
        return "float64 is off: it needs jax_enable_x64"
    return None


def _other_dtype(dtypes: tuple[DType, ...], known: Collection[str]) -> str | None:
    others = [name for name in _names(dtypes) if name not in known]
    computes = " and ".join(name for name in known if name != "bfloat16")
    return f"the kernel computes in {computes}, not in {others[0]}" if others else None
