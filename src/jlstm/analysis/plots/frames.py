"""Frames of videos, one after the other, a row for each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from jlstm.analysis.plots.style import INK, WIDTH, settled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_frames(rows: Mapping[str, Float[np.ndarray, "t h w"]]) -> "Figure":
    """Draw rows of frames, all of them on one scale from 0 (black) to 1 (white).

    Args:
        rows: the frames of each row, by its name.

    Example:
        >>> figure = plot_frames({"truth": np.zeros((2, 4, 4))})
        >>> figure.axes[0].get_images()[0].get_array().shape
        (4, 9)
    """
    from jlstm.analysis.plots.plot import Plot

    most = max(map(len, rows.values()))
    height = len(rows) * (0.3 + WIDTH / most)
    figure = Plot(figsize=(WIDTH, height), layout="constrained")
    grid = figure.subplots(len(rows), squeeze=False)[:, 0]
    for axes, (name, frames) in zip(grid, rows.items(), strict=True):
        strip = side_by_side(frames)
        axes.imshow(strip, "gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_xlim(-0.5, most * (frames.shape[2] + 1) - 1.5)
        axes.set_axis_off()
        title = axes.set_title(name, fontsize=9, color=INK, loc="left")
        title.set_parse_math(False)
    return settled(figure)


def side_by_side(frames: Float[np.ndarray, "t h w"]) -> Float[np.ndarray, "h v"]:
    """Return frames in one image, an empty column between them.

    Example:
        >>> side_by_side(np.ones((2, 1, 3))).tolist()
        [[1.0, 1.0, 1.0, nan, 1.0, 1.0, 1.0]]
    """
    count, height, width = frames.shape
    strip = np.full((height, count, width + 1), np.nan)
    strip[:, :, :width] = frames.swapaxes(0, 1)
    return strip.reshape(height, -1)[:, :-1]
