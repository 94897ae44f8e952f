"""The matrix product of the library: features times a gate-blocked weight."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.tree import like
from jlstm._internal.types import accumulator_dtype


def affine(
    x: Float[Array, "*b x"],
    w: Float[Array, "x *gh"],
    b: Float[Array, "*gh"] | None = None,
) -> Float[Array, "..."]:
    """Return ``x @ w + b`` with the dtype of ``x``, summed in float32 or wider.

    The trailing axes of ``w`` (gate, unit) are a free reshape of one matrix product.

    Raises:
        ValueError: the last axis of ``x`` is not the first axis of ``w``.

    Example:
        >>> import jax.numpy as jnp
        >>> affine(jnp.ones((5, 2)), jnp.ones((2, 4, 3))).shape
        (5, 4, 3)
    """
    check_features(x, w.shape[0])
    matrix = w.reshape(w.shape[0], -1).astype(x.dtype)
    contract = (((x.ndim - 1,), (0,)), ((), ()))
    wide = accumulator_dtype(x.dtype)
    z = jax.lax.dot_general(x, matrix, contract, preferred_element_type=wide)
    z = z.reshape(x.shape[:-1] + w.shape[1:])
    return (z if b is None else z + like(b, z)).astype(x.dtype)


def block_affine(
    h: Float[Array, "*b h"], w: Float[Array, "k d *gd"]
) -> Float[Array, "..."]:
    """Multiply by a block-diagonal weight: each of ``k`` heads sees its own units.

    Equal to :func:`affine` with the matrix that has the ``k`` blocks on its diagonal
    and zeros elsewhere; the trailing axes become ``(gate, h)`` or, without a gate axis,
    ``(h,)``.

    Example:
        >>> import jax.numpy as jnp
        >>> w = jnp.stack([jnp.eye(2), 3 * jnp.eye(2)])
        >>> block_affine(jnp.ones(4), w).tolist()
        [1.0, 1.0, 3.0, 3.0]
    """
    heads, size = w.shape[:2]
    parts = jnp.moveaxis(h.reshape(*h.shape[:-1], heads, size), -2, 0)
    blocks = w.reshape(heads, size, -1).astype(h.dtype)
    contract = (((parts.ndim - 1,), (1,)), ((0,), (0,)))
    wide = accumulator_dtype(h.dtype)
    z = jax.lax.dot_general(parts, blocks, contract, preferred_element_type=wide)
    z = z.reshape(*parts.shape[:-1], *w.shape[2:])
    joined = jnp.moveaxis(z, 0, -2)
    return joined.reshape(*joined.shape[:-2], heads * size).astype(h.dtype)


def check_features(x: Array, wanted: int) -> None:
    """Raise ValueError unless the last axis of ``x`` has ``wanted`` features."""
    if x.shape[-1] != wanted:
        raise ValueError(
            f"The input has {x.shape[-1]} features on its last axis, the weights take "
            f"{wanted}. Initialise the parameters with input_size={x.shape[-1]} or "
            "feed the input that they were made for."
        )
