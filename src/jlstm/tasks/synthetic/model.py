"""A model for the generated tasks: layers of one kind, an answer at every step."""

from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Shaped

from jlstm._internal.affine import affine
from jlstm._internal.options import Options, Positive, Size, Sizes
from jlstm._internal.types import DType
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.cell import Cell
from jlstm.initializers import Chrono, ChronoSteps, Constant, Glorot
from jlstm.layers import Recurrent, Stack
from jlstm.layers.check import check_stack
from jlstm.nnx.transformer import Transformer, TransformerConfig
from jlstm.training.config.cells import TITLES, CellName, InitName, make_cell
from jlstm.training.config.stack import describe_sizes

BIASED = ("lstm", "peephole")
"""The cells whose forget bias a configuration sets."""


@dataclass(frozen=True)
class MemoryConfig(Options):
    """Hyper-parameters of a model for the generated tasks.

    Attributes:
        cell: which cell; or ``"transformer"``, to compare with.
        hidden_sizes: units of each layer, from the input upwards; of a Transformer the
            width, the same for each.
        forget_bias: of the LSTM cells.
        chrono: draw the forget bias of each unit for memories of up to so many steps
            (Tallec and Ollivier, 2018); ``None`` takes ``forget_bias``.
        init: as of :func:`jlstm.training.config.cells.make_cell`.
        init_scale: limit of ``init="uniform"``.
        num_heads: of the attention of a Transformer.

    Example:
        >>> MemoryConfig(hidden_sizes=(64,), chrono=750).title
        'LSTM 1×64, chrono 750'
    """

    cell: Literal[CellName, "transformer"] = "lstm"
    hidden_sizes: Sizes = (64,)
    forget_bias: float = 1.0
    chrono: ChronoSteps | None = None
    init: InitName = "default"
    init_scale: Positive = 0.1
    num_heads: Size = 4

    def __post_init__(self) -> None:
        if self.chrono is not None and self.cell not in BIASED:
            raise ValueError(
                f"model: chrono is {self.chrono}, but cell is {self.cell!r}; only "
                f"{' and '.join(BIASED)} draw their forget bias from it."
            )
        if self.cell == "transformer":
            self.make_transformer()  # likewise

    @property
    def title(self) -> str:
        """What a table calls it."""
        sizes = describe_sizes(self.hidden_sizes)
        if self.cell == "transformer":
            return f"Transformer {sizes}"
        name = f"{TITLES[self.cell]} {sizes}"
        if self.cell not in BIASED:
            return name
        bias = f"forget bias {self.forget_bias:g}"
        return f"{name}, {bias if self.chrono is None else f'chrono {self.chrono}'}"

    def make_stack(self) -> Stack:
        """Return the layers."""
        return Stack(tuple(Recurrent(self._cell(size)) for size in self.hidden_sizes))

    def make_transformer(self) -> TransformerConfig:
        """Return the configuration of a Transformer."""
        if len(set(self.hidden_sizes)) > 1:
            raise ValueError(
                f"model: hidden_sizes is {list(self.hidden_sizes)}; give a Transformer "
                "the same width in each layer."
            )
        layers, width = len(self.hidden_sizes), self.hidden_sizes[0]
        return TransformerConfig(layers, width, self.num_heads)

    def _cell(self, size: int) -> Cell:
        return make_cell(
            self.cell,
            size,
            forget_bias=self._bias(),
            init=self.init,
            init_scale=self.init_scale,
        )

    def _bias(self) -> float | Chrono:
        return self.forget_bias if self.chrono is None else Chrono(self.chrono)


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

    def __call__(self, xs: Float[Array, "t b x"]) -> Float[Array, "t b h"]:
        """Return the outputs of the last layer."""
        return self.stack.apply(nnx.as_pure(self.layers), xs)[1]


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
        if config.cell == "transformer":
            self.layers = Transformer(inputs, config.make_transformer(), **make)
        else:
            self.layers = Recurrence(inputs, config, **make)
        shape = (config.hidden_sizes[-1], outputs)
        self.w_out = nnx.Param(Glorot()(rngs.params(), shape, param_dtype))
        self.b_out = nnx.Param(Constant()(rngs.params(), shape[1:], param_dtype))

    def __call__(self, xs: Shaped[Array, "t b ..."]) -> Float[Array, "t b k"]:
        """Return the answer at every step: numbers, or unnormalised log-probabilities.

        Args:
            xs: features ``[t, b, x]``, or symbols ``[t, b]``.
        """
        return affine(self.layers(self.embed(xs)), self.w_out[...], self.b_out[...])

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
