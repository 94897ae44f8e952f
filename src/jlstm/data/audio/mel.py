"""The log-mel spectrogram: how loud a sound is in bands that widen as the ear's do."""

from dataclasses import dataclass
from typing import Annotated

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float64, Int

from jlstm._internal.options import Limit, NotNegative, Options, Positive, Size
from jlstm._internal.tree import like, zero_unless
from jlstm.data.audio.frames import count_frames, frame, hann
from jlstm.data.audio.normalize import add_deltas, normalize
from jlstm.masking import steps_within

LONGEST = 2**24


@dataclass(frozen=True)
class LogMelConfig(Options):
    """How sound becomes features.

    Attributes:
        sample_rate: samples in a second.
        window: length of a frame, in seconds.
        hop: from one frame to the next, in seconds.
        bands: how many.
        low: where the lowest band begins, in Hz.
        high: where the highest ends, in Hz; ``None`` is half of the sample rate.
        level: bring each sound to a root mean square of 1 first, so that the floor is
            relative to it: a quiet recording keeps what a loud one keeps.
        floor: added to the energy of a band before the logarithm, so that silence is
            finite and faint noise does not count; full scale, or the level, is 1.
        deltas: how many derivatives over time to put next to the bands: 0, 1 or 2.
        normalize: shift and scale each feature of each utterance to mean 0 and
            variance 1 over its frames.

    Example:
        >>> config = LogMelConfig(bands=40, deltas=2)
        >>> config.frame_size, config.hop_size, config.fft_size, config.num_features
        (200, 80, 256, 120)
    """

    sample_rate: Size = 8_000
    window: Positive = 0.025
    hop: Positive = 0.010
    bands: Size = 40
    low: NotNegative = 20.0
    high: Positive | None = None
    level: bool = False
    floor: Positive = 1e-6
    deltas: Annotated[int, Limit("0, 1 or 2", lambda n: n in (0, 1, 2))] = 0
    normalize: bool = True

    def __post_init__(self) -> None:
        sizes = self.frame_size, self.hop_size
        if min(sizes) < 1 or max(sizes) > LONGEST:
            raise ValueError(
                f"front.window is {self.window} s and front.hop {self.hop} s; give 1 "
                f"to {LONGEST} samples at {self.sample_rate} Hz."
            )
        if not 0 <= self.low < self.top <= self.sample_rate / 2:
            raise ValueError(
                f"front.low is {self.low} and front.high {self.top} Hz; give 0 <= low "
                f"< high <= {self.sample_rate / 2}, half of the sample rate."
            )

    @property
    def frame_size(self) -> int:
        """Samples in a frame."""
        return round(self.window * self.sample_rate)

    @property
    def hop_size(self) -> int:
        """Samples from one frame to the next."""
        return round(self.hop * self.sample_rate)

    @property
    def fft_size(self) -> int:
        """The power of two that a frame is filled up to with zeros."""
        return 1 << (self.frame_size - 1).bit_length()

    @property
    def top(self) -> float:
        """Where the highest band ends, in Hz."""
        return self.sample_rate / 2 if self.high is None else self.high

    @property
    def num_features(self) -> int:
        """Features of a frame."""
        return self.bands * (1 + self.deltas)


