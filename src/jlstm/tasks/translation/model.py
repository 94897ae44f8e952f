"""From a sequence to another one: encoder, bridge, decoder with attention, softmax."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int, Integer

from jlstm._internal.types import Carry, DType, Key
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.initializers import Glorot, Uniform
from jlstm.layers import Layer
from jlstm.layers.check import check_stack
from jlstm.nnx.attention import AttentionKeys, CrossAttention, make_attention
from jlstm.nnx.dense import Dense, Embedding
from jlstm.nnx.rnn import RNN
from jlstm.nnx.softmax import TokenSoftmax
from jlstm.regularizers import dropout
from jlstm.tasks.translation.model_config import Seq2SeqConfig


class Decoder(NamedTuple):
    """What one step of the decoder hands to the next.

    Attributes:
        carries: of the layers.
        readout: what the softmax reads: zeros before the first step.
    """

    carries: tuple[Carry, ...]
    readout: Float[Array, "*b x"]


class Seq2Seq(nnx.Module):
    """Next-word model of a target sentence given its source; time leads.

    ``encode`` reads the source; ``decode`` runs over a given target (teacher forcing),
    ``advance`` makes one step of it. Padding of either side changes nothing.

    Example:
        >>> model = Seq2Seq(Seq2SeqConfig(), 9, 7, rngs=nnx.Rngs(0))
        >>> sources, lengths = jnp.zeros((5, 3), jnp.int32), jnp.array([5, 2, 1])
        >>> start, memory = model.encode(sources, lengths)
        >>> hs = model.decode(jnp.zeros((4, 3), jnp.int32), start, memory)
        >>> model.logits(hs).shape
        (4, 3, 7)
    """

    def __init__(
        self,
        config: Seq2SeqConfig,
        source_vocab: int,
        target_vocab: int,
        *,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``."""
        self.config = config
        reads, writes = config.stack.make_stack(), config.decoder.make_stack()
        check_stack("Seq2Seq: encoder", reads)
        check_stack("Seq2Seq: decoder", writes, causal=True)
        width, out = config.embedding_size, config.readout_size
        make = {"rngs": rngs, "param_dtype": param_dtype}
        draw, dense = Uniform(config.init_scale), {"kernel_init": Glorot(), **make}
        self.source_table = Embedding(source_vocab, width, embedding_init=draw, **make)
        self.target_table = Embedding(target_vocab, width, embedding_init=draw, **make)
        self.encoder = RNN(reads, width, time_major=True, **make)
        fed = out if config.input_feeding else 0
        self.decoder = RNN(writes, width + fed, time_major=True, **make)
        values, query = self.encoder.output_size, self.decoder.output_size
        kind = make_attention(config.attention, config.attention_size)
        self.attention = nnx.data(None)
        if kind is not None:
            self.attention = CrossAttention(kind, query, values, **make)
            query += values
        self.bridge = Dense(_size(reads.layers[-1]), _size(writes), **dense)
        self.readout = Dense(query, out, **dense)
        self.softmax = TokenSoftmax(
            out, target_vocab, tied=config.tied, kernel_init=draw, **make
        )

    def encode(
        self,
        sources: Integer[Array, "s b"],
        lengths: Int[Array, " b"],
        *,
        key: Key | None = None,
    ) -> tuple[Decoder, AttentionKeys | None]:
        """Return where the decoder starts, and what it attends to.

        Args:
            sources: token ids.
            lengths: words of each row.
            key: drops; without it nothing is dropped.
        """
        rates = self.config.dropout
        keys = (None,) * 3 if key is None else jax.random.split(key, 3)
        xs = dropout(self.source_table(sources), rates.embedding, keys[0])
        carry, ys = self.encoder(xs, lengths=lengths, key=keys[1])
        ys = dropout(ys, rates.context, keys[2])
        start = self._bridge(carry[-1], ys.dtype)
        if self.attention is None:
            return start, None
        return start, self.attention.remember(ys, lengths)

    def top_layer_inputs(self, sources: Integer[Array, "s b"]) -> LayerInputs:
        """Return what enters the uppermost layer of the encoder; all words count."""
        xs = self.source_table(sources)
        return top_layer_inputs(self.encoder.layer, self.encoder.pure_params(), xs)

    def decode(
        self,
        inputs: Integer[Array, "t b"],
        start: Decoder,
        memory: AttentionKeys | None,
        *,
        key: Key | None = None,
    ) -> Float[Array, "t b x"]:
        """Return the readouts over a given target, before output dropout.

        With input feeding it is one loop over the steps. Without, nothing of a readout
        enters the layers, so they run over all steps first.

        Args:
            inputs: the target one step later, behind ``<bos>``.
            start: where the decoder starts.
            memory: what it attends to.
            key: drops; without it nothing is dropped.
        """
        keys = (None,) * 2 if key is None else jax.random.split(key)
        xs = dropout(self.embed(inputs), self.config.dropout.embedding, keys[0])
        if self.config.input_feeding:
            return self._feed(xs, start, memory, keys[1])
        _, hs = self.decoder(xs, start.carries, key=keys[1])
        return jax.vmap(lambda h: self._read(h, memory)[0])(hs)

    def advance(
        self, state: Decoder, x: Float[Array, "*b x"], memory: AttentionKeys | None
    ) -> tuple[Decoder, Array | None]:
        """Make one step of the decoder, without noise.

        Args:
            state: of the step before.
            x: the embedded word that was written last.
            memory: what to attend to.

        Returns:
            The next state, and the weights of the attention if there is one.
        """
        entering = self._fed(x, state.readout)[None]
        params, _ = self.decoder.prepare(entering)
        return self._advance(params, state, x, memory)

    def drop_output(
        self, hs: Float[Array, "t b x"], key: Key | None
    ) -> Float[Array, "t b x"]:
        """Apply output dropout."""
        return dropout(hs, self.config.dropout.output, key)

    def embed(self, tokens: Integer[Array, "*b"]) -> Float[Array, "*b x"]:
        """Return the embedded words of the target language."""
        return self.target_table(tokens)

    def logits(self, hs: Float[Array, "*b x"]) -> Float[Array, "*b v"]:
        """Return the unnormalised log-probabilities of the next word."""
        return self.softmax.logits(hs, self.target_table)

    def nll(
        self, hs: Float[Array, "*b x"], targets: Integer[Array, "*b"]
    ) -> Float[Array, "*b"]:
        """Return the nats of each target, as read off :meth:`logits`."""
        return self.softmax.nll(hs, targets, self.target_table)

    def _bridge(self, carry: Carry, dtype: DType) -> Decoder:
        """Map the last carry of the top encoder layer to all carries of the decoder."""
        summary = jnp.concatenate(jax.tree.leaves(carry), axis=-1)
        flat = jnp.tanh(self.bridge(summary))
        like = self.decoder.layer.init_carry(flat.shape[:-1], flat.dtype)
        leaves, structure = jax.tree.flatten(like)
        ends = [sum(leaf.shape[-1] for leaf in leaves[:n]) for n in range(len(leaves))]
        parts = jnp.split(flat, ends[1:], axis=-1)
        zeros = jnp.zeros((*flat.shape[:-1], self.config.readout_size), dtype)
        return Decoder(jax.tree.unflatten(structure, parts), zeros)

    def _feed(
        self, xs: Array, start: Decoder, memory: AttentionKeys | None, key: Key | None
    ) -> Array:
        width = xs.shape[-1] + start.readout.shape[-1]
        entering = jax.ShapeDtypeStruct((*xs.shape[:-1], width), xs.dtype)
        params, noise = self.decoder.prepare(entering, key)

        def step(state: Decoder, inputs: Any) -> tuple[Decoder, Array]:
            x, noise = inputs
            state, _ = self._advance(params, state, x, memory, noise)
            return state, state.readout

        return jax.lax.scan(step, start, (xs, noise))[1]

    def _advance(
        self, params: Any, state: Decoder, x: Array, memory: AttentionKeys | None,
        noise: Any = None,
    ) -> tuple[Decoder, Array | None]:  # fmt: skip
        """Make one step with prepared parameters."""
        x = self._fed(x, state.readout)
        carries, h = self.decoder.step(params, state.carries, x, noise)
        readout, weights = self._read(h, memory)
        return Decoder(carries, readout), weights

    def _fed(self, x: Array, readout: Array) -> Array:
        """Return what enters the layers at a step."""
        return jnp.concatenate([x, readout], -1) if self.config.input_feeding else x

    def _read(
        self, h: Array, memory: AttentionKeys | None
    ) -> tuple[Array, Array | None]:
        """Return ``tanh(W [h, context] + b)``, and the weights of the attention."""
        weights = None
        if memory is not None:
            context, weights = self.attention(memory, h)
            h = jnp.concatenate([h, context], axis=-1)
        return jnp.tanh(self.readout(h)), weights


def _size(layer: Layer) -> int:
    """Return how many numbers the carry of a row has."""
    return sum(leaf.size for leaf in jax.tree.leaves(layer.init_carry()))
