"""Checks of what enters the loop: one clear error before any compute."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jlstm._internal.arrays import check_array
from jlstm._internal.repr import shown
from jlstm._internal.types import Carry, Params, Shape
from jlstm.cell import Cell

TIME_FIRST = "and xs with time first (xs.swapaxes(0, 1) if its batch is first)"


def check_cell(cell: Any) -> None:
    """Require a cell that was made, not its class and not a layer."""
    if isinstance(cell, Cell):
        return
    if isinstance(cell, type) and issubclass(cell, Cell):
        raise TypeError(
            f"cell is the class {cell.__name__}; make a cell of it: "
            f"{cell.__name__}(hidden_size=16)."
        )
    if hasattr(cell, "init_carry"):
        raise TypeError(
            f"cell is a {type(cell).__name__}, which runs by itself: call it or its "
            "apply. Of a cell inside it ask by that cell, such as layer.cell."
        )
    raise TypeError(f"cell is {cell!r}; give a cell such as LSTMCell(hidden_size=16).")


def check_sequence(
    xs: Any, num_feature_axes: int = 1, *, described: bool = False
) -> None:
    """Require a floating array with a time axis and all feature axes.

    With ``described`` its ``jax.ShapeDtypeStruct`` will do.
    """
    if not (described and isinstance(xs, jax.ShapeDtypeStruct)):
        check_array("xs", xs, " or its jax.ShapeDtypeStruct" if described else "")
    if xs.ndim < 1 + num_feature_axes:
        features = "x" if num_feature_axes == 1 else "*space, channels"
        raise ValueError(
            f"xs has shape {xs.shape}; give time first and features last: "
            f"(t, *batch, {features})."
        )
    if xs.shape[-1] == 0:
        raise ValueError(
            f"xs has shape {xs.shape}, no feature on its last axis; give at least one."
        )
    if not jnp.issubdtype(xs.dtype, jnp.floating):
        raise TypeError(
            f"xs has dtype {xs.dtype}; give floating-point features "
            "(embed token ids first)."
        )


def check_params(cell: Cell, params: Params, input_size: int) -> None:
    """Require the structure and the shapes of ``cell.init(key, input_size)``.

    A compiled kernel trusts them: it would read beyond the end of a smaller array.
    """
    if not isinstance(input_size, int):  # a dimension of jax.export without a value
        return
    wanted = params_types(cell, input_size)
    leaves, came = jax.tree.flatten_with_path(params, is_leaf=_is_array)
    expected, want = jax.tree.flatten(wanted)
    if came != want:
        raise ValueError(
            f"params are {shown(params)}; {cell!r} wants {shown(wanted)}: "
            f"make them by cell.init(key, input_size={input_size})."
        )
    for (path, leaf), like in zip(leaves, expected, strict=True):
        name = f"params{jax.tree_util.keystr(path)}"
        check_array(name, leaf)
        if jnp.issubdtype(leaf.dtype, jnp.complexfloating) != jnp.issubdtype(
            like.dtype, jnp.complexfloating
        ):
            raise TypeError(
                f"{name} has dtype {leaf.dtype}; {cell!r} wants {like.dtype}."
            )
        if leaf.shape != like.shape:
            raise ValueError(
                f"{name} has shape {leaf.shape}; "
                f"{cell!r} wants {like.shape} where xs has {input_size} features: "
                f"make params by cell.init(key, input_size={input_size}), or use the "
                "cell and the features that they were made for."
            )


@functools.lru_cache(maxsize=256)
def params_types(cell: Cell, input_size: int) -> Params:
    """Return the types of a cell's parameters; tracing ``init`` takes milliseconds."""
    return jax.eval_shape(lambda: cell.init(jax.random.key(0), input_size))


def _is_array(leaf: Any) -> bool:
    return hasattr(leaf, "shape")


