"""A recurrent language model: embedding, stacked layers, softmax (tied or not)."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Integer

from jlstm._affine import affine
from jlstm._types import Carry, DType, Key, Shape, accumulator_dtype
from jlstm.cell import Cell
from jlstm.decode import PLAIN, Sampling, generate
from jlstm.initializers import Constant, Uniform
from jlstm.layers import Recurrent, Stack
from jlstm.likelihood import linear_nll
from jlstm.models.cells import CellName, InitName, make_cell
from jlstm.regularize import check_rate, dropout, embedding_dropout, weight_drop


@dataclass(frozen=True)
class LanguageDropout:
    """Where a language model drops, as rates.

    Zaremba et al. (2014) use ``input = hidden = output``, a new mask each step.
    AWD-LSTM (Merity et al., 2017) uses all five and ``variational=True``: one mask for
    a window.

    Attributes:
        embedding: whole words of the embedding table.
        input: the embedded tokens, before the first layer.
        hidden: between layers.
        output: before the softmax.
        weight: the recurrent weights ``w_hh`` (DropConnect).
        variational: keep the masks of input, hidden and output over time.
    """

    embedding: float = 0.0
    input: float = 0.0
    hidden: float = 0.0
    output: float = 0.0
    weight: float = 0.0
    variational: bool = False

    def __post_init__(self) -> None:
        for name in ("embedding", "input", "hidden", "output", "weight"):
            check_rate(f"dropout.{name}", getattr(self, name))

    @property
    def time_axes(self) -> tuple[int, ...]:
        """The axes along which a mask is shared."""
        return (0,) if self.variational else ()


@dataclass(frozen=True)
class LanguageConfig:
    """Hyper-parameters of a language model.

    Attributes:
        cell: which cell.
        hidden_sizes: units of each layer, from the input upwards.
        embedding_size: width of the embedding; ``None`` feeds one-hot vectors.
        tied: use the embedding table as the softmax weight (Press and Wolf, 2017); the
            last layer must then have ``embedding_size`` units.
        forget_bias: of the LSTM cells.
        init: ``"default"`` (Glorot, orthogonal per gate), ``"torch"`` (layers U(±1/√H))
            or ``"uniform"`` (every parameter U(±init_scale)).
        init_scale: limit of the uniform draw; of embedding and softmax with every
            ``init``.
        dropout: where to drop.
    """

    cell: CellName = "lstm"
    hidden_sizes: tuple[int, ...] = (200, 200)
    embedding_size: int | None = 200
    tied: bool = False
    forget_bias: float = 1.0
    init: InitName = "default"
    init_scale: float = 0.1
    dropout: LanguageDropout = LanguageDropout()

    def __post_init__(self) -> None:
        sizes = (*self.hidden_sizes, self.embedding_size or 1)
        if not self.hidden_sizes or min(sizes) < 1:
            raise ValueError(
                f"model: hidden_sizes is {list(self.hidden_sizes)} and embedding_size "
                f"{self.embedding_size}; give positive sizes and at least one layer."
            )
        if self.tied and self.hidden_sizes[-1] != self.embedding_size:
            raise ValueError(
                f"model: tied=True needs a last layer of embedding_size units; it has "
                f"{self.hidden_sizes[-1]} and embedding_size is {self.embedding_size}."
            )
        if self.init_scale <= 0:
            raise ValueError(
                f"model: init_scale is {self.init_scale}; give a positive limit."
            )

    def make_stack(self) -> Stack:
        """Return the stack of layers that this configuration describes."""
        layers = tuple(Recurrent(self._make_cell(size)) for size in self.hidden_sizes)
        return Stack(layers, self.dropout.hidden, self.dropout.variational)

    def _make_cell(self, size: int) -> Cell:
        return make_cell(
            self.cell,
            size,
            forget_bias=self.forget_bias,
            init=self.init,
            init_scale=self.init_scale,
        )


class LanguageModel(nnx.Module):
    """Next-token model over ``vocab_size`` symbols; time leads: tokens are ``t *b``.

    The module is a pytree: it goes through ``jax.jit``, ``jax.grad``, ``jax.vmap`` and
    optax
    as it is.

    Example:
        >>> config = LanguageConfig(hidden_sizes=(8,), embedding_size=8, tied=True)
        >>> model = LanguageModel(10, config, rngs=nnx.Rngs(0))
        >>> carry, logits = model(jnp.zeros((5, 2), jnp.int32))
        >>> logits.shape
        (5, 2, 10)
    """

    def __init__(
        self,
        vocab_size: int,
        config: LanguageConfig,
        *,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``."""
        self.vocab_size = vocab_size
        self.config = config
        self.stack = config.make_stack()
        width = config.embedding_size or vocab_size
        draw = Uniform(config.init_scale)
        bias = draw if config.init == "uniform" else Constant(0.0)
        out = (self.stack.output_size(width), vocab_size)
        params = self.stack.init(rngs.params(), width, param_dtype)
        self.layers = nnx.data(jax.tree.map(nnx.Param, params))
        self.table = self.w_out = nnx.data(None)
        if config.embedding_size is not None:
            table = draw(rngs.params(), (vocab_size, width), param_dtype)
            self.table = nnx.Param(table)
        if not config.tied:
            self.w_out = nnx.Param(draw(rngs.params(), out, param_dtype))
        self.b_out = nnx.Param(bias(rngs.params(), out[1:], param_dtype))

    def init_carry(self, batch_shape: Shape = (), dtype: DType = jnp.float32) -> Carry:
        """Return the carries of all layers before the first token."""
        return self.stack.init_carry(batch_shape, dtype)

    def __call__(
        self,
        tokens: Integer[Array, "t *b"],
        carry: Carry | None = None,
        *,
        key: Key | None = None,
    ) -> tuple[Carry, Float[Array, "t *b v"]]:
        """Return the carry after ``tokens`` and the logits of each next token."""
        noise, out_noise = (None, None) if key is None else jax.random.split(key)
        carry, hs = self.features(tokens, carry, key=noise)
        return carry, self.logits(self.drop_output(hs, out_noise))

    def features(
        self,
        tokens: Integer[Array, "t *b"],
        carry: Carry | None = None,
        *,
        key: Key | None = None,
    ) -> tuple[Carry, Float[Array, "t *b h"]]:
        """Return the carry and the outputs of the last layer, before output dropout."""
        rates = self.config.dropout
        keys = (None,) * 4 if key is None else jax.random.split(key, 4)
        xs = self.embed(tokens, keys[0])
        xs = dropout(xs, rates.input, keys[1], rates.time_axes)
        params = weight_drop(self.layer_params(), rates.weight, keys[2])
        return self.stack.apply(params, xs, carry, key=keys[3])

    def drop_output(
        self, hs: Float[Array, "t *b h"], key: Key | None
    ) -> Float[Array, "t *b h"]:
        """Apply output dropout."""
        rates = self.config.dropout
        return dropout(hs, rates.output, key, rates.time_axes)

    def logits(self, hs: Float[Array, "*b h"]) -> Float[Array, "*b v"]:
        """Return the unnormalised log-probabilities of the next token."""
        weight = self.table[...].T if self.w_out is None else self.w_out[...]
        z = affine(hs, weight, self.b_out[...])
        return z.astype(accumulator_dtype(z.dtype))

    def nll(
        self, hs: Float[Array, "*b h"], targets: Integer[Array, "*b"]
    ) -> Float[Array, "*b"]:
        """Return the nats of each target, as read off :meth:`logits`."""
        tied = self.w_out is None
        weight = self.table if tied else self.w_out
        return linear_nll(hs, weight[...], self.b_out[...], targets, tied=tied)

    def layer_params(self) -> Any:
        """Return the parameters of the stack as plain arrays."""
        return nnx.as_pure(self.layers)

    def embed(
        self, tokens: Integer[Array, "t *b"], key: Key | None = None
    ) -> Float[Array, "t *b x"]:
        """Return the embedded tokens, one-hot vectors where there is no table."""
        tokens = tokens.astype(jnp.int32)
        if self.table is None:
            return jax.nn.one_hot(tokens, self.vocab_size, dtype=self.b_out[...].dtype)
        table = embedding_dropout(self.table[...], self.config.dropout.embedding, key)
        return table[tokens]


