"""A model for the generated tasks: layers of one kind, an answer at every step."""

from dataclasses import dataclass, replace
from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Shaped

from jlstm._internal.options import Options, Size
from jlstm._internal.types import DType, Key
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.initializers import Chrono, Glorot
from jlstm.layers.check import check_stack
from jlstm.nnx.dense import Dense
from jlstm.nnx.rnn import RNN
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
        self.rnn = self.transformer = nnx.data(None)
        if config.kind == "transformer":
            size = config.stack.hidden_sizes[-1]
            self.transformer = Transformer(inputs, config.make_transformer(), **make)
        else:
            stack = config.stack.make_stack()
            check_stack("MemoryModel", stack)
            self.rnn = RNN(stack, inputs, time_major=True, **make)
            size = self.rnn.output_size
        self.out = Dense(size, outputs, kernel_init=Glorot(), **make)

    def __call__(
        self, xs: Shaped[Array, "t b ..."], *, key: Key | None = None
    ) -> Float[Array, "t b k"]:
        """Return the answer at every step: numbers, or unnormalised log-probabilities.

        Args:
            xs: features ``[t, b, x]``, or symbols ``[t, b]``.
            key: drops; without it nothing is dropped.
        """
        xs = self.embed(xs)
        if self.rnn is None:
            return self.out(self.transformer(xs, key=key))
        return self.out(self.rnn(xs, key=key)[1])

    def embed(self, xs: Shaped[Array, "t b ..."]) -> Float[Array, "t b x"]:
        """Return features as they are, and symbols as one-hot vectors."""
        if jnp.issubdtype(xs.dtype, jnp.integer):
            return jax.nn.one_hot(xs, self.inputs, dtype=self.out.kernel.dtype)
        return xs

    def top_layer_inputs(self, xs: Shaped[Array, "t b ..."]) -> LayerInputs | None:
        """Return what enters the uppermost layer; a Transformer has nothing such."""
        if self.rnn is None:
            return None
        return top_layer_inputs(self.rnn.layer, self.rnn.pure_params(), self.embed(xs))
