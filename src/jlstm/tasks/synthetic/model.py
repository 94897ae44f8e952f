"""A model for the generated tasks: layers of one kind, an answer at every step."""

from dataclasses import dataclass, replace
from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Shaped

from jlstm._internal.affine import affine
from jlstm._internal.options import Options, Size
from jlstm._internal.types import DType, Key
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.initializers import Chrono, Constant, Glorot
from jlstm.layers import Stack
from jlstm.layers.check import check_stack
from jlstm.nnx.transformer import Transformer, TransformerConfig
from jlstm.training.config.stack import StackConfig, check_forwards, describe_sizes


@dataclass(frozen=True)
class MemoryConfig(Options):
    """Hyper-parameters of a model for the generated tasks.

    Attributes:
        kind: ``"recurrent"`` layers; or a ``"transformer"``, to compare with, of which
            ``stack.hidden_sizes`` are the widths, the same for each layer.
        stack: the recurrent layers.
        num_heads: of the attention of a Transformer.

    Example:
        >>> stack = StackConfig(options={"forget_bias": Chrono(750)})
        >>> MemoryConfig(stack=stack).title
        'LSTM 1×128, chrono 750'
    """

    kind: Literal["recurrent", "transformer"] = "recurrent"
    stack: StackConfig = StackConfig(hidden_sizes=(64,))
    num_heads: Size = 4

    def __post_init__(self) -> None:
        why = "so the layers would have read the steps that they answer before"
        check_forwards(self.stack, why)
        if self.kind == "transformer":
            self.make_transformer()  # it refuses other widths

    @property
    def title(self) -> str:
        """What a table calls it."""
        if self.kind == "transformer":
            return f"Transformer {describe_sizes(self.stack.hidden_sizes)}"
        return self.stack.title + self._told_bias()

    def make_stack(self) -> Stack:
        """Return the layers."""
        return self.stack.make_stack()

    def make_transformer(self) -> TransformerConfig:
        """Return the configuration of a Transformer."""
        sizes = self.stack.hidden_sizes
        if len(set(sizes)) > 1:
            raise ValueError(
                f"model.stack.hidden_sizes is {list(sizes)}; give a Transformer the "
                "same width in each layer."
            )
        return TransformerConfig(len(sizes), sizes[0], self.num_heads)

    def _told_bias(self) -> str:
        """Return how the forget gate begins, which decides on these problems."""
        bias = getattr(
            replace(self.stack, wrappers=()).make_cell(1), "forget_bias", None
        )
        if isinstance(bias, Chrono):
            return f", chrono {bias.t_max}"
        return "" if bias is None else f", forget bias {bias:g}"


class Recurrence(nnx.Module):
    """Recurrent layers with their parameters; each sequence begins again."""

    def __init__(
        self, inputs: int, config: MemoryConfig, *, rngs: nnx.Rngs, param_dtype: DType
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``."""
        self.stack = config.make_stack()
        check_stack("MemoryModel", self.stack)
        params = self.stack.init(rngs.params(), inputs, param_dtype)
        self.layers = nnx.data(jax.tree.map(nnx.Param, params))

    def __call__(
        self, xs: Float[Array, "t b x"], *, key: Key | None = None
    ) -> Float[Array, "t b h"]:
        """Return the outputs of the last layer; ``key`` drops."""
        return self.stack.apply(nnx.as_pure(self.layers), xs, key=key)[1]


class MemoryModel(nnx.Module):
    """Layers and a linear answer at every step; time leads.

    Symbols, which are integers, are fed as one-hot vectors.

    Example:
        >>> model = MemoryModel(2, 1, MemoryConfig(), rngs=nnx.Rngs(0))
        >>> model(jnp.ones((50, 3, 2))).shape
        (50, 3, 1)
        >>> counter = MemoryModel(4, 4, MemoryConfig(), rngs=nnx.Rngs(0))
        >>> counter(jnp.ones((7, 3), jnp.int32)).shape
        (7, 3, 4)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        config: MemoryConfig,
        *,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``.

        Args:
            inputs: features of a step, or how many symbols there are.
            outputs: numbers in an answer.
            config: hyper-parameters.
            rngs: randomness.
            param_dtype: of all parameters.
        """
        self.inputs = inputs
        self.config = config
        make = {"rngs": rngs, "param_dtype": param_dtype}
        if config.kind == "transformer":
            size = config.stack.hidden_sizes[-1]
            self.layers = Transformer(inputs, config.make_transformer(), **make)
        else:
            size = config.stack.output_size
            self.layers = Recurrence(inputs, config, **make)
        shape = (size, outputs)
        self.w_out = nnx.Param(Glorot()(rngs.params(), shape, param_dtype))
        self.b_out = nnx.Param(Constant()(rngs.params(), shape[1:], param_dtype))

    def __call__(
        self, xs: Shaped[Array, "t b ..."], *, key: Key | None = None
    ) -> Float[Array, "t b k"]:
        """Return the answer at every step: numbers, or unnormalised log-probabilities.

        Args:
            xs: features ``[t, b, x]``, or symbols ``[t, b]``.
            key: drops; without it nothing is dropped.
        """
        hs = self.layers(self.embed(xs), key=key)
        return affine(hs, self.w_out[...], self.b_out[...])

    def embed(self, xs: Shaped[Array, "t b ..."]) -> Float[Array, "t b x"]:
        """Return features as they are, and symbols as one-hot vectors."""
        if jnp.issubdtype(xs.dtype, jnp.integer):
            return jax.nn.one_hot(xs, self.inputs, dtype=self.w_out[...].dtype)
        return xs

    def top_layer_inputs(self, xs: Shaped[Array, "t b ..."]) -> LayerInputs | None:
        """Return what enters the uppermost layer; a Transformer has nothing such."""
        if not isinstance(self.layers, Recurrence):
            return None
        own = self.layers
        return top_layer_inputs(own.stack, nnx.as_pure(own.layers), self.embed(xs))