def generate_tokens(
    model: LanguageModel,
    prompt: Integer[Array, "t *b"],
    length: int,
    key: Key,
    sampling: Sampling = PLAIN,
) -> Integer[Array, "n *b"]:
    """Continue ``prompt`` by ``length`` tokens in one compiled program.

    A fixed key gives a fixed continuation.

    Example:
        >>> config = LanguageConfig(hidden_sizes=(8,), embedding_size=None)
        >>> model = LanguageModel(10, config, rngs=nnx.Rngs(0))
        >>> prompt = jnp.array([1, 2, 3])
        >>> generate_tokens(model, prompt, 6, jax.random.key(0)).shape
        (6,)
    """
    if prompt.shape[0] < 1 or length < 1:
        raise ValueError(
            f"The prompt has {prompt.shape[0]} tokens and length is {length}; "
            "give at least one of each."
        )
    return _generate(model, prompt, length, key, sampling)


@jax.jit(static_argnames=("length", "sampling"))
def _generate(
    model: LanguageModel, prompt: Array, length: int, key: Key, sampling: Sampling
) -> Array:
    def step(carry: Carry, token: Array) -> tuple[Carry, Array]:
        carry, logits = model(token[None], carry)
        return carry, logits[0]

    carry, logits = model(prompt)
    return generate(step, carry, logits[-1], length, key, sampling)[1]
