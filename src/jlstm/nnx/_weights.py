"""The parameters of a pure function, held by a module."""

import jax
from flax import nnx

from jlstm._internal.types import Params


class Weights(nnx.Module):
    """A module around pure parameters, each array in an ``nnx.Param``.

    Attributes:
        weights: the parameters, under the paths that they have without a module.
    """

    def __init__(self, params: Params):
        self.weights = nnx.data(jax.tree.map(nnx.Param, params))

    def pure_params(self) -> Params:
        """Return the parameters as a tree of arrays."""
        return nnx.as_pure(self.weights)
