"""Recordings that a reader of a report hears."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from jlstm.training.experiment import Loaded
from jlstm.training.report.sound import as_wav

P = TypeVar("P")
E = TypeVar("E")

PLAYED = 6
"""Recordings of a report."""
SECONDS = 5
"""Of a recording that are played: a page has to stay small."""


@dataclass(frozen=True, eq=False)
class Recorded(Loaded[P, E]):
    """Data whose test recordings can be played.

    Attributes:
        waveforms: of the test, in its order, from -1 to 1.
        rate: samples in a second.
    """

    waveforms: Sequence[np.ndarray] = ()
    rate: int = 0


def some_rows(count: int, worst: Sequence[int]) -> list[int]:
    """Return rows to show: the first ones, and as many of the worst.

    Example:
        >>> some_rows(9, [7, 1, 4, 8]), some_rows(2, [])
        ([0, 2, 3, 7, 1, 4], [0, 1])
    """
    bad = [*worst[: PLAYED // 2]]
    first = [row for row in range(min(count, PLAYED)) if row not in bad]
    return first[: PLAYED - PLAYED // 2] + bad


def played(
    data: Loaded[Any, Any], captions: Mapping[int, str]
) -> list[tuple[str, bytes]]:
    """Return captions and WAV files of some test recordings, of their beginnings.

    Args:
        data: of the run; what is not :class:`Recorded` has no sound.
        captions: what stands next to each, by its row.

    Example:
        >>> data = Recorded("a prep", {}, waveforms=[np.zeros(99_000)], rate=8_000)
        >>> [(caption, wav)] = played(data, {0: "Said: 3."})
        >>> caption, (len(wav) - 44) / 2 / 8_000
        ('Said: 3. (the first 5 seconds)', 5.0)
    """
    if not isinstance(data, Recorded):
        return []
    most, found = SECONDS * data.rate, []
    for row, caption in captions.items():
        sound = data.waveforms[row]
        cut = f" (the first {SECONDS} seconds)" if len(sound) > most else ""
        found.append((caption + cut, as_wav(sound[:most], data.rate)))
    return found
