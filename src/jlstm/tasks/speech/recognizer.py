"""A recognizer: recurrent layers over frames, a class or a blank at every step."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from jlstm._internal.options import Options, Rate, Size
from jlstm._internal.tree import zero_unless
from jlstm._internal.types import DType, Key, accumulator_dtype
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.initializers import Glorot
from jlstm.layers.check import check_stack
from jlstm.masking import steps_within
from jlstm.nnx.dense import Dense
from jlstm.nnx.rnn import RNN
from jlstm.regularizers import dropout
from jlstm.training.config.stack import StackConfig

BLANK = 0
"""The class that stands for no symbol; symbols are numbered from 1."""


@dataclass(frozen=True)
class RecognizerConfig(Options):
    """Hyper-parameters of a recognizer.

    Attributes:
        stack: the recurrent layers.
        join: frames that become one step: fewer steps are faster, and easier to align.
        input_dropout: rate on entries of the steps.
        output_dropout: rate before the softmax.

    Example:
        >>> RecognizerConfig(join=3).title
        'BiLSTM 1×128, 3 frames per step'
    """

    stack: StackConfig = StackConfig(bidirectional=True)
    join: Size = 2
    input_dropout: Rate = 0.0
    output_dropout: Rate = 0.0

    @property
    def title(self) -> str:
        """What a table calls it."""
        joined = f", {self.join} frames per step" if self.join > 1 else ""
        return self.stack.title + joined


class Recognizer(nnx.Module):
    """Logits of the blank and of ``num_symbols`` symbols at every step; time leads.

    Class 0 is the blank. Padding after the end of a row changes no logits before it.

    Example:
        >>> model = Recognizer(RecognizerConfig(), 10, 40, rngs=nnx.Rngs(0))
        >>> logits, lengths = model(jnp.ones((7, 3, 40)), jnp.array([7, 4, 0]))
        >>> logits.shape, lengths.tolist()
        ((4, 3, 11), [4, 2, 0])
    """

    def __init__(
        self,
        config: RecognizerConfig,
        num_symbols: int,
        input_size: int,
        *,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``.

        Args:
            config: hyper-parameters.
            num_symbols: without the blank.
            input_size: features of a frame.
            rngs: randomness.
            param_dtype: of all parameters.
        """
        self.config = config
        stack = config.stack.make_stack()
        check_stack("Recognizer", stack)
        make = {"rngs": rngs, "param_dtype": param_dtype}
        self.rnn = RNN(stack, config.join * input_size, time_major=True, **make)
        size, classes = self.rnn.output_size, num_symbols + 1
        self.out = Dense(size, classes, kernel_init=Glorot(), **make)

    def __call__(
        self,
        xs: Float[Array, "t b x"],
        lengths: Int[Array, " b"],
        *,
        key: Key | None = None,
    ) -> tuple[Float[Array, "s b k"], Int[Array, " b"]]:
        """Return the logits of each step, and how many steps each row has.

        Args:
            xs: features of the frames.
            lengths: frames of each row.
            key: drops; without it nothing is dropped.
        """
        keys = (None,) * 3 if key is None else jax.random.split(key, 3)
        xs, lengths = join_frames(xs, lengths, self.config.join)
        xs = dropout(xs, self.config.input_dropout, keys[0])
        _, ys = self.rnn(xs, lengths=lengths, key=keys[1])
        z = self.out(dropout(ys, self.config.output_dropout, keys[2]))
        return z.astype(accumulator_dtype(z.dtype)), lengths

    def top_layer_inputs(self, xs: Float[Array, "t b x"]) -> LayerInputs:
        """Return what enters the uppermost layer; all frames of each row count."""
        lengths = jnp.full(xs.shape[1:2], xs.shape[0], jnp.int32)
        joined, _ = join_frames(xs, lengths, self.config.join)
        return top_layer_inputs(self.rnn.layer, self.rnn.pure_params(), joined)


def join_frames(
    xs: Float[Array, "t b x"], lengths: Int[Array, " b"], count: int
) -> tuple[Float[Array, "s b y"], Int[Array, " b"]]:
    """Put every ``count`` frames side by side; a last group is filled up with zeros.

    Example:
        >>> xs = jnp.arange(1.0, 6.0)[:, None, None]
        >>> joined, lengths = join_frames(xs, jnp.array([3]), 2)
        >>> joined[:, 0].tolist(), lengths.tolist()
        ([[1.0, 2.0], [3.0, 0.0], [0.0, 0.0]], [2])
    """
    steps, rows, size = xs.shape
    xs = zero_unless(steps_within(lengths, steps), xs)
    xs = jnp.pad(xs, ((0, -steps % count), (0, 0), (0, 0)))
    grouped = jnp.swapaxes(xs.reshape(-1, count, rows, size), 1, 2)
    return grouped.reshape(-1, rows, count * size), -(-lengths // count)
