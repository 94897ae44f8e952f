"""A conditional random field as an NNX module; :mod:`jlstm.losses.crf` explains it."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int, Integer

from jlstm._internal.types import DType
from jlstm.losses.crf import TagPath, crf_decode, crf_nll, init_crf
from jlstm.nnx._weights import Weights


class CRF(Weights):
    """Scores of neighboring tags, and of the first and the last one.

    Args:
        num_tags: how many there are.
        rngs: the parameters are drawn with a key of its ``params`` stream.
        param_dtype: of the parameters.

    Raises:
        ValueError: there is no tag.

    Example:
        >>> field = CRF(3, rngs=nnx.Rngs(0))
        >>> scores = 5.0 * jnp.eye(3)
        >>> field.decode(scores).tags.tolist()
        [0, 1, 2]
    """

    def __init__(
        self, num_tags: int, *, rngs: nnx.Rngs, param_dtype: DType = jnp.float32
    ):
        super().__init__(init_crf(rngs.params(), num_tags, param_dtype))

    def nll(
        self,
        scores: Float[Array, "t *b k"],
        tags: Integer[Array, "t *b"],
        lengths: Int[Array, "*b"] | None = None,
    ) -> Float[Array, "*b"]:
        """Return the nats of the tags of each row (:func:`jlstm.losses.crf_nll`)."""
        return crf_nll(self.pure_params(), scores, tags, lengths)

    def decode(
        self, scores: Float[Array, "t *b k"], lengths: Int[Array, "*b"] | None = None
    ) -> TagPath:
        """Return the most likely tags (:func:`jlstm.losses.crf.crf_decode`)."""
        return crf_decode(self.pure_params(), scores, lengths)
