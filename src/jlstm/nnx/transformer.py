"""A causal Transformer, to compare recurrent layers with; the attention is Flax's."""

import math
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from jlstm._internal.options import Options, Rate, Size
from jlstm._internal.types import DType, Key
from jlstm.masking import steps_within
from jlstm.regularizers import dropout

Positions = Literal["sinusoidal", "learned"]


@dataclass(frozen=True)
class TransformerConfig(Options):
    """Hyper-parameters of a causal Transformer.

    Attributes:
        num_layers: blocks, each of them attention and a small network.
        width: features between the blocks.
        num_heads: of the attention; they divide the width.
        mlp_ratio: how much wider the small network is inside.
        dropout: rate on the input, on the attention weights, and on what each block
            adds.
        positions: ``"sinusoidal"`` (Vaswani et al., 2017) holds for every length,
            ``"learned"`` is a table.
        max_length: steps in that table; a longer sequence is refused.
    """

    num_layers: Size = 2
    width: Size = 128
    num_heads: Size = 4
    mlp_ratio: Size = 4
    dropout: Rate = 0.0
    positions: Positions = "sinusoidal"
    max_length: Size = 1024

    def __post_init__(self) -> None:
        if self.width % (2 * self.num_heads):
            raise ValueError(
                f"width is {self.width} and num_heads {self.num_heads}; give a width "
                "that twice the number of heads divides."
            )

    @property
    def title(self) -> str:
        """What a table calls it.

        Example:
            >>> TransformerConfig().title
            'Transformer 2×128'
        """
        return f"Transformer {self.num_layers}×{self.width}"


class Block(nnx.Module):
    """Attention and a small network, each after a norm and added to what came in.

    Source: R. Xiong et al., "On layer normalization in the Transformer architecture",
    2020 (arXiv:2002.04745), the pre-norm form.
    """

    def __init__(
        self, config: TransformerConfig, *, rngs: nnx.Rngs, param_dtype: DType
    ) -> None:
        width, inside = config.width, config.mlp_ratio * config.width
        make = {"rngs": rngs, "param_dtype": param_dtype}
        self.rate = config.dropout
        self.norm_attention = nnx.LayerNorm(width, **make)
        self.attention = nnx.MultiHeadAttention(
            config.num_heads, width, dropout_rate=config.dropout, decode=False,
            broadcast_dropout=False, keep_rngs=False, **make,
        )  # fmt: skip
        self.norm_mlp = nnx.LayerNorm(width, **make)
        self.up = nnx.Linear(width, inside, **make)
        self.down = nnx.Linear(inside, width, **make)

    def __call__(
        self, xs: Float[Array, "b t d"], key: Key | None = None
    ) -> Float[Array, "b t d"]:
        """Return what the block makes of ``xs``; no step sees a later one."""
        weights, attended, added = (
            (None,) * 3 if key is None else jax.random.split(key, 3)
        )
        mixed = self.attention(
            self.norm_attention(xs),
            mask=nnx.make_causal_mask(jnp.ones(xs.shape[1])[None], dtype=bool),
            deterministic=weights is None,
            rngs=None if weights is None else nnx.Rngs(dropout=weights),
        )
        xs = xs + dropout(mixed, self.rate, attended)
        inside = jax.nn.gelu(self.up(self.norm_mlp(xs)))
        return xs + dropout(self.down(inside), self.rate, added)


class Transformer(nnx.Module):
    """Blocks of causal attention over a sequence; time leads.

    The output at a step is a function of the inputs up to it. A sequence is all the
    context there is: there is no carry from one call to the next. Compute and memory of
    the attention grow with the square of the number of steps.

    Example:
        >>> model = Transformer(3, TransformerConfig(width=16), rngs=nnx.Rngs(0))
        >>> model(jnp.ones((7, 2, 3))).shape
        (7, 2, 16)
    """

    def __init__(
        self,
        inputs: int,
        config: TransformerConfig,
        *,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters.

        Args:
            inputs: features of a step.
            config: hyper-parameters.
            rngs: randomness; the ``params`` stream.
            param_dtype: of all parameters.
        """
        make = {"rngs": rngs, "param_dtype": param_dtype}
        self.config = config
        self.project = nnx.Linear(inputs, config.width, **make)
        self.table = nnx.data(None)
        if config.positions == "learned":
            shape = (config.max_length, config.width)
            draw = 0.02 * jax.random.normal(rngs.params(), shape, param_dtype)
            self.table = nnx.Param(draw)
        self.blocks = nnx.List(
            [Block(config, **make) for _ in range(config.num_layers)]
        )
        self.norm = nnx.LayerNorm(config.width, **make)

    def __call__(
        self,
        xs: Float[Array, "t b x"],
        *,
        lengths: Int[Array, "b"] | None = None,
        key: Key | None = None,
    ) -> Float[Array, "t b d"]:
        """Return the features after every step.

        Args:
            xs: inputs.
            lengths: how many steps of each row count. Later ones give zeros, whatever
                their input holds.
            key: randomness of the dropout; ``None`` drops nothing.

        Raises:
            ValueError: there are more steps than learned positions.
        """
        counts = (
            None if lengths is None else steps_within(lengths, xs.shape[0])[..., None]
        )
        if counts is not None:
            xs = jnp.where(counts, xs, jnp.zeros_like(xs))
        keys = (None,) * (len(self.blocks) + 1)
        if key is not None:
            keys = jax.random.split(key, len(keys))
        hs = self.project(xs) + self._positions(xs.shape[0], xs.dtype)[:, None]
        hs = jnp.swapaxes(dropout(hs, self.config.dropout, keys[0]), 0, 1)
        for block, noise in zip(self.blocks, keys[1:], strict=True):
            hs = block(hs, noise)
        hs = jnp.swapaxes(self.norm(hs), 0, 1)
        return hs if counts is None else jnp.where(counts, hs, jnp.zeros_like(hs))

    def _positions(self, steps: int, dtype: DType) -> Float[Array, "t d"]:
        if self.table is None:
            return sinusoids(steps, self.config.width).astype(dtype)
        if steps > self.config.max_length:
            raise ValueError(
                f"The sequence has {steps} steps and the Transformer learned positions "
                f"for {self.config.max_length}; raise max_length or take positions="
                '"sinusoidal".'
            )
        return self.table[...][:steps]


def sinusoids(steps: int, width: int) -> Float[Array, "t d"]:
    """Return sines and cosines of the step, of wavelengths from 2π to 20 000 π.

    Source: A. Vaswani et al., "Attention is all you need", 2017 (arXiv:1706.03762),
    section 3.5; sines in the first half of the features, cosines in the second.

    Example:
        >>> sinusoids(3, 4).round(3).tolist()[0]
        [0.0, 0.0, 1.0, 1.0]
    """
    half = width // 2
    decay = jnp.exp(jnp.arange(half, dtype=jnp.float32) * (-math.log(1e4) / half))
    angle = jnp.arange(steps, dtype=jnp.float32)[:, None] * decay[None]
    return jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], axis=-1)
