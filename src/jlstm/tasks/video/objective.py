"""The video task: clips in batches, nats per frame that was predicted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Shaped

from jlstm._internal.options import Options, Size
from jlstm._internal.types import Carry, Key
from jlstm.data.share import WHOLE, OwnRows, Share, among_all, own_rows
from jlstm.tasks.video.data import Clips, Prep
from jlstm.tasks.video.model import FramePredictor, VideoConfig, frame_nats
from jlstm.training.select import Better
from jlstm.training.task import Metrics


@dataclass(frozen=True)
class ClipBatchConfig(Options):
    """How clips are put into batches.

    Attributes:
        batch_size: clips of an update; fewer where an epoch has not so many.
        eval_batch: clips of an evaluation step; changes speed only.
    """

    batch_size: Size = 16
    eval_batch: Size = 50


class FrameErrors(NamedTuple):
    """How wrong the frames of each clip are, step by step, summed over the pixels."""

    nats: Float[np.ndarray | Array, "n k"]
    squares: Float[np.ndarray | Array, "n k"]


@dataclass(frozen=True, eq=False)
class ClipBatches(OwnRows, Sequence):
    """Batches of clips, numbered from ``first`` on; what fills no batch is left out."""

    clips: Clips
    first: int
    batch_size: int
    share: Share = WHOLE

    def __len__(self) -> int:
        return len(self.clips) // self.batch_size

    def __getitem__(self, number: int) -> Shaped[np.ndarray, "n t h w"]:
        if not 0 <= number < len(self):
            raise IndexError(f"There are {len(self)} batches, no batch {number}.")
        size, share = self.batch_size, self.share
        rows = self.first + number * size + np.arange(size)
        read = self.clips.take(rows[own_rows(size, share)])
        return among_all(read, size, share, axis=0)


@dataclass(frozen=True, eq=False)
class VideoTask:
    """The next frames of a clip; see :class:`jlstm.training.task.Task`.

    The loss is the cross entropy of the predicted frames in nats, each summed over its
    pixels. In training the decoder may read the true frames; an evaluation always reads
    what was predicted, so that its loss is no lower than that of training.

    Attributes:
        config: hyper-parameters of the model.
        prep: what it knows of its data.
        parts: clips to learn from and to score.
        cut: how they are put into batches.
        baselines: nats per frame of the baselines.
    """

    config: VideoConfig
    prep: Prep
    parts: dict[str, Clips]
    cut: ClipBatchConfig = ClipBatchConfig()
    baselines: dict[str, float] = field(default_factory=dict)
    unit: str = "clips"
    has_test: bool = True

    def make_model(self, key: Key) -> FramePredictor:
        """Draw a model."""
        return FramePredictor(self.config, self.prep, rngs=nnx.Rngs(key))

    def init_carry(self) -> Carry:
        """Return nothing: each clip starts from zeros."""
        return ()

    @property
    def measures(self) -> dict[str, Better]:
        """What can choose the best epoch."""
        return {"loss": "lower", "squared_error": "lower"}

    def batches(self, epoch: int) -> ClipBatches:
        """Return the training batches; those of another epoch have other clips."""
        clips = self.parts["train"]
        size = min(self.cut.batch_size, len(clips))
        return ClipBatches(clips, epoch * len(clips), size)

    def count(self, batch: Shaped[np.ndarray, "n t h w"]) -> int:
        """Return the number of clips."""
        return len(batch)

    def row_axes(self, batch: Shaped[np.ndarray, "n t h w"]) -> int:
        """Return the axis of the clips, which come first."""
        return 0

    def loss(
        self,
        model: FramePredictor,
        carry: Carry,
        batch: Shaped[np.ndarray | Array, "n t h w"],
        key: Key,
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return the nats per predicted frame."""
        frames, seen = as_input(batch), self.prep.seen
        forced = self.config.teacher_forcing
        zs = model.forced(frames, key=key) if forced else model(frames[:seen], key=key)
        loss = frame_nats(zs, frames[seen:]).mean()
        return loss, (carry, {"loss": loss})

    def evaluate(self, model: FramePredictor, part: str) -> dict[str, float]:
        """Return ``loss``, nats per frame, and ``squared_error`` of a frame."""
        errors = self.errors(model, self.parts[part])
        return {
            "loss": float(errors.nats.mean(dtype=np.float64)),
            "squared_error": float(errors.squares.mean(dtype=np.float64)),
        }

    def errors(self, model: FramePredictor, clips: Clips) -> FrameErrors:
        """Return how wrong the predicted frames of all clips are."""
        found = [
            jax.tree.map(lambda a, n=real: np.asarray(a)[:n], _errors(model, batch))
            for batch, real in pieces(clips, self.cut.eval_batch)
        ]
        return FrameErrors(*map(np.concatenate, zip(*found, strict=True)))

    def predicted(
        self, model: FramePredictor, clips: Clips
    ) -> Iterator[Float[np.ndarray, "n k h w"]]:
        """Yield the frames that come next, of some clips at a time."""
        for batch, real in pieces(clips, self.cut.eval_batch):
            yield np.asarray(_predicted(model, batch))[:real]


def as_input(
    clips: Shaped[np.ndarray | Array, "n t h w"],
) -> Float[Array, "t n h w"]:
    """Return clips as a model reads them: time first, intensities from 0 to 1.

    Example:
        >>> as_input(np.full((5, 3, 1, 1), 255, np.uint8))[:, 0].ravel().tolist()
        [1.0, 1.0, 1.0]
    """
    scale = 255 if clips.dtype == np.uint8 else 1
    return jnp.moveaxis(jnp.asarray(clips).astype(jnp.float32), 1, 0) / scale


def pieces(
    clips: Clips, size: int
) -> Iterator[tuple[Shaped[np.ndarray, "n t h w"], int]]:
    """Yield ``size`` clips at a time, the last one repeated, and how many are real."""
    for start in range(0, len(clips), size):
        rows = np.minimum(np.arange(start, start + size), len(clips) - 1)
        yield clips.take(rows), min(size, len(clips) - start)


@jax.jit
def _errors(model: FramePredictor, batch: Array) -> FrameErrors:
    frames, seen = as_input(batch), model.prep.seen
    zs, truth = model(frames[:seen]), frames[seen:]
    squares = jnp.sum(jnp.square(jax.nn.sigmoid(zs) - truth), axis=(-2, -1))
    return FrameErrors(frame_nats(zs, truth).T, squares.T)


@jax.jit
def _predicted(model: FramePredictor, batch: Array) -> Float[Array, "n k h w"]:
    zs = model(as_input(batch)[: model.prep.seen])
    return jnp.moveaxis(jax.nn.sigmoid(zs), 0, 1)
