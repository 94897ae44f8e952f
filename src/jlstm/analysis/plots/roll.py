"""A piece of music as a piano roll: time to the right, keys upwards."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Integer

from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OCTAVE = 12
LOWEST_OF_A_PIANO = 21
MARGIN = 3  # keys below the lowest and above the highest note


def plot_roll(
    roll: Integer[np.ndarray, "t k"],
    opening: int = 0,
    label: str = "steps",
    lowest: int = LOWEST_OF_A_PIANO,
) -> "Figure":
    """Draw each note as a bar; what is before ``opening`` was given, not written.

    Args:
        roll: one row of keys per step, 0 where a key is silent.
        opening: how many of the first steps were given; drawn dark.
        label: what the time axis counts.
        lowest: MIDI number of the first key; that of a piano is 21, A0.

    Raises:
        ValueError: no note sounds.

    Example:
        >>> roll = np.zeros((8, 88), np.uint8)
        >>> roll[2:6, 39] = 1  # middle C
        >>> figure = plot_roll(roll)
        >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
        ['C4']
    """
    from jlstm.analysis.plots.plot import Plot

    if not roll.any():
        raise ValueError("The roll is silent; give one in which a key sounds.")
    figure = Plot(figsize=(WIDTH, 3.4), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    for key, start, length in notes_of(roll):
        given = start < opening
        axes.broken_barh(
            [(start, length)], (key - 0.5, 1), facecolor=INK if given else BLUE,
            edgecolor="white", linewidth=0.4,
        )  # fmt: skip
    if 0 < opening < len(roll):
        axes.axvline(opening, color=GREY, linewidth=1.2, linestyle=DASHES[0])
    sounding = np.flatnonzero(roll.any(axis=0))
    low, high = sounding[0] - MARGIN, sounding[-1] + MARGIN
    first = -lowest % OCTAVE  # the lowest C
    ticks = [key for key in range(first, roll.shape[1], OCTAVE) if low <= key <= high]
    names = [f"C{(key + lowest) // OCTAVE - 1}" for key in ticks]
    axes.set_yticks(ticks, names)
    axes.grid(axis="y", color=GREY, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
    axes.set_ylim(low, high)
    axes.set_xlim(0, len(roll))
    axes.set_xlabel(label, color=INK)
    axes.set_ylabel("key", color=INK)
    return settled(figure)


def notes_of(roll: Integer[np.ndarray, "t k"]) -> list[tuple[int, int, int]]:
    """Return key, first step and length of each note, the lowest keys first.

    Example:
        >>> notes_of(np.array([[1, 0], [1, 1], [0, 1], [1, 1]]))
        [(0, 0, 2), (0, 3, 1), (1, 1, 3)]
    """
    silent = np.zeros((1, roll.shape[1]), int)
    turns = np.diff(np.concatenate([silent, (roll > 0).astype(int), silent]), axis=0)
    # Column by column, the n-th note begins where the n-th turn is up.
    starts, stops = np.argwhere(turns.T > 0), np.argwhere(turns.T < 0)
    return [
        (int(key), int(start), int(stop - start))
        for (key, start), (_, stop) in zip(starts, stops, strict=True)
    ]
