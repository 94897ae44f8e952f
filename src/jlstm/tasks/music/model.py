"""A model of polyphonic music: which keys sound next, each with a chance of its own."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int, Integer

from jlstm._internal.options import Options, Rate
from jlstm._internal.types import Carry, DType, Key, Shape, accumulator_dtype
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.data.music import KEYS
from jlstm.initializers import Glorot
from jlstm.layers import Layer
from jlstm.layers.check import check_stack
from jlstm.nnx.dense import Dense
from jlstm.nnx.rnn import RNN
from jlstm.regularizers import dropout
from jlstm.training.config.stack import StackConfig, check_forwards


@dataclass(frozen=True)
class MusicConfig(Options):
    """Hyper-parameters of a model of music.

    Attributes:
        stack: the recurrent layers; they read forwards only.
        output_dropout: rate before the answer.

    Example:
        >>> MusicConfig().title
        'LSTM 2×200'
    """

    stack: StackConfig = StackConfig(hidden_sizes=(200, 200))
    output_dropout: Rate = 0.0

    def __post_init__(self) -> None:
        why = "so the layers would have heard the step that they predict"
        check_forwards(self.stack, why)

    @property
    def title(self) -> str:
        """What a table calls it."""
        return self.stack.title


class MusicModel(nnx.Module):
    """Logits of every key at the next step, of pieces side by side; time leads.

    Given the steps before, the keys are independent: a chord's likelihood is the
    product of those of its keys.

    Example:
        >>> stack = MusicConfig(StackConfig(hidden_sizes=(8,))).stack.make_stack()
        >>> model = MusicModel(stack, rngs=nnx.Rngs(0))
        >>> _, logits = model(jnp.zeros((5, 2, 88)))
        >>> logits.shape
        (5, 2, 88)
    """

    def __init__(
        self,
        stack: Layer,
        output_dropout: float = 0.0,
        *,
        keys: int = KEYS,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``.

        Args:
            stack: the recurrent layers.
            output_dropout: rate before the answer.
            keys: how many there are.
            rngs: randomness.
            param_dtype: of all parameters.
        """
        self.output_dropout = output_dropout
        check_stack("MusicModel", stack, causal=True)
        make = {"rngs": rngs, "param_dtype": param_dtype}
        self.rnn = RNN(stack, keys, time_major=True, **make)
        self.out = Dense(self.rnn.output_size, keys, kernel_init=Glorot(), **make)

    def init_carry(self, batch_shape: Shape = (), dtype: DType = jnp.float32) -> Carry:
        """Return the carry before the first step."""
        return self.rnn.init_carry(batch_shape, dtype)

    def __call__(
        self,
        xs: Float[Array, "t *b k"],
        carry: Carry | None = None,
        *,
        lengths: Int[Array, "*b"] | None = None,
        key: Key | None = None,
    ) -> tuple[Carry, Float[Array, "t *b k"]]:
        """Return the carry behind ``xs``, and the logits of what follows each step.

        Args:
            xs: 1 for a key that sounds, 0 for one that does not.
            carry: what was before; by default nothing.
            lengths: steps of each piece; all of them by default.
            key: drops; without it nothing is dropped.
        """
        keys = (None,) * 2 if key is None else jax.random.split(key)
        carry, ys = self.rnn(xs, carry, lengths=lengths, key=keys[0])
        return carry, self._logits(dropout(ys, self.output_dropout, keys[1]))

    def advance(
        self, x: Float[Array, "*b k"], carry: Carry
    ) -> tuple[Carry, Float[Array, "*b k"]]:
        """Return the carry after one more step, and the logits of what follows it."""
        params, _ = self.rnn.prepare(x[None])
        carry, y = self.rnn.step(params, carry, x)
        return carry, self._logits(y)

    def top_layer_inputs(self, xs: Float[Array, "t *b k"]) -> LayerInputs:
        """Return what enters the uppermost layer; all steps of each piece count."""
        return top_layer_inputs(self.rnn.layer, self.rnn.pure_params(), xs)

    def _logits(self, ys: Float[Array, "*b h"]) -> Float[Array, "*b k"]:
        z = self.out(ys)
        return z.astype(accumulator_dtype(z.dtype))


def chord_nll(
    logits: Float[Array, "t *b k"], chords: Float[Array, "t *b k"]
) -> Float[Array, "t *b"]:
    """Return the nats of each step, summed over its keys.

    It takes logits, so that no chance is cut off near 0 or 1.

    Example:
        >>> nats = chord_nll(jnp.array([[0.0, 200.0]]), jnp.array([[1.0, 0.0]]))
        >>> [round(n, 4) for n in nats.tolist()]
        [200.6931]
    """
    return jnp.sum(jax.nn.softplus(logits) - chords * logits, axis=-1)


def compose(
    model: MusicModel,
    opening: Integer[Array, "t *b k"] | Float[Array, "t *b k"],
    steps: int,
    key: Key,
    temperature: float = 1.0,
) -> Integer[Array, "n *b k"]:
    """Continue pieces by ``steps`` steps, in one compiled program.

    Args:
        model: what was trained.
        opening: the first steps, at least one.
        steps: how many to write.
        key: of the draws; a fixed one gives a fixed piece.
        temperature: divides the logits; below 1 the likely becomes likelier.

    Raises:
        ValueError: the opening is empty, or a number is out of range.

    Example:
        >>> stack = StackConfig(hidden_sizes=(8,)).make_stack()
        >>> model = MusicModel(stack, rngs=nnx.Rngs(0))
        >>> piece = compose(model, jnp.ones((1, 88)), 6, jax.random.key(0))
        >>> piece.shape, sorted(set(piece.ravel().tolist()))
        ((6, 88), [0, 1])
    """
    if len(opening) < 1 or steps < 1:
        raise ValueError(
            f"The opening has {len(opening)} steps and steps is {steps}; give at least "
            "one of each."
        )
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}; give a positive number.")
    dtype = model.out.kernel.dtype
    return _compose(model, opening.astype(dtype), steps, key, temperature)


@jax.jit(static_argnames=("steps", "temperature"))
def _compose(
    model: MusicModel, opening: Array, steps: int, key: Key, temperature: float
) -> Array:
    least = float(jnp.finfo(opening.dtype).tiny)  # what is smaller counts as 0

    def advance(state: tuple[Carry, Array], key: Key) -> tuple[tuple, Array]:
        carry, logits = state
        chances = jax.nn.sigmoid(logits / max(temperature, least))
        chord = jax.random.bernoulli(key, chances).astype(opening.dtype)
        return model.advance(chord, carry), chord.astype(jnp.uint8)

    carry, logits = model(opening)
    start = carry, logits[-1]
    return jax.lax.scan(advance, start, jax.random.split(key, steps))[1]
