"""Which axis of a mesh splits each parameter of a module, as metadata of Flax."""

from collections.abc import Mapping
from typing import TypeVar

from flax import nnx

from jlstm._internal.axes import mesh_axes

M = TypeVar("M", bound=nnx.Module)


def annotate(module: M, axes: Mapping[str, str]) -> M:
    """Write into each ``nnx.Param`` how a mesh splits it; return the module.

    This is Flax's own ``out_sharding``: ``nnx.get_partition_spec`` and
    ``nnx.get_named_sharding`` read it, an ``nnx.Optimizer`` made with the mesh in the
    context (``jax.set_mesh``) lays out its state the same way. The axis of gates stays
    whole.

    Args:
        module: any module made of layers of jlstm, in a model of yours or alone.
        axes: the axis of the mesh for "units" (the last axis of every parameter of a
            cell), for "input" (what a weight reads) and for "heads" (the blocks of the
            recurrent weight of an sLSTM). What is not named is not split.

    Raises:
        ValueError: ``axes`` has another name.

    Example:
        >>> import jlstm.nnx
        >>> model = annotate(jlstm.nnx.LSTM(3, 4, rngs=nnx.Rngs(0)), {"units": "model"})
        >>> tuple(model.weights[0].w_hh.get_metadata("out_sharding"))
        (None, None, 'model')
    """
    for path, leaf in nnx.iter_graph(module):
        if isinstance(leaf, nnx.Param):
            spec = mesh_axes(str(path[-1]), leaf.shape, axes)
            leaf.set_metadata(out_sharding=spec)
    return module
