"""A model of video: an encoder of frames, and a decoder that writes the next ones."""

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from jlstm._internal.options import Options, Size
from jlstm._internal.types import Carry, DType, Key, accumulator_dtype
from jlstm.initializers import Constant, Glorot
from jlstm.layers import Stack
from jlstm.layers.check import carry_types, check_stack
from jlstm.nnx.dense import Dense
from jlstm.nnx.rnn import RNN
from jlstm.tasks.video.data import Prep
from jlstm.tasks.video.patches import from_patches, to_patches
from jlstm.training.config.stack import ImageStackConfig, check_forwards


@dataclass(frozen=True)
class VideoConfig(Options):
    """Hyper-parameters of a model of video.

    Attributes:
        stack: the recurrent layers, of the encoder and again of the decoder. A
            convolutional cell reads each frame as an image whose channels are the
            pixels of a patch; any other cell reads it as one vector.
        patch: rows and columns of a patch.
        teacher_forcing: the decoder reads the true frames in training; without it, its
            own ones, as it does when it predicts.

    Example:
        >>> VideoConfig().title
        'ConvLSTM 1×32, patches of 4'
    """

    stack: ImageStackConfig = ImageStackConfig("ConvLSTMCell", hidden_sizes=(32,))
    patch: Size = 4
    teacher_forcing: bool = False

    def __post_init__(self) -> None:
        why = "so the layers would have seen the frame that they predict"
        check_forwards(self.stack, why)

    @property
    def title(self) -> str:
        """What a table calls it."""
        how = f"patches of {self.patch}" if self.stack.reads_images else "flat frames"
        return f"{self.stack.title}, {how}"

    def make_stack(self, prep: Prep) -> Stack:
        """Return the layers for frames of some size.

        Raises:
            ValueError: patches, kernels or strides do not fit the frames.
        """
        size = prep.height, prep.width
        if any(n % self.patch for n in size):
            raise ValueError(
                f"model.patch is {self.patch}, which does not divide frames of "
                f"{size[0]} × {size[1]}: choose a divisor of both."
            )
        grid = tuple(n // self.patch for n in size)
        try:
            stack = self.stack.make_stack(grid)
        except ValueError as error:
            raise ValueError(f"model.stack.{error}") from None
        if self.stack.reads_images:
            _check_kept(stack, grid)
        return stack


class FramePredictor(nnx.Module):
    """Reads frames and writes the next ones, each pixel with a chance of its own.

    The decoder goes on from the carry of the encoder. Its first input is the last frame
    that was read; the next ones are those that it has written itself or, in training
    with teacher forcing, the true ones. A pixel's logit is a linear map of the output
    at its patch, a convolution of one by one, or of the whole output where frames are
    vectors. Time leads.

    Example:
        >>> prep = Prep(height=8, width=8, seen=3, ahead=2, mean=0.1)
        >>> model = FramePredictor(VideoConfig(), prep, rngs=nnx.Rngs(0))
        >>> model(jnp.zeros((3, 5, 8, 8))).shape
        (2, 5, 8, 8)
    """

    def __init__(
        self,
        config: VideoConfig,
        prep: Prep,
        *,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``."""
        self.config, self.prep = config, prep
        stack = config.make_stack(prep)
        self.flat = not config.stack.reads_images
        check_stack(
            "FramePredictor", stack, causal=True, features=1 if self.flat else 3
        )
        pixels = prep.height * prep.width if self.flat else config.patch**2
        make = {"rngs": rngs, "param_dtype": param_dtype}
        self.encoder = RNN(stack, pixels, time_major=True, **make)
        self.decoder = RNN(stack, pixels, time_major=True, **make)
        start = Constant(_logit(prep.mean))  # the first guess is the mean intensity
        size = self.decoder.output_size
        self.out = Dense(size, pixels, kernel_init=Glorot(), bias_init=start, **make)

    def __call__(
        self, seen: Float[Array, "t b h w"], *, key: Key | None = None
    ) -> Float[Array, "k b h w"]:
        """Return the logits of the next frames, each predicted from the ones before.

        Args:
            seen: frames that are known, intensities from 0 to 1.
            key: drops as in training.
        """
        keys = (None,) * 2 if key is None else jax.random.split(key)
        xs = self._enter(seen)
        steps = jax.ShapeDtypeStruct((self.prep.ahead, *xs.shape[1:]), xs.dtype)
        params, noise = self.decoder.prepare(steps, keys[1])

        def step(
            state: tuple[Carry, Array], noise: Any
        ) -> tuple[tuple[Carry, Array], Array]:
            carry, h = self.decoder.step(params, *state, noise)
            z = self.out(h)
            return (carry, jax.nn.sigmoid(z).astype(xs.dtype)), z

        start, count = (self.encoder(xs, key=keys[0])[0], xs[-1]), self.prep.ahead
        # Unrolled: on CPUs a convolution's gradient takes ten times as long in a loop.
        return self._leave(jax.lax.scan(step, start, noise, count, unroll=count)[1])

    def forced(
        self, frames: Float[Array, "t b h w"], *, key: Key | None = None
    ) -> Float[Array, "k b h w"]:
        """Return the logits of the last frames, each predicted from the true ones."""
        keys = (None,) * 2 if key is None else jax.random.split(key)
        xs, seen = self._enter(frames[:-1]), self.prep.seen
        carry, _ = self.encoder(xs[:seen], key=keys[0])
        return self._leave(
            self.out(self.decoder(xs[seen - 1 :], carry, key=keys[1])[1])
        )

    def _enter(self, frames: Float[Array, "t b h w"]) -> Float[Array, "t b ..."]:
        patches = to_patches(frames, self.config.patch)
        return patches.reshape(*frames.shape[:2], -1) if self.flat else patches

    def _leave(self, zs: Float[Array, "t b ..."]) -> Float[Array, "t b h w"]:
        side = self.config.patch
        grid = (self.prep.height // side, self.prep.width // side, side**2)
        return from_patches(zs.reshape(*zs.shape[:2], *grid), side)


def frame_nats(
    logits: Float[Array, "*b h w"], frames: Float[Array, "*b h w"]
) -> Float[Array, "*b"]:
    """Return the cross entropy of each frame, summed over its pixels.

    It takes logits, so that no chance is cut off near 0 or 1.

    Example:
        >>> nats = frame_nats(jnp.array([[0.0, 200.0]]), jnp.array([[0.5, 0.0]]))
        >>> round(float(nats), 4)
        200.6931
    """
    wide = accumulator_dtype(logits.dtype)
    logits, frames = logits.astype(wide), frames.astype(wide)
    return jnp.sum(jax.nn.softplus(logits) - frames * logits, axis=(-2, -1))


def _check_kept(stack: Stack, grid: tuple[int, ...]) -> None:
    """Raise ValueError where a layer leaves fewer places than there are patches."""
    for leaf in carry_types(stack):
        if leaf.shape[:-1] != grid:
            raise ValueError(
                f"model.stack.options leave {leaf.shape[:-1]} of the {grid} patches of "
                "a frame, and each is predicted: leave strides at 1 and padding at "
                '"SAME".'
            )


def _logit(share: float) -> float:
    share = min(max(share, 1e-3), 1 - 1e-3)
    return math.log(share / (1 - share))
