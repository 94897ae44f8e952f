"""From a sequence to another one: encoder, bridge, decoder with attention, softmax."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int, Integer

from jlstm._internal.affine import affine
from jlstm._internal.types import Carry, DType, Key, accumulator_dtype
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.initializers import Glorot, Uniform
from jlstm.layers.check import check_stack
from jlstm.losses import linear_nll
from jlstm.nnx.attention import AttentionKeys, attend, make_attention, remember
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
        self.encoder = config.stack.make_stack()
        self.decoder = config.decoder.make_stack()
        self._check_stacks()
        self.attention = make_attention(config.attention, config.attention_size)
        width, out = config.embedding_size, config.readout_size
        draw = Uniform(config.init_scale)

        def drawn(*shape: int) -> nnx.Param:
            return nnx.Param(draw(rngs.params(), shape, param_dtype))

        def dense(*shape: int) -> nnx.Param:
            return nnx.Param(Glorot()(rngs.params(), shape, param_dtype))

        def layers(stack: Any, size: int) -> Any:
            params = stack.init(rngs.params(), size, param_dtype)
            return nnx.data(jax.tree.map(nnx.Param, params))

        self.source_table = drawn(source_vocab, width)
        self.target_table = drawn(target_vocab, width)
        self.encoder_layers = layers(self.encoder, width)
        fed = out if config.input_feeding else 0
        self.decoder_layers = layers(self.decoder, width + fed)
        values = self.encoder.output_size(width)
        query = self.decoder.output_size(width)
        self.attention_params = nnx.data(None)
        if self.attention is not None:
            own = self.attention.init(rngs.params(), query, values, param_dtype)
            self.attention_params = nnx.data(jax.tree.map(nnx.Param, own))
            query += values
        summary, carry = (
            sum(leaf.size for leaf in jax.tree.leaves(c.init_carry()))
            for c in (self.encoder.layers[-1], self.decoder)
        )
        self.w_bridge = dense(summary, carry)
        self.b_bridge = nnx.Param(jnp.zeros((carry,), param_dtype))
        self.w_readout = dense(query, out)
        self.b_readout = nnx.Param(jnp.zeros((out,), param_dtype))
        self.w_out = nnx.data(None) if config.tied else drawn(out, target_vocab)
        self.b_out = nnx.Param(jnp.zeros((target_vocab,), param_dtype))

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
        xs = dropout(self.source_table[...][sources], rates.embedding, keys[0])
        params = nnx.as_pure(self.encoder_layers)
        carry, ys = self.encoder.apply(params, xs, lengths=lengths, key=keys[1])
        ys = dropout(ys, rates.context, keys[2])
        return self._bridge(carry[-1], ys), self._remember(ys, lengths)

    def top_layer_inputs(self, sources: Integer[Array, "s b"]) -> LayerInputs:
        """Return what enters the uppermost layer of the encoder; all words count."""
        xs = self.source_table[...][sources]
        return top_layer_inputs(self.encoder, nnx.as_pure(self.encoder_layers), xs)

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
        params = nnx.as_pure(self.decoder_layers)
        _, hs = self.decoder.apply(params, xs, start.carries, key=keys[1])
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
        params, _ = self.decoder.prepare(nnx.as_pure(self.decoder_layers), entering)
        return self._advance(params, state, x, memory)

    def drop_output(
        self, hs: Float[Array, "t b x"], key: Key | None
    ) -> Float[Array, "t b x"]:
        """Apply output dropout."""
        return dropout(hs, self.config.dropout.output, key)

    def embed(self, tokens: Integer[Array, "*b"]) -> Float[Array, "*b x"]:
        """Return the embedded words of the target language."""
        return self.target_table[...][tokens]

    def logits(self, hs: Float[Array, "*b x"]) -> Float[Array, "*b v"]:
        """Return the unnormalised log-probabilities of the next word."""
        weight = self.target_table[...].T if self.config.tied else self.w_out[...]
        z = affine(hs, weight, self.b_out[...])
        return z.astype(accumulator_dtype(z.dtype))

    def nll(
        self, hs: Float[Array, "*b x"], targets: Integer[Array, "*b"]
    ) -> Float[Array, "*b"]:
        """Return the nats of each target, as read off :meth:`logits`."""
        tied = self.config.tied
        weight = self.target_table if tied else self.w_out
        return linear_nll(hs, weight[...], self.b_out[...], targets, tied=tied)

    def _check_stacks(self) -> None:
        """Refuse layers that cannot do this; the configuration has seen the carries."""
        check_stack("Seq2Seq: encoder", self.encoder)
        check_stack("Seq2Seq: decoder", self.decoder, causal=True)

    def _remember(self, ys: Array, lengths: Array) -> AttentionKeys | None:
        if self.attention is None:
            return None
        params = nnx.as_pure(self.attention_params)
        return remember(self.attention, params, ys, lengths)

    def _bridge(self, carry: Carry, ys: Array) -> Decoder:
        """Map the last carry of the top encoder layer to all carries of the decoder."""
        summary = jnp.concatenate(jax.tree.leaves(carry), axis=-1)
        flat = jnp.tanh(affine(summary, self.w_bridge[...], self.b_bridge[...]))
        like = self.decoder.init_carry(flat.shape[:-1], flat.dtype)
        leaves, structure = jax.tree.flatten(like)
        ends = [sum(leaf.shape[-1] for leaf in leaves[:n]) for n in range(len(leaves))]
        parts = jnp.split(flat, ends[1:], axis=-1)
        zeros = jnp.zeros((*flat.shape[:-1], self.config.readout_size), flat.dtype)
        return Decoder(jax.tree.unflatten(structure, parts), zeros)

    def _feed(
        self, xs: Array, start: Decoder, memory: AttentionKeys | None, key: Key | None
    ) -> Array:
        width = xs.shape[-1] + start.readout.shape[-1]
        entering = jax.ShapeDtypeStruct((*xs.shape[:-1], width), xs.dtype)
        layers = nnx.as_pure(self.decoder_layers)
        params, noise = self.decoder.prepare(layers, entering, key)

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
            params = nnx.as_pure(self.attention_params)
            context, weights = attend(self.attention, params, memory, h)
            h = jnp.concatenate([h, context], axis=-1)
        return jnp.tanh(affine(h, self.w_readout[...], self.b_readout[...])), weights
