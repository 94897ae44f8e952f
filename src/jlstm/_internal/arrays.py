"""Arrays and keys as they come in: of JAX or of NumPy, and of a dtype JAX knows."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from jlstm._internal.types import DType, Shape


def as_jax(tree: Any) -> Any:
    """Turn NumPy's arrays and Python's numbers into what JAX makes of them.

    Where 64 bits are off, a float64 array of NumPy is one of float32 from here on.

    Raises:
        TypeError: JAX has no such numbers, such as objects, text or big-endian floats.
    """

    def convert(leaf: Any) -> Any:
        foreign = isinstance(leaf, np.ndarray | np.generic | int | float)
        return _known(np.asarray(leaf)) if foreign else leaf

    return jax.tree.map(convert, tree)


def _known(array: np.ndarray) -> Array:
    try:
        return jnp.asarray(array)
    except TypeError as error:
        raise TypeError(
            f"an array of shape {array.shape} has dtype {array.dtype}, which JAX does "
            'not know; give it as float32, .astype("float32").'
        ) from error


def dtype_of(array: Any) -> DType:
    """Return the dtype that JAX gives to an array, one of NumPy too."""
    return jax.dtypes.canonicalize_dtype(array.dtype)


def check_array(name: str, value: Any, alternative: str = "") -> None:
    """Require an array of JAX or NumPy; a list has no dtype to check."""
    if not isinstance(value, jax.Array | np.ndarray):
        raise TypeError(
            f"{name} is a {type(value).__name__}; give an array{alternative}."
        )


def check_key(key: Any) -> None:
    """Require one random key, typed or raw, or ``None`` for no noise."""
    if key is None:
        return
    wanted = "give jax.random.key(0) or, for no noise, None."
    if not isinstance(key, jax.Array | np.ndarray):
        raise TypeError(f"key is {key!r}; {wanted}")
    typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    if not typed and key.dtype != np.uint32:
        raise TypeError(f"key has dtype {key.dtype}; {wanted}")
    if key.shape != (() if typed else _raw_key_shape()):
        raise ValueError(f"key has shape {key.shape}; {wanted}")


def require_key(key: Any) -> None:
    """Require one random key where nothing can be drawn without."""
    if key is None:
        raise TypeError("key is None; give jax.random.key(0).")
    check_key(key)


def _raw_key_shape() -> Shape:
    """Return the shape of ``jax.random.PRNGKey(0)``, which depends on the generator."""
    return jax.eval_shape(lambda: jax.random.key_data(jax.random.key(0))).shape
