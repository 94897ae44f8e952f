"""Regularisers: params → params, activations → activations, activations → penalty.

No key, no noise: each function with ``key=None`` returns its input, which is the
expectation
of the noisy value.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._types import Key, Params


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
    if key is None or rate == 0.0:
        return x
    shared = {range(x.ndim)[axis] for axis in shared_axes}  # -1 is the last one
    shape = tuple(1 if a in shared else n for a, n in enumerate(x.shape))
    keep = jax.random.bernoulli(key, 1.0 - rate, shape)
    return jnp.where(keep, x / (1.0 - rate), jnp.zeros_like(x))


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

    The recurrent weights are the leaves named ``w_hh`` of any params pytree.

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
    if key is None or rate == 0.0:
        return params
    leaves, structure = jax.tree_util.tree_flatten_with_path(params)
    keys = jax.random.split(key, len(leaves))
    dropped = [
        dropout(leaf, rate, k) if _is_recurrent(path) else leaf
        for (path, leaf), k in zip(leaves, keys, strict=True)
    ]
    return jax.tree.unflatten(structure, dropped)


def activation_penalty(ys: Float[Array, "t *b h"]) -> Float[Array, ""]:
    """Activation regularisation (AR): the mean square of the outputs.

    Source: Merity et al., 2017 (arXiv:1708.02182), section 4.6; multiply by α.

    Example:
        >>> activation_penalty(jnp.full((2, 3), 2.0)).item()
        4.0
    """
    return jnp.mean(jnp.square(ys))


def temporal_penalty(ys: Float[Array, "t *b h"]) -> Float[Array, ""]:
    """Temporal activation regularisation (TAR): the mean square change between steps.

    A sequence of one step changes nowhere: its penalty is 0.

    Source: Merity et al., 2017 (arXiv:1708.02182), section 4.6; multiply by β.

    Example:
        >>> temporal_penalty(jnp.array([[0.0], [1.0], [3.0]])).item()
        2.5
    """
    changes = jnp.square(ys[1:] - ys[:-1])
    return jnp.sum(changes) / max(changes.size, 1)


def _is_recurrent(path: tuple) -> bool:
    return getattr(path[-1], "name", None) == "w_hh"


def check_rate(name: str, rate: float) -> None:
    """Raise ValueError unless ``rate`` is a probability below 1."""
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"{name}: rate is {rate}; give a probability in [0, 1).")