def check_carry(cell: Cell, carry: Carry, batch_shape: Shape) -> None:
    """Require the structure and the shapes of ``cell.init_carry(batch_shape)``."""
    wanted = jax.eval_shape(lambda: cell.init_carry(batch_shape))
    came, want = jax.tree.structure(carry), jax.tree.structure(wanted)
    if came != want:
        raise ValueError(
            f"The carry is {shown(carry)}; {cell!r} wants {shown(wanted)}: make it by "
            f"cell.init_carry(batch_shape={batch_shape})."
        )
    leaves, expected = jax.tree.leaves(carry), jax.tree.leaves(wanted)
    shapes = [jnp.shape(leaf) for leaf in leaves]
    if shapes != [leaf.shape for leaf in expected]:
        raise ValueError(
            f"The carry has shapes {shapes}; for a batch of shape {batch_shape} "
            f"{cell!r} wants {[leaf.shape for leaf in expected]}: make it by "
            f"cell.init_carry(batch_shape={batch_shape})."
        )
    if not all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in leaves):
        raise TypeError(
            f"The carry has dtypes {[str(leaf.dtype) for leaf in leaves]}; "
            f"{cell!r} wants floating-point numbers."
        )


def check_controls(
    shape: Shape, lengths: Any | None, mask: Any | None, resets: Any | None
) -> None:
    """Require that what steers the loop fits time and batch."""
    for name, flags in (("mask", mask), ("resets", resets)):
        if flags is not None:
            check_flags(name, flags, shape)
    if lengths is not None:
        check_lengths(lengths, shape[0], shape[1:])


def check_lengths(
    lengths: Any, steps: int, batch_shape: Shape, layout: str = TIME_FIRST
) -> None:
    """Require one integer a row, between 0 and the number of steps if it is known.

    ``layout`` ends the advice: which axis of ``xs`` is which.
    """
    check_array("lengths", lengths)
    if not jnp.issubdtype(lengths.dtype, jnp.integer):
        raise TypeError(f"lengths has dtype {lengths.dtype}; give integers.")
    if lengths.shape != batch_shape:
        raise ValueError(
            f"lengths has shape {lengths.shape}; xs has {steps} steps of a batch of "
            f"shape {batch_shape}: give one length per row, {layout}."
        )
    if isinstance(lengths, jax.core.Tracer) or not lengths.is_fully_addressable:
        return
    values = jax.device_get(lengths)
    if values.size and (values.min() < 0 or values.max() > steps):
        raise ValueError(
            f"lengths go from {values.min()} to {values.max()}; xs has {steps} steps: "
            f"give lengths between 0 and {steps}, {layout}."
        )


def check_flags(name: str, flags: Any, shape: Shape, layout: str = TIME_FIRST) -> None:
    """Require a boolean array over time and batch (``mask`` and ``resets``)."""
    check_array(name, flags)
    if flags.dtype != jnp.bool_:
        raise TypeError(
            f"{name} has dtype {flags.dtype}; give booleans, {name}.astype(bool)."
        )
    if flags.shape != shape:
        raise ValueError(
            f"{name} has shape {flags.shape}; xs has time and batch axes {shape}: "
            f"give one flag per step and row, {layout}."
        )


def check_options(unroll: Any, checkpoint: Any, reverse: Any) -> None:
    """Require a positive unroll factor, a rematerialisation rule and a direction."""
    if not _is_count(unroll):
        raise ValueError(f"unroll is {unroll!r}; give a positive number of steps.")
    if not (checkpoint in RULES if _is_rule(checkpoint) else _is_count(checkpoint)):
        raise ValueError(
            f'checkpoint is {checkpoint!r}; choose None, "step", "sqrt" or a '
            "positive number of steps."
        )
    if not isinstance(reverse, bool | np.bool_):
        raise TypeError(f"reverse is {reverse!r}; give True or False.")


RULES = (None, "step", "sqrt")


def _is_rule(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_count(value: Any) -> bool:
    """Return whether this is a positive integer, of Python or of NumPy."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and value > 0
