"""Checks of what enters the loop: one clear error before any compute."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from jlstm._repr import shown
from jlstm._types import Carry, Checkpoint, Params, Shape
from jlstm.cell import Cell

TIME_FIRST = "and xs with time first (xs.swapaxes(0, 1) if its batch is first)"


def check_cell(cell: Any) -> None:
    """Require a cell that was made, not its class and not a layer."""
    if not isinstance(cell, Cell):
        raise TypeError(
            f"cell is {cell!r}; give a cell such as LSTMCell(hidden_size=16) "
            "(a layer runs by its own apply)."
        )


def check_key(key: Any) -> None:
    """Require a random key, or ``None`` for no noise."""
    if key is not None and not isinstance(key, jax.Array | np.ndarray):
        raise TypeError(
            f"key is {key!r}; give jax.random.key(0) or, for no noise, None."
        )


def check_sequence(xs: Array, num_feature_axes: int = 1) -> None:
    """Require a floating array with a time axis and all feature axes."""
    check_array("xs", xs)
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


def check_array(name: str, value: Any) -> None:
    """Require an array of JAX or NumPy; a list has no dtype to check."""
    if not isinstance(value, jax.Array | np.ndarray):
        raise TypeError(f"{name} is a {type(value).__name__}; give an array.")


def check_params(cell: Cell, params: Params, input_size: int) -> None:
    """Require the structure and the shapes of ``cell.init(key, input_size)``.

    A compiled kernel trusts them: it would read beyond the end of a smaller array.
    """
    if not isinstance(input_size, int):  # a dimension of jax.export without a value
        return
    wanted = _drawn(cell, input_size)
    leaves, came = jax.tree.flatten_with_path(params, is_leaf=_is_array)
    expected, want = jax.tree.flatten(wanted)
    if came != want:
        raise ValueError(
            f"params are {shown(params)}; {cell!r} wants {shown(wanted)}: "
            f"make them by cell.init(key, input_size={input_size})."
        )
    for (path, leaf), like in zip(leaves, expected, strict=True):
        if jnp.shape(leaf) != like.shape:
            raise ValueError(
                f"params{jax.tree_util.keystr(path)} has shape {jnp.shape(leaf)}; "
                f"{cell!r} wants {like.shape} where xs has {input_size} features: "
                f"make params by cell.init(key, input_size={input_size}), or use the "
                "cell and the features that they were made for."
            )


@functools.lru_cache(maxsize=256)
def _drawn(cell: Cell, input_size: int) -> Params:
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


def check_lengths(lengths: Any, steps: int, batch_shape: Shape) -> None:
    """Require one integer a row, between 0 and the number of steps if it is known."""
    check_array("lengths", lengths)
    if not jnp.issubdtype(lengths.dtype, jnp.integer):
        raise TypeError(f"lengths has dtype {lengths.dtype}; give integers.")
    if lengths.shape != batch_shape:
        raise ValueError(
            f"lengths has shape {lengths.shape}; xs has {steps} steps of a batch of "
            f"shape {batch_shape}: give one length a row, {TIME_FIRST}."
        )
    if isinstance(lengths, jax.core.Tracer):
        return
    values = np.asarray(lengths)
    if values.size and (values.min() < 0 or values.max() > steps):
        raise ValueError(
            f"lengths go from {values.min()} to {values.max()}; xs has {steps} steps: "
            f"give lengths between 0 and {steps}, {TIME_FIRST}."
        )


def check_flags(name: str, flags: Any, shape: Shape) -> None:
    """Require a boolean array over time and batch (``mask`` and ``resets``)."""
    check_array(name, flags)
    if flags.dtype != jnp.bool_:
        raise TypeError(
            f"{name} has dtype {flags.dtype}; give booleans, {name}.astype(bool)."
        )
    if flags.shape != shape:
        raise ValueError(
            f"{name} has shape {flags.shape}; xs has time and batch axes {shape}: "
            f"give one flag a step and row, {TIME_FIRST}."
        )


def check_options(unroll: int, checkpoint: Checkpoint) -> None:
    """Require a positive unroll factor and a known rematerialisation rule."""
    if unroll < 1:
        raise ValueError(f"unroll is {unroll}; give a positive number of steps.")
    known = checkpoint in (None, "step", "sqrt")
    whole = isinstance(checkpoint, int) and not isinstance(checkpoint, bool)
    if not known and not (whole and checkpoint > 0):
        raise ValueError(
            f'checkpoint is {checkpoint!r}; choose None, "step", "sqrt" or a '
            "positive number of steps."
        )
