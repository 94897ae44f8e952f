"""Truncated back-propagation through windows of varying length.

With windows of one length the same tokens always stand at the end of a window, where
little gradient reaches them. AWD-LSTM therefore draws the length of every window. Here
the lengths are drawn once and shuffled for every epoch: each epoch has as many windows,
and a program is compiled for a handful of lengths only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Integer

from jlstm.data.share import OwnRows, Share
from jlstm.data.stream import TokenStream, Window


@dataclass(frozen=True, eq=False)
class VariedStream(OwnRows, Sequence[Window]):
    """The windows of a corpus, of the lengths given, one after the other.

    Args:
        stream: the corpus in streams; its own windows do not matter.
        lengths: of the windows; together they cover the steps of the stream.

    Raises:
        ValueError: the lengths do not cover the stream exactly.

    Example:
        >>> stream = TokenStream(np.arange(12), batch_size=2, window=5)
        >>> [window.inputs.shape for window in VariedStream(stream, (1, 3, 1))]
        [(1, 2), (3, 2), (1, 2)]
    """

    stream: TokenStream
    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        if min(self.lengths, default=0) < 1 or sum(self.lengths) != self.stream.steps:
            raise ValueError(
                f"{len(self.lengths)} windows have {sum(self.lengths)} steps together; "
                f"give positive lengths that cover the {self.stream.steps} steps."
            )

    def own(self, share: Share) -> "VariedStream":
        """Return the same windows with a share of the streams."""
        return replace(self, stream=self.stream.own(share))

    @property
    def num_predictions(self) -> int:
        """Tokens that all windows together predict."""
        return self.stream.num_predictions

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, i: int) -> Window:  # pyrefly: ignore[bad-override]
        if not 0 <= i < len(self):
            raise IndexError(f"window {i} of {len(self)}: count from 0.")
        start = sum(self.lengths[:i])
        return self.stream.between(start, start + self.lengths[i])


def draw_lengths(
    steps: int, mean: int, deviation: float, short_share: float = 0.05, seed: int = 0
) -> Integer[np.ndarray, " n"]:
    """Draw window lengths that cover ``steps``, in a random order.

    A length is normal around ``mean``, or with probability ``short_share`` around half
    of it, rounded to a multiple of five, and at least five. The last one is what is
    left.

    Source: S. Merity, N. S. Keskar and R. Socher, 2017 (arXiv:1708.02182), section 4.1;
    the rounding is ours.

    Args:
        steps: to be covered.
        mean: of most lengths.
        deviation: standard deviation of the lengths.
        short_share: share of the windows of half the length.
        seed: of the draw.

    Example:
        >>> draw_lengths(300, mean=70, deviation=5.0).tolist()
        [75, 75, 40, 40, 70]
    """
    generator = np.random.default_rng(seed)
    drawn = -(-2 * steps // 5)  # more than enough, as none is below five
    center = np.where(generator.random(drawn) < short_share, mean / 2, mean)
    lengths = np.rint(generator.normal(center, deviation) / 5).astype(np.int64) * 5
    ends = np.cumsum(np.maximum(lengths, 5))
    used = int(np.searchsorted(ends, steps))
    return np.diff(np.append(ends[:used], steps), prepend=0)


def shuffled(lengths: Integer[np.ndarray, " n"], epoch: int) -> tuple[int, ...]:
    """Return the lengths in the order of an epoch."""
    return tuple(np.random.default_rng(epoch).permutation(lengths).tolist())
