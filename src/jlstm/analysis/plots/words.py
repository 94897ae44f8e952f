"""Texts whose words are shaded by how far they moved a decision."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from jlstm.analysis.plots.literal import LONGEST, readable
from jlstm.analysis.plots.style import BLUE, INK, MISSING_GLYPH, WIDTH, settled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 72 * WIDTH
_SIZE, _LINE, _GAP, _PAD = 10, 19, 5.0, 1.5  # points
_LEAST = 0.08  # of the strongest word: what is weaker is not marked


class Passage(NamedTuple):
    """A text and what each of its words did.

    Attributes:
        title: written above it.
        words: the text.
        scores: of each word; positive for the answer, negative against it.
    """

    title: str
    words: Sequence[str]
    scores: Float[np.ndarray, " t"]


def plot_words(passages: Sequence[Passage]) -> "Figure":
    """Write texts out, words for the answer shaded, those against it in a frame.

    The strongest word of each passage has the full shade, or the heaviest frame.

    Example:
        >>> passage = Passage("good", ("a", "rose"), np.array([-0.5, 2.0]))
        >>> figure = plot_words([passage])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['good', 'a', 'rose']
    """
    from jlstm.analysis.plots.plot import Plot

    passages = [_shown(passage) for passage in passages]
    placed = [_places(passage.words) for passage in passages]
    heights = [_LINE * (lines + 1) + 8 for _, lines in placed]
    figure = Plot(figsize=(WIDTH, sum(heights) / 72))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, _POINTS), ylim=(sum(heights), 0))
    axes.set_axis_off()
    top = 0.0
    for passage, (spots, _), height in zip(passages, placed, heights, strict=True):
        title = axes.text(2, top + 13, passage.title, fontsize=9, color=INK)
        title.set(parse_math=False, style="italic")
        _write(axes, passage, spots, top + _LINE)
        top += height
    return settled(figure)


def _shown(passage: Passage) -> Passage:
    return passage._replace(words=[readable(w, LONGEST) for w in passage.words])


def _write(
    axes: "Axes",
    passage: Passage,
    spots: list[tuple[float, int, float]],
    top: float,
) -> None:
    from matplotlib.patches import Rectangle

    strength = passage.scores / max(float(np.abs(passage.scores).max(initial=0)), 1e-9)
    for word, (left, line, width), share in zip(
        passage.words, spots, strength, strict=True
    ):
        y = top + line * _LINE
        box = (left - _PAD, y + 1), width + 2 * _PAD, _LINE - 3
        if share > _LEAST:
            axes.add_patch(Rectangle(*box, color=BLUE, alpha=0.75 * share, linewidth=0))
        elif share < -_LEAST:
            axes.add_patch(
                Rectangle(*box, fill=False, edgecolor=INK, linewidth=-2 * share)
            )
        text = axes.text(left, y + 13, word, fontsize=_SIZE, color=INK)
        text.set_parse_math(False)


def _places(words: Sequence[str]) -> tuple[list[tuple[float, int, float]], int]:
    """Return left edge, line and width of each word, and how many lines there are."""
    spots, left, line = [], 4.0, 0
    for word in words:
        width = _width(word)
        if left + width > _POINTS - 4 and left > 4:
            left, line = 4.0, line + 1
        spots.append((left, line, width))
        left += width + _GAP
    return spots, line + 1


def _width(word: str) -> float:
    """Return the width of a word in points; a sign of mathematics has none of its."""
    from matplotlib.textpath import TextPath

    if not word.strip():  # matplotlib makes no path of nothing
        return 3.0
    plain = word.replace("$", "S").replace("\\", "/")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=MISSING_GLYPH)
        path = TextPath((0, 0), plain, size=_SIZE)
    return float(path.get_extents().x1) if len(path.vertices) else 3.0