def log_mel(
    xs: Float[Array, "n *b"],
    config: LogMelConfig,
    lengths: Int[Array, "*b"] | None = None,
) -> tuple[Float[Array, "t *b x"], Int[Array, "*b"]]:
    """Return the features of each frame, and how many frames each sound has.

    A frame that reaches beyond the end of its sound is no frame: what follows
    the end changes nothing, and the features there are zeros.

    Args:
        xs: samples from -1 to 1, time first.
        config: how.
        lengths: samples of each sound; all of them by default.

    Example:
        >>> xs = jnp.sin(2 * jnp.pi * 1000 / 8000 * jnp.arange(2000.0))
        >>> features, frames = log_mel(xs, LogMelConfig(normalize=False))
        >>> features.shape, frames.item(), jnp.argmax(features[0]).item()
        ((23, 40), 23, 18)
    """
    sizes = config.frame_size, config.hop_size
    if lengths is None:
        lengths = jnp.full(xs.shape[1:], xs.shape[0], jnp.int32)
    frames = jnp.asarray(count_frames(lengths, *sizes))
    pieces = frame(to_level(xs, lengths) if config.level else xs, *sizes)
    live = steps_within(frames, pieces.shape[0])
    # Before the logarithm: what is not finite after the end must not be seen at all.
    features = zero_unless(live, log_energy(zero_unless(live, pieces), config))
    features = add_deltas(features, frames, config.deltas)
    return (normalize(features, frames) if config.normalize else features), frames


def to_level(
    xs: Float[Array, "n *b"], lengths: Int[Array, "*b"]
) -> Float[Array, "n *b"]:
    """Scale each sound to a root mean square of 1; silence stays silent.

    Example:
        >>> to_level(jnp.array([3.0, -3.0, 9.0]), jnp.array(2)).tolist()
        [1.0, -1.0, 0.0]
    """
    inside = zero_unless(steps_within(lengths, xs.shape[0]), xs)
    count = jnp.maximum(lengths, 1).astype(xs.dtype)
    power = jnp.sum(jnp.square(inside), axis=0) / count
    # The root of 0 has no gradient, so the least power is under the root.
    return inside / jnp.sqrt(jnp.maximum(power, jnp.finfo(xs.dtype).tiny))[None]


def log_energy(
    pieces: Float[Array, "*b n"], config: LogMelConfig
) -> Float[Array, "*b x"]:
    """Return the logarithm of the energy of frames in each band."""
    windowed = pieces * like(jnp.asarray(hann(config.frame_size)), pieces)
    spectrum = jnp.fft.rfft(windowed, config.fft_size)
    power = jnp.square(spectrum.real) + jnp.square(spectrum.imag)
    energy = power @ jnp.asarray(mel_filters(config), power.dtype)
    return jnp.log(energy + jnp.asarray(config.floor, power.dtype))


def mel_filters(config: LogMelConfig) -> Float64[np.ndarray, "f x"]:
    """Return how much of the power at each frequency counts for each band.

    The bands are triangles of height 1 whose corners are evenly spaced on the mel scale
    of HTK, 2595 log10(1 + f / 700); a corner is the peak of the next band.

    Source: S. Young et al., The HTK Book, section 5.4.

    Raises:
        ValueError: a band is so narrow that no frequency falls into it.

    Example:
        >>> mel_filters(LogMelConfig(bands=4, low=0.0)).shape
        (129, 4)
    """
    low, high = hz_to_mel(np.array([config.low, config.top]))
    corners = mel_to_hz(np.linspace(low, high, config.bands + 2))
    hz = np.fft.rfftfreq(config.fft_size, 1 / config.sample_rate)[:, None]
    left, peak, right = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (hz - left) / (peak - left), (right - hz) / (right - peak)
    filters = np.maximum(0.0, np.minimum(rising, falling))
    empty = np.flatnonzero(~filters.any(axis=0))
    if len(empty):
        raise ValueError(
            f"front.bands is {config.bands}, and band {empty[0]} lies between two of "
            f"the {len(hz)} frequencies of a frame; give fewer bands, a higher "
            "front.low or a longer front.window."
        )
    return filters


def hz_to_mel(hz: Float64[np.ndarray, "*b"]) -> Float64[np.ndarray, "*b"]:
    """Return frequencies on HTK's mel scale."""
    return 2595 * np.log10(1 + hz / 700)


def mel_to_hz(mel: Float64[np.ndarray, "*b"]) -> Float64[np.ndarray, "*b"]:
    """Return the frequencies of mels."""
    return 700 * (10 ** (mel / 2595) - 1)
