"""Lyapunov exponents of one cell or several, the largest first."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Array, Float

from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = (BLUE, INK, GREY)
MARKS = "osD^v<>"
Exponents = Float[Array, "*b n"] | Float[np.ndarray, "*b n"]


def plot_lyapunov(exponents: Mapping[str, Exponents]) -> "Figure":
    """Draw the exponents of each name against their number.

    Above the line at zero small changes grow, below it they fade. Of several rows the
    mean is drawn. An exponent of −∞ is left out.

    Args:
        exponents: of :func:`~jlstm.analysis.lyapunov.lyapunov_exponents`, by name.

    Raises:
        ValueError: there is no name.

    Example:
        >>> figure = plot_lyapunov({"RNN": np.array([0.1, -0.5, -2.0])})
        >>> figure.axes[0].get_ylabel()
        'Lyapunov exponent (nats per step)'
    """
    from jlstm.analysis.plots.plot import Plot

    if not exponents:
        raise ValueError("there are no exponents to draw; give those of one cell.")
    figure = Plot(figsize=(WIDTH, 3.8), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    axes.axhline(0, color=GREY, linewidth=1, linestyle=DASHES[0])
    for number, (name, values) in enumerate(exponents.items()):
        rows = np.asarray(values, np.float64).reshape(-1, np.shape(values)[-1])
        means = rows.mean(axis=0)
        axes.plot(
            np.arange(1, len(means) + 1),
            np.where(np.isfinite(means), means, np.nan),
            color=COLORS[number % len(COLORS)],
            marker=MARKS[number % len(MARKS)],
            markersize=4,
            markevery=max(1, len(means) // 24),
            linewidth=1.4,
            label=name,
        )
    axes.set_xlabel("number, from the largest down", color=INK)
    axes.set_xlim(left=0.5)
    axes.set_ylabel("Lyapunov exponent (nats per step)", color=INK)
    axes.locator_params(axis="x", integer=True)
    figure.legend(
        loc="outside upper left", ncols=4, frameon=False, fontsize=10, labelcolor=INK
    )
    return settled(figure)
