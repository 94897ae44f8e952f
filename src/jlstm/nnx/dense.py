"""Flax's blocks for features and tokens, in the dtype of the arrays they are given.

``nnx.Linear`` rounds the product before it adds the bias: in bfloat16 its error is
a third larger. ``nnx.Embed`` keeps the dtype that its table was drawn with, even
where the model is cast to another one afterwards. Parameters, names and initialisation
are theirs.
"""

import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Integer

from jlstm._internal.affine import affine


class Dense(nnx.Linear):
    """``x @ kernel + bias`` with the dtype of ``x``, summed in float32 or wider.

    It is made as ``flax.nnx.Linear`` is.

    Raises:
        ValueError: the last axis of ``x`` has not ``in_features`` features.

    Example:
        >>> import jax.numpy as jnp
        >>> layer = Dense(3, 4, rngs=nnx.Rngs(0))
        >>> layer(jnp.ones((5, 3), jnp.bfloat16)).shape, layer.kernel.shape
        ((5, 4), (3, 4))
    """

    def __call__(self, x: Float[Array, "*b x"]) -> Float[Array, "*b y"]:
        """Map the last axis of ``x``."""
        bias = None if self.bias is None else self.bias[...]
        return affine(x, self.kernel[...], bias)


class Embedding(nnx.Embed):
    """A table with a row for each token, in the dtype of the table.

    It is made as ``flax.nnx.Embed`` is. A token beyond the table reads its last row.

    Example:
        >>> import jax.numpy as jnp
        >>> table = Embedding(10, 4, rngs=nnx.Rngs(0))
        >>> table(jnp.array([[3, 1, 4]])).shape
        (1, 3, 4)
    """

    def __call__(
        self, tokens: Integer[Array | np.ndarray, "*b"]
    ) -> Float[Array, "*b x"]:
        """Return the row of each token."""
        return self.embedding[...][tokens]
