"""Regularisers: params → params, activations → activations, activations → penalty.

No key, no noise: each function with ``key=None`` returns its input, which is the
expectation of the noisy value.

Parameters may come in any tree that names them: the NamedTuples of a cell, a layer or a
wrapper, an NNX module or its state, the variables of Linen, a flat dict, a whole model.
A weight that has no such name anywhere is an error, not a tree returned as it came.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from jlstm._internal.arrays import check_array, check_key
from jlstm._internal.mesh import laid_like
from jlstm._internal.names import find_leaves
from jlstm._internal.types import Key, Params


def dropout(
    x: Float[Array, "..."],
    rate: float,
    key: Key | None,
    shared_axes: tuple[int, ...] = (),
) -> Float[Array, "..."]:
    """Zero entries with probability ``rate`` and scale the rest by 1 / (1 - rate).

    The mask is the same along ``shared_axes``; ``(0,)`` on a time-major sequence is the
    variational dropout of Gal and Ghahramani (2016), ``()`` that of Zaremba et al.
    (2014).

    Example:
        >>> key = jax.random.key(1)
        >>> dropped = dropout(jnp.ones((4, 2)), 0.5, key, shared_axes=(0,))
        >>> bool((dropped == dropped[0]).all()), sorted(set(dropped.ravel().tolist()))
        (True, [0.0, 2.0])
    """
    check_rate("dropout", rate)
    check_key(key)
    check_array("x", x)
    if key is None or rate == 0.0:
        return x
    if not all(-x.ndim <= axis < x.ndim for axis in shared_axes):
        raise ValueError(
            f"dropout: shared_axes is {shared_axes}; x of shape {x.shape} has not all "
            "of these axes."
        )
    shared = {range(x.ndim)[axis] for axis in shared_axes}  # -1 is the last one
    shape = tuple(1 if a in shared else n for a, n in enumerate(x.shape))
    return drop(x, jax.random.bernoulli(key, 1.0 - rate, shape), rate)


def drop(
    x: Float[Array, "..."], kept: Bool[Array, "..."], rate: float
) -> Float[Array, "..."]:
    """Zero the entries that are not kept and scale the rest by 1 / (1 - rate).

    This is :func:`dropout` with a mask that has been drawn; the mask may have axes of
    size 1.

    Example:
        >>> drop(jnp.array([1.0, 2.0]), jnp.array([True, False]), 0.5).tolist()
        [2.0, 0.0]
    """
    return jnp.where(laid_like(kept, x), x / (1.0 - rate), jnp.zeros_like(x))


def embedding_dropout(
    table: Float[Array, "v x"], rate: float, key: Key | None
) -> Float[Array, "v x"]:
    """Drop whole words: zero rows of an embedding table (Gal and Ghahramani, 2016).

    Example:
        >>> table = embedding_dropout(jnp.ones((6, 3)), 0.5, jax.random.key(0))
        >>> bool(((table == 0).all(1) | (table == 2).all(1)).all())
        True
    """
    return dropout(table, rate, key, shared_axes=(1,))


def weight_drop(params: Params, rate: float, key: Key | None) -> Params:
    """DropConnect on every recurrent weight: one mask for the whole sequence and batch.

    The recurrent weights are the leaves named ``w_hh`` of any params pytree; the masks
    are the same for every form of a tree.

    Raises:
        ValueError: ``rate`` is no probability below 1, or no leaf is named ``w_hh``.

    Source: Merity et al., 2017 (arXiv:1708.02182), section 2.

    Example:
        >>> from jlstm import RNNCell
        >>> params = RNNCell(50).init(jax.random.key(0), input_size=2)
        >>> dropped = weight_drop(params, 0.5, jax.random.key(1))
        >>> bool((dropped.w_ih == params.w_ih).all())
        True
        >>> 0.4 < (dropped.w_hh == 0).mean().item() < 0.6
        True
    """
    check_rate("weight_drop", rate)
    check_key(key)
    if rate == 0.0:
        return params
    places = find_leaves("weight_drop", params, ("w_hh",))
    if key is None:
        return params
    leaves, structure = jax.tree.flatten(params)
    for place, own in zip(places, jax.random.split(key, len(places)), strict=True):
        leaves[place] = dropout(leaves[place], rate, own)
    return jax.tree.unflatten(structure, leaves)


def activation_penalty(ys: Float[Array, "t *b h"]) -> Float[Array, ""]:
    """Activation regularisation (AR): the mean square of the outputs, 0 of none.

    Source: Merity et al., 2017 (arXiv:1708.02182), section 4.6; multiply by α.

    Example:
        >>> activation_penalty(jnp.full((2, 3), 2.0)).item()
        4.0
    """
    check_array("ys", ys)
    return jnp.sum(jnp.square(ys)) / max(ys.size, 1)


def temporal_penalty(ys: Float[Array, "t *b h"]) -> Float[Array, ""]:
    """Temporal activation regularisation (TAR): the mean square change between steps.

    A sequence of one step changes nowhere: its penalty is 0.

    Source: Merity et al., 2017 (arXiv:1708.02182), section 4.6; multiply by β.

    Example:
        >>> temporal_penalty(jnp.array([[0.0], [1.0], [3.0]])).item()
        2.5
    """
    check_array("ys", ys)
    changes = jnp.square(ys[1:] - ys[:-1])
    return jnp.sum(changes) / max(changes.size, 1)


def weight_penalty(
    params: Params, names: tuple[str, ...] = ("w_ih", "w_hh")
) -> Float[Array, ""]:
    """Sum the squares of the weights that have one of ``names``: the L2 penalty.

    Multiply by a factor for each kind of weight and add to the loss; biases are left
    out unless named.

    Raises:
        ValueError: no leaf has one of ``names``.

    Example:
        >>> from jlstm import RNNCell
        >>> params = RNNCell(2, w_hh_init=lambda *_: 3.0 * jnp.eye(2)).init(
        ...     jax.random.key(0), input_size=2
        ... )
        >>> weight_penalty(params, ("w_hh",)).item()
        18.0
    """
    places = find_leaves("weight_penalty", params, names)
    leaves = jax.tree.leaves(params)
    squares = [jnp.sum(jnp.square(leaves[place])) for place in places]
    return sum(squares[1:], start=squares[0])


def max_norm(
    params: Params, limit: float, names: tuple[str, ...] = ("w_hh",)
) -> Params:
    """Scale down the weights into every unit whose Euclidean norm exceeds ``limit``.

    A constraint, to be applied after each update. The norm is over the first axis of a
    weight: all that one unit of one gate reads.

    Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", 2014, section 5.1.

    Raises:
        ValueError: ``limit`` is not positive, or no leaf has one of ``names``.

    Example:
        >>> from jlstm import RNNCell
        >>> params = RNNCell(2).init(jax.random.key(0), input_size=2)
        >>> held = max_norm(params, 0.5)
        >>> jnp.linalg.norm(held.w_hh, axis=0).round(6).tolist()
        [0.5, 0.5]
    """
    if not limit > 0:
        raise ValueError(f"max_norm: limit is {limit}; give a positive norm.")
    leaves, structure = jax.tree.flatten(params)
    for place in find_leaves("max_norm", params, names):
        square = jnp.sum(jnp.square(leaves[place]), axis=0, keepdims=True)
        over = square > limit**2
        # The root of 0 has no gradient: it is taken where it is needed alone.
        norm = jnp.sqrt(jnp.where(over, square, 1.0))
        leaves[place] = jnp.where(over, leaves[place] * (limit / norm), leaves[place])
    return jax.tree.unflatten(structure, leaves)


def check_rate(name: str, rate: float) -> None:
    """Raise ValueError unless ``rate`` is a probability below 1, known by now."""
    if isinstance(rate, jax.core.Tracer):
        raise TypeError(
            f"{name}: rate is traced; give a number, outside of what jax.jit traces."
        )
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"{name}: rate is {rate}; give a probability in [0, 1).")
