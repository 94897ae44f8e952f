"""Writing a plot to files that a page can show."""

from pathlib import Path
from typing import TYPE_CHECKING

from jlstm.analysis.plots import figure_to_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG, on white, and as SVG, which takes the page's colors."""
    figure.savefig(path.with_suffix(".png"), dpi=160, facecolor="white")
    svg = figure_to_svg(figure)
    path.with_suffix(".svg").write_text(svg + "\n", encoding="utf-8")
    print(f"wrote {path}.png and .svg", flush=True)
