"""Features of a whole data set, in batches of a few shapes."""

from collections.abc import Sequence
from functools import partial

import jax
import numpy as np
from jaxtyping import Array, Float, Int

from jlstm.data.audio.frames import count_frames
from jlstm.data.audio.mel import LogMelConfig, log_mel
from jlstm.data.bucket import BucketedBatches, boundaries_of


def extract_log_mel(
    waveforms: Sequence[np.ndarray],
    config: LogMelConfig,
    *,
    batch_size: int = 64,
    buckets: int = 4,
) -> list[np.ndarray]:
    """Return the features ``t x`` of each sound.

    Args:
        waveforms: samples ``n`` from -1 to 1, of each sound.
        config: how.
        batch_size: sounds at a time; changes speed only.
        buckets: lengths to pad to, each of which is compiled; changes speed only.

    Raises:
        ValueError: a sound is shorter than one frame.

    Example:
        >>> sounds = [np.ones(n, np.float32) for n in (4000, 2000)]
        >>> [xs.shape for xs in extract_log_mel(sounds, LogMelConfig())]
        [(48, 40), (23, 40)]
    """
    if not waveforms:
        return []
    samples = np.array([len(one) for one in waveforms])
    frames = count_frames(samples, config.frame_size, config.hop_size)
    if not frames.all():
        short = int(np.argmin(frames))
        raise ValueError(
            f"Sound {short} has {samples[short]} samples, a frame has "
            f"{config.frame_size}; leave it out, or train with a shorter front.window."
        )
    batches = BucketedBatches(waveforms, batch_size, boundaries_of(samples, buckets))
    found: list[np.ndarray] = [np.empty(0)] * len(waveforms)
    for xs, lengths, rows in batches:
        features = np.asarray(_log_mel(xs, lengths.astype(np.int32), config))
        for column, row in enumerate(rows[rows >= 0]):
            found[row] = features[: frames[row], column]
    return found


@partial(jax.jit, static_argnums=2)
def _log_mel(
    xs: Float[Array, "n b"], lengths: Int[Array, " b"], config: LogMelConfig
) -> Float[Array, "t b x"]:
    return log_mel(xs, config, lengths)[0]
