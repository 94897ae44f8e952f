"""A figure that shows itself in a notebook."""

from matplotlib.figure import Figure

from jlstm.analysis.plots.svg import figure_to_svg


class Plot(Figure):
    """A matplotlib figure that is drawn where a notebook ends a cell with it.

    A plain ``Figure`` is shown only once ``pyplot`` has been imported.

    Example:
        >>> Plot(figsize=(1, 1))._repr_svg_()[:23]
        '<svg xmlns:xlink="http:'
    """

    def _repr_svg_(self) -> str:
        return figure_to_svg(self)
