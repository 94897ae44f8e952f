"""A recurrent language model: embedding, stacked layers, softmax (tied or not)."""

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Integer

from jlstm._internal.options import Component, Options, Rate, Size
from jlstm._internal.types import Carry, DType, Key, Shape
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.decoding.sample import PLAIN, Sampling, check_drawn, generate
from jlstm.initializers import Constant, Uniform
from jlstm.layers import Stack
from jlstm.layers.check import check_stack
from jlstm.nnx.rnn import RNN
from jlstm.nnx.tokens import TokenModel
from jlstm.regularizers import dropout, weight_drop
from jlstm.training.config.stack import StackConfig, check_forwards


@dataclass(frozen=True)
class LanguageDropout(Options):
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
        state: the previous output on its way into the gates, always one mask for a
            window (Gal and Ghahramani, 2016).
        variational: keep the masks of input, hidden and output over time.
    """

    embedding: Rate = 0.0
    input: Rate = 0.0
    hidden: Rate = 0.0
    output: Rate = 0.0
    weight: Rate = 0.0
    state: Rate = 0.0
    variational: bool = False

    @property
    def time_axes(self) -> tuple[int, ...]:
        """The axes along which a mask is shared."""
        return (0,) if self.variational else ()


@dataclass(frozen=True)
class LanguageConfig(Options):
    """Hyper-parameters of a language model.

    Attributes:
        stack: the recurrent layers. Embedding and softmax are U(±stack.init_scale), and
            with ``stack.init="uniform"`` all other parameters are too.
        embedding_size: width of the embedding; ``None`` feeds one-hot vectors.
        tied: use the embedding table as the softmax weight (Press and Wolf, 2017); the
            outputs of the stack must then have ``embedding_size`` features.
        projected: map the outputs of the last layer to ``embedding_size`` features
            before the softmax (Melis et al., 2018); a tied model may then have any
            number of units.
        dropout: where to drop; ``dropout.hidden`` and ``dropout.variational`` stand for
            those of the stack.
    """

    stack: StackConfig = StackConfig(hidden_sizes=(200, 200))
    embedding_size: Size | None = 200
    tied: bool = False
    projected: bool = False
    dropout: LanguageDropout = LanguageDropout()

    def __post_init__(self) -> None:
        why = "so the layers would have read the tokens that they predict"
        check_forwards(self.stack, why)
        self._check_dropout()
        if self.tied and self.features != self.embedding_size:
            raise ValueError(
                f"model: tied=True needs outputs of embedding_size features; the stack "
                f"has {self.stack.output_size} and embedding_size is "
                f"{self.embedding_size}. Or set projected=True."
            )

    @property
    def features(self) -> int:
        """What the softmax reads of each token."""
        last = self.stack.output_size
        return (self.embedding_size or last) if self.projected else last

    @property
    def title(self) -> str:
        """What a table calls it.

        Example:
            >>> LanguageConfig(StackConfig(hidden_sizes=(64, 32))).title
            'LSTM 64-32'
        """
        tied = ", tied" if self.tied else ""
        return f"{self.stack.title}{tied}"

    def make(self, vocab_size: int, rngs: nnx.Rngs) -> "LanguageModel":
        """Draw a model."""
        return LanguageModel(vocab_size, self, rngs=rngs)

    def init_carry(self, batch_shape: Shape = ()) -> Carry:
        """Return the carries of all layers before the first token."""
        return self.make_stack().init_carry(batch_shape)

    def make_stack(self) -> Stack:
        """Return the stack of layers that this configuration describes."""
        rates = self.dropout
        state = Component("RecurrentDropout", {"rate": rates.state})
        return replace(
            self.stack,
            wrappers=(*((state,) if rates.state else ()), *self.stack.wrappers),
            dropout=rates.hidden,
            variational=rates.variational,
        ).make_stack()

    def _check_dropout(self) -> None:
        """Raise ValueError where the stack has rates of its own."""
        for mine, own in (("dropout", "hidden"), ("variational", "variational")):
            if value := getattr(self.stack, mine):
                raise ValueError(
                    f"model.stack.{mine} is {value}, but a language model takes it "
                    f"from model.dropout.{own}: set that one."
                )


class LanguageModel(TokenModel):
    """Next-token model over ``vocab_size`` symbols; time leads: tokens are ``t *b``.

    The module is a pytree: it goes through ``jax.jit``, ``jax.grad``, ``jax.vmap`` and
    optax
    as it is.

    Example:
        >>> config = LanguageConfig(
        ...     StackConfig(hidden_sizes=(8,)), embedding_size=8, tied=True
        ... )
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
        self.config = config
        stack = config.make_stack()
        check_stack("LanguageModel", stack, causal=True)
        width = config.embedding_size or vocab_size
        draw = Uniform(config.stack.init_scale)
        bias = draw if config.stack.init == "uniform" else Constant(0.0)
        make = {"rngs": rngs, "param_dtype": param_dtype}
        self.rnn = RNN(stack, width, time_major=True, **make)
        self.draw_tables(
            vocab_size, embedding_size=config.embedding_size, tied=config.tied,
            features=self.rnn.output_size, projected=config.projected,
            draw=draw, bias=bias, **make,
        )  # fmt: skip

    def init_carry(self, batch_shape: Shape = (), dtype: DType = jnp.float32) -> Carry:
        """Return the carries of all layers before the first token."""
        return self.rnn.init_carry(batch_shape, dtype)

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
        return self.rnn.with_params(params)(xs, carry, key=keys[3])

    def top_layer_inputs(
        self, tokens: Integer[Array, "t *b"], carry: Carry | None = None
    ) -> LayerInputs:
        """Return what enters the uppermost layer while it reads ``tokens``.

        ``carry`` is that of all layers before the first token.
        """
        return top_layer_inputs(
            self.rnn.layer, self.layer_params(), self.embed(tokens), carry
        )

    def drop_output(
        self, hs: Float[Array, "t *b h"], key: Key | None
    ) -> Float[Array, "t *b h"]:
        """Apply output dropout."""
        rates = self.config.dropout
        return dropout(hs, rates.output, key, rates.time_axes)

    def layer_params(self) -> Any:
        """Return the parameters of the stack as plain arrays."""
        return self.rnn.pure_params()

    def embed(
        self, tokens: Integer[Array, "*b"], key: Key | None = None
    ) -> Float[Array, "*b x"]:
        """Return the embedded tokens, one-hot vectors where there is no table."""
        return self.lookup(tokens, self.config.dropout.embedding, key)

    def read(
        self, tokens: Integer[Array, "t *b"], memory: Carry | None = None
    ) -> tuple[Carry, Float[Array, "*b v"]]:
        """Return the carry after ``tokens`` and the logits of the one that follows."""
        carry, logits = self(tokens, memory)
        return carry, logits[-1]

    def advance(
        self, token: Integer[Array, "*b"], memory: Carry
    ) -> tuple[Carry, Float[Array, "*b v"]]:
        """Return the carry after one more token and the logits of the next one."""
        x = self.embed(token)
        params, _ = self.rnn.prepare(x[None])
        carry, h = self.rnn.step(params, memory, x)
        return carry, self.logits(h)


def generate_tokens(
    model: TokenModel,
    prompt: Integer[Array, "t *b"],
    length: int,
    key: Key,
    sampling: Sampling = PLAIN,
) -> Integer[Array, "n *b"]:
    """Continue ``prompt`` by ``length`` tokens in one compiled program.

    A fixed key gives a fixed continuation.

    Example:
        >>> config = LanguageConfig(StackConfig(hidden_sizes=(8,)), embedding_size=None)
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
    tokens = _generate(model, prompt, length, key, sampling)
    check_drawn(tokens)
    return tokens


@jax.jit(static_argnames=("length", "sampling"))
def _generate(
    model: TokenModel, prompt: Array, length: int, key: Key, sampling: Sampling
) -> Array:
    def step(memory: Any, token: Array) -> tuple[Any, Array]:
        return model.advance(token, memory)

    memory, logits = model.read(prompt)
    return generate(step, memory, logits, length, key, sampling)[1]
