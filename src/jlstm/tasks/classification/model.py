"""A classifier of sequences: recurrent layers, one vector a row, a softmax."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int, Shaped

from jlstm._internal.options import Options, Positive, Size
from jlstm._internal.types import DType, Key, accumulator_dtype
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.initializers import Glorot, Uniform
from jlstm.layers.check import check_stack
from jlstm.nnx.dense import Dense, Embedding
from jlstm.nnx.pooling import AttentionPooling, Pooling, pool_last, pool_max, pool_mean
from jlstm.nnx.rnn import RNN
from jlstm.nnx.sequence_dropout import SequenceDropout, drop_steps
from jlstm.regularizers import dropout
from jlstm.training.config.stack import StackConfig


@dataclass(frozen=True)
class ClassifierConfig(Options):
    """Hyper-parameters of a classifier.

    Attributes:
        stack: the recurrent layers.
        pooling: how outputs over time become one vector.
        attention_size: units of ``pooling="attention"``.
        embedding_size: width of the embedding of token ids; vectors are fed as they
            are.
        embedding_scale: limit of the uniform draw of the embedding.
        dropout: where to drop.
    """

    stack: StackConfig = StackConfig(bidirectional=True)
    pooling: Pooling = "max"
    attention_size: Size = 64
    embedding_size: Size = 128
    embedding_scale: Positive = 0.1
    dropout: SequenceDropout = SequenceDropout()

    def __post_init__(self) -> None:
        skips = self.stack.connect == "skip" and len(self.stack.hidden_sizes) > 1
        if self.pooling == "last" and self.stack.bidirectional and skips:
            raise ValueError(
                'model.pooling is "last", but model.stack.connect="skip" puts the two '
                "directions of several layers side by side, and each direction ends "
                "elsewhere: choose another pooling, or connect=residual."
            )

    @property
    def title(self) -> str:
        """What a table calls it.

        Example:
            >>> ClassifierConfig().title
            'BiLSTM 1×128, max pooling'
        """
        how = "last state" if self.pooling == "last" else f"{self.pooling} pooling"
        return f"{self.stack.title}, {how}"


class Classifier(nnx.Module):
    """Logits of ``num_classes`` for sequences of token ids or of vectors; time leads.

    Padding behind the end of a row changes neither its logits nor any gradient. A row
    of length 0 pools to zeros: its logits are those of the output bias.

    Example:
        >>> model = Classifier(ClassifierConfig(), 2, vocab_size=9, rngs=nnx.Rngs(0))
        >>> model(jnp.zeros((5, 3), jnp.int32), jnp.array([5, 2, 0])).shape
        (3, 2)
        >>> model = Classifier(ClassifierConfig(), 4, input_size=7, rngs=nnx.Rngs(0))
        >>> model(jnp.ones((5, 3, 7))).shape
        (3, 4)
    """

    def __init__(
        self,
        config: ClassifierConfig,
        num_classes: int,
        *,
        vocab_size: int | None = None,
        input_size: int | None = None,
        unknown: int | None = None,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``.

        Args:
            config: hyper-parameters.
            num_classes: of the answer.
            vocab_size: how many token ids there are; or else
            input_size: features of a vector.
            unknown: the token id that a dropped word becomes; None drops to zeros.
            rngs: randomness.
            param_dtype: of all parameters.

        Raises:
            ValueError: not exactly one of the two sizes is given.
        """
        if (vocab_size is None) == (input_size is None):
            raise ValueError(
                f"Classifier: vocab_size is {vocab_size} and input_size {input_size}; "
                "give the first for token ids or the second for vectors."
            )
        self.config, self.num_classes = config, num_classes
        self.unknown = unknown
        stack = config.stack.make_stack()
        check_stack("Classifier", stack)
        width = config.embedding_size if input_size is None else input_size
        make = {"rngs": rngs, "param_dtype": param_dtype}
        self.rnn = RNN(stack, width, time_major=True, **make)
        self.table = self.attention = nnx.data(None)
        if vocab_size is not None:
            draw = Uniform(config.embedding_scale)
            self.table = Embedding(vocab_size, width, embedding_init=draw, **make)
        size = self.rnn.output_size
        if config.pooling == "attention":
            self.attention = AttentionPooling(size, config.attention_size, **make)
        self.out = Dense(size, num_classes, kernel_init=Glorot(), **make)

    def __call__(
        self,
        xs: Shaped[Array, "t b ..."],
        lengths: Int[Array, " b"] | None = None,
        *,
        key: Key | None = None,
    ) -> Float[Array, "b k"]:
        """Return the logits of each row.

        Args:
            xs: token ids ``t b``, or vectors ``t b x``.
            lengths: steps of each row; all of them by default.
            key: drops; without it nothing is dropped.
        """
        return self.classify(self.embed(xs), lengths, key=key)

    def embed(self, xs: Shaped[Array, "t b ..."]) -> Float[Array, "t b x"]:
        """Return the input vectors: rows of the table, or ``xs`` where it has none."""
        return xs if self.table is None else self.table(xs)

    def top_layer_inputs(self, xs: Shaped[Array, "t b ..."]) -> LayerInputs:
        """Return what enters the uppermost layer; all steps of each row count."""
        return top_layer_inputs(self.rnn.layer, self.rnn.pure_params(), self.embed(xs))

    def classify(
        self,
        vectors: Float[Array, "t b x"],
        lengths: Int[Array, " b"] | None = None,
        *,
        key: Key | None = None,
    ) -> Float[Array, "b k"]:
        """Return the logits of each row of input vectors, such as those of ``embed``.

        It is what a gradient with respect to words is taken of.
        """
        rates = self.config.dropout
        keys = (None,) * 4 if key is None else jax.random.split(key, 4)
        xs = dropout(self.drop_words(vectors, keys[0]), rates.input, keys[1])
        _, ys = self.rnn(xs, lengths=lengths, key=keys[2])
        z = self.out(dropout(self.pool(ys, lengths), rates.output, keys[3]))
        return z.astype(accumulator_dtype(z.dtype))

    def drop_words(
        self, vectors: Float[Array, "t b x"], key: Key | None
    ) -> Float[Array, "t b x"]:
        """Put the unknown word, or zeros, in the place of some of the steps."""
        unknown = None
        if self.unknown is not None:
            unknown = self.table.embedding[...][self.unknown]
        return drop_steps(vectors, self.config.dropout.word, key, unknown)

    def pool(
        self, ys: Float[Array, "t b h"], lengths: Int[Array, " b"] | None = None
    ) -> Float[Array, "b h"]:
        """Return one vector a row."""
        if lengths is None:
            lengths = jnp.full(ys.shape[1:-1], ys.shape[0], jnp.int32)
        if self.config.pooling == "last":
            return pool_last(ys, lengths, self.config.stack.bidirectional)
        if self.config.pooling == "attention":
            return self.attention(ys, lengths)
        return {"max": pool_max, "mean": pool_mean}[self.config.pooling](ys, lengths)
