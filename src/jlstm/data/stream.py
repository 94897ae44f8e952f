"""Truncated back-propagation through time: parallel streams cut into windows.

A corpus of ``n`` tokens is cut into ``batch_size`` streams of ``n // batch_size``
tokens that are read side by side, window after window, while the carry goes from one
window to the next. The streams are a reshaped view of the corpus: only the window at
hand is copied, so a memory-mapped corpus works as an in-memory one does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Integer

from jlstm.data.mapped import check_still_there
from jlstm.data.share import WHOLE, OwnRows, Share, among_all, own_rows


class Window(NamedTuple):
    """One step of truncated back-propagation: what comes in and what to predict."""

    inputs: Int32[np.ndarray, "t b"]
    targets: Int32[np.ndarray, "t b"]


@dataclass(frozen=True, eq=False)
class TokenStream(OwnRows, Sequence[Window]):
    """A corpus as a sequence of time-major windows.

    Tokens beyond ``batch_size`` equal streams are left out (fewer than ``batch_size``).
    In each stream every token but the first is predicted exactly once. The last window
    is as short as what is left; a mean over tokens must therefore weigh a window by
    ``inputs.shape[0]``. With ``drop_last`` that shorter window is left out, as in the
    TensorFlow PTB example. The place in a corpus is one integer, the window's number:
    to resume is ``range(i, len(stream))``.

    Args:
        tokens: the corpus, contiguous (a ``np.memmap`` will do).
        batch_size: number of streams.
        window: time steps in a window.
        drop_last: leave out a last window that is shorter than ``window``.
        share: ``(rank, count)``, for a process among several: the streams that are
            read; the others are zeros.

    Raises:
        TypeError: the tokens are not integers.
        ValueError: a number is out of range, the tokens are not one contiguous axis,
            or they are too few for one window.

    Example:
        >>> stream = TokenStream(np.arange(9), batch_size=2, window=2)
        >>> len(stream)
        2
        >>> stream[0].inputs
        array([[0, 4],
               [1, 5]], dtype=int32)
        >>> stream[1].targets
        array([[3, 7]], dtype=int32)
    """

    tokens: Integer[np.ndarray, " n"]
    batch_size: int
    window: int
    drop_last: bool = False
    share: Share = WHOLE

    def __post_init__(self):
        for name in ("batch_size", "window"):
            if (value := getattr(self, name)) < 1:
                raise ValueError(f"{name} must be at least 1, got {value}.")
        _check_tokens(self.tokens)
        if len(self) == 0:
            self._refuse_short()

    @property
    def streams(self) -> Integer[np.ndarray, "b l"]:
        """The corpus as one row a stream: a view, never a copy."""
        length = len(self.tokens) // self.batch_size
        return self.tokens[: length * self.batch_size].reshape(self.batch_size, length)

    @property
    def steps(self) -> int:
        """Time steps that the windows cover in each stream."""
        steps = max(len(self.tokens) // self.batch_size - 1, 0)
        return steps - steps % self.window if self.drop_last else steps

    @property
    def num_predictions(self) -> int:
        """Tokens that all windows together predict."""
        return self.steps * self.batch_size

    def __len__(self) -> int:
        return -(-self.steps // self.window)

    def __getitem__(self, i: int) -> Window:  # pyrefly: ignore[bad-override]
        # No slices: a list of windows would be the copy that this class avoids.
        if not 0 <= i < len(self):
            raise IndexError(f"window {i} of {len(self)}: count from 0.")
        start = i * self.window
        return self.between(start, min(start + self.window, self.steps))

    def between(self, start: int, stop: int) -> Window:
        """Return the window from step ``start`` to before step ``stop``.

        Raises:
            ChangedFileError: the tokens are mapped from a file that was cut off.
        """
        check_still_there(self.tokens)
        own = self.streams[own_rows(self.batch_size, self.share), start : stop + 1]
        read = own.T.astype(np.int32, order="C")
        block = among_all(read, self.batch_size, self.share, axis=1)
        return Window(block[:-1], block[1:])

    def _refuse_short(self) -> None:
        each = self.window + 1 if self.drop_last else 2
        raise ValueError(
            f"{len(self.tokens)} tokens are too few for one window: batch_size="
            f"{self.batch_size} streams of {each} tokens need "
            f"{each * self.batch_size}. Give a longer text or a smaller batch_size."
        )


@dataclass(frozen=True, eq=False)
class StreamPart(OwnRows, Sequence[Window]):
    """Some windows of a stream, one after another; after its last comes its first.

    Args:
        stream: all windows.
        first: the number of the first window, beyond the last one too.
        count: of windows.

    Example:
        >>> stream = TokenStream(np.arange(9), batch_size=1, window=3)
        >>> [int(window.inputs[0, 0]) for window in StreamPart(stream, 2, 3)]
        [6, 0, 3]
    """

    stream: TokenStream
    first: int
    count: int

    def own(self, share: Share) -> "StreamPart":
        """Return the same windows with a share of the streams."""
        return replace(self, stream=self.stream.own(share))

    @property
    def num_predictions(self) -> int:
        """Tokens that all windows together predict."""
        size, steps = self.stream.window, self.stream.steps
        passes, rest = divmod(self.count, len(self.stream))
        starts = (self.first + np.arange(rest)) % len(self.stream) * size
        own = np.minimum(size, steps - starts).sum()
        return int(passes * steps + own) * self.stream.batch_size

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, i: int) -> Window:  # pyrefly: ignore[bad-override]
        if not 0 <= i < len(self):
            raise IndexError(f"window {i} of {len(self)}: count from 0.")
        return self.stream[(self.first + i) % len(self.stream)]


def _check_tokens(tokens: np.ndarray) -> None:
    """Raise unless ``tokens`` is an integer array that reshapes without a copy."""
    if not np.issubdtype(tokens.dtype, np.integer):
        raise TypeError(
            f"tokens must be integers, got {tokens.dtype}: encode text with Vocab."
        )
    if tokens.ndim != 1 or not tokens.flags.c_contiguous:
        raise ValueError(
            f"tokens must be one contiguous axis, got shape {tokens.shape}: pass "
            "np.ascontiguousarray(tokens.ravel())."
        )
