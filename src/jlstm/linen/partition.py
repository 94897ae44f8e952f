"""Which axis of a mesh splits each parameter, as the boxes of Flax Linen."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax

from jlstm._internal.axes import mesh_axes


def annotate(variables: Any, axes: Mapping[str, str]) -> Any:
    """Return variables whose parameters are boxed with how a mesh splits them.

    The boxes are those of ``nn.with_partitioning``: ``nn.get_partition_spec`` and
    ``nn.get_sharding`` read them, ``nn.unbox`` takes them off, and the modules of jlstm
    take variables with or without them.

    Args:
        variables: what ``model.init`` made, or its ``jax.eval_shape``.
        axes: as for :func:`jlstm.nnx.annotate`.

    Raises:
        ValueError: ``axes`` has another name.

    Example:
        >>> import jax.numpy as jnp
        >>> import jlstm.linen
        >>> model, xs = jlstm.linen.LSTM(64), jnp.ones((2, 5, 32))
        >>> variables = model.init(jax.random.key(0), xs)
        >>> boxed = annotate(variables, {"units": "model", "input": "fsdp"})
        >>> tuple(nn.get_partition_spec(boxed)["params"]["weights"]["0"]["w_hh"])
        ('fsdp', None, 'model')
        >>> model.apply(boxed, xs)[1].shape
        (2, 5, 64)
    """

    def boxed(path: tuple, leaf: Any) -> nn.Partitioned:
        name = jax.tree_util.keystr(path[-1:], simple=True)
        return nn.Partitioned(leaf, tuple(mesh_axes(name, leaf.shape, axes)))

    return jax.tree_util.tree_map_with_path(boxed, nn.unbox(variables))
