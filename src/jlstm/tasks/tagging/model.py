"""A tagger: words by their embedding and their letters, recurrent layers, a tag each.

The letters of a word are read by layers of their own (Ling et al., 2015,
arXiv:1508.02096), so that words that training lacks are known by their ending. The
answer is a softmax at each word or a conditional random field over the sentence (Huang,
Xu and Yu, 2015, arXiv:1508.01991).
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int

from jlstm._internal.options import Count, Options, Positive, Size
from jlstm._internal.tree import zero_unless
from jlstm._internal.types import DType, Key, accumulator_dtype
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.initializers import Glorot, Uniform
from jlstm.layers.check import check_stack
from jlstm.losses import token_nll
from jlstm.losses.crf import PADDING
from jlstm.masking import steps_within
from jlstm.nnx.crf import CRF
from jlstm.nnx.dense import Dense, Embedding
from jlstm.nnx.pooling import pool_last
from jlstm.nnx.rnn import RNN
from jlstm.nnx.sequence_dropout import SequenceDropout, drop_steps
from jlstm.regularizers import dropout
from jlstm.training.config.stack import StackConfig


@dataclass(frozen=True)
class TaggerConfig(Options):
    """Hyper-parameters of a tagger.

    Attributes:
        stack: the layers over the words.
        answer: ``"softmax"``, each word by itself, or ``"crf"``, the sentence as one.
        embedding_size: width of the embedding of words.
        letter_embedding: width of the embedding of letters.
        letter_size: units, in each direction, of the LSTM over the letters of a word;
            0 reads no letters.
        mark_size: width of the embedding of given marks, such as parts of speech.
        embedding_scale: limit of the uniform draw of all embeddings.
        dropout: where to drop.

    Example:
        >>> TaggerConfig(answer="crf").title
        'BiLSTM 1×128, letters, CRF'
    """

    stack: StackConfig = StackConfig(bidirectional=True)
    answer: Literal["softmax", "crf"] = "softmax"
    embedding_size: Size = 100
    letter_embedding: Size = 24
    letter_size: Count = 32
    mark_size: Size = 24
    embedding_scale: Positive = 0.1
    dropout: SequenceDropout = SequenceDropout()

    @property
    def title(self) -> str:
        """What a table calls it."""
        letters = ", letters" if self.letter_size else ""
        return f"{self.stack.title}{letters}, {self.answer.replace('crf', 'CRF')}"

    @property
    def letter_encoder(self) -> StackConfig:
        """The layer over the letters of a word."""
        return StackConfig(hidden_sizes=(self.letter_size,), bidirectional=True)


class TaggerSizes(NamedTuple):
    """How many there are: words, letters, tags, and marks, 0 where none are given."""

    words: int
    letters: int
    tags: int
    marks: int = 0


class Text(NamedTuple):
    """Sentences side by side, time first, as numbers.

    Attributes:
        words: of each step.
        letters: of each word, its first one first; 0 stands behind the last.
        marks: given with each word; all 0 where there are none.
        lengths: words of each sentence.
    """

    words: Int[Array | np.ndarray, "t b"]
    letters: Int[Array | np.ndarray, "t b n"]
    marks: Int[Array | np.ndarray, "t b"]
    lengths: Int[Array | np.ndarray, " b"]


class Tagger(nnx.Module):
    """Scores of ``sizes.tags`` tags for each word of sentences; time leads.

    Padding behind the end of a sentence, or of a word, changes nothing before it.

    Example:
        >>> config = TaggerConfig(StackConfig(hidden_sizes=(8,)), letter_size=0)
        >>> model = Tagger(config, TaggerSizes(9, 5, tags=3), rngs=nnx.Rngs(0))
        >>> ones = jnp.ones((4, 2, 6), jnp.int32)
        >>> text = Text(ones[..., 0], ones, ones[..., 0], jnp.array([4, 1]))
        >>> scores = model(text)
        >>> scores.shape, model.decode(scores, text.lengths)[1:, 1].tolist()
        ((4, 2, 3), [-1, -1, -1])
    """

    def __init__(
        self,
        config: TaggerConfig,
        sizes: TaggerSizes,
        *,
        unknown: int | None = None,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``.

        Args:
            config: hyper-parameters.
            sizes: how many words, letters, tags and marks there are.
            unknown: the number of the unknown word, which comes in the place of a
                dropped one; None drops to zeros.
            rngs: randomness.
            param_dtype: of all parameters.
        """
        self.config, self.unknown = config, unknown
        make = {"rngs": rngs, "param_dtype": param_dtype}

        def table(count: int, width: int) -> Embedding:
            draw = Uniform(config.embedding_scale)
            return Embedding(count, width, embedding_init=draw, **make)

        self.words = table(sizes.words, config.embedding_size)
        width = config.embedding_size
        self.letters = self.marks = self.speller = nnx.data(None)
        if config.letter_size:
            self.letters = table(sizes.letters, config.letter_embedding)
            spelling = config.letter_encoder.make_stack()
            check_stack("Tagger: letters", spelling)
            size = config.letter_embedding
            self.speller = RNN(spelling, size, time_major=True, **make)
            width += 2 * config.letter_size
        if sizes.marks:
            self.marks = table(sizes.marks, config.mark_size)
            width += config.mark_size
        stack = config.stack.make_stack()
        check_stack("Tagger", stack)
        self.rnn = RNN(stack, width, time_major=True, **make)
        self.out = Dense(self.rnn.output_size, sizes.tags, kernel_init=Glorot(), **make)
        self.crf = CRF(sizes.tags, **make) if config.answer == "crf" else nnx.data(None)

    def __call__(self, text: Text, *, key: Key | None = None) -> Float[Array, "t b k"]:
        """Return the score of each tag for each word; without a key nothing is dropped.

        With a softmax they are its logits, with a CRF the scores of the single steps.
        """
        rates = self.config.dropout
        keys = (None,) * 4 if key is None else jax.random.split(key, 4)
        joined = dropout(self.embed(text, keys[0]), rates.input, keys[1])
        lengths = jnp.asarray(text.lengths)
        _, ys = self.rnn(joined, lengths=lengths, key=keys[2])
        z = self.out(dropout(ys, rates.output, keys[3]))
        return z.astype(accumulator_dtype(z.dtype))

    def embed(self, text: Text, key: Key | None = None) -> Float[Array, "t b x"]:
        """Return the vector of each word: of itself, its letters and its mark."""
        xs = [self.drop_words(self.words(text.words), key)]
        if self.letters is not None:
            xs.append(self.spell(text.letters))
        if self.marks is not None:
            xs.append(self.marks(text.marks))
        return jnp.concatenate(xs, axis=-1)

    def top_layer_inputs(self, text: Text) -> LayerInputs:
        """Return what enters the uppermost layer; all words of each row count."""
        return top_layer_inputs(
            self.rnn.layer, self.rnn.pure_params(), self.embed(text)
        )

    def spell(self, letters: Int[Array, "t b n"]) -> Float[Array, "t b h"]:
        """Return what the letters of each word say: the last outputs of both ways."""
        letters = jnp.moveaxis(jnp.asarray(letters), -1, 0)
        lengths = jnp.sum(letters > 0, axis=0, dtype=jnp.int32)
        _, ys = self.speller(self.letters(letters), lengths=lengths)
        return pool_last(ys, lengths, bidirectional=True)

    def drop_words(
        self, vectors: Float[Array, "t b x"], key: Key | None
    ) -> Float[Array, "t b x"]:
        """Put the unknown word in the place of some."""
        unknown = None
        if self.unknown is not None:
            unknown = self.words.embedding[...][self.unknown]
        return drop_steps(vectors, self.config.dropout.word, key, unknown)

    def nll(
        self,
        scores: Float[Array, "t b k"],
        tags: Int[Array, "t b"],
        lengths: Int[Array, " b"],
    ) -> Float[Array, " b"]:
        """Return the nats of the tags of each sentence, summed over its words."""
        if self.crf is not None:
            return self.crf.nll(scores, tags, lengths)
        live = steps_within(lengths, scores.shape[0])
        return zero_unless(live, token_nll(scores, tags)).sum(0)

    def decode(
        self, scores: Float[Array, "t b k"], lengths: Int[Array, " b"]
    ) -> Int[Array, "t b"]:
        """Return the most likely tags, -1 behind the end of a sentence."""
        if self.crf is not None:
            return self.crf.decode(scores, lengths).tags
        best = jnp.argmax(scores, axis=-1).astype(jnp.int32)
        return jnp.where(steps_within(lengths, len(best)), best, PADDING)
