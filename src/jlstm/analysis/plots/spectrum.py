"""Spectra of Jacobians: eigenvalues next to the unit circle, and singular values."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Complex, Float

from jlstm.analysis.jacobian import Spectra
from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOWEST = 1e-8  # of the largest singular value: below it stands only rounding


def plot_spectrum(spectra: Spectra) -> "Figure":
    """Draw the eigenvalues of all matrices, and the range of their singular values.

    On the left a point is an eigenvalue; inside the unit circle what it belongs to
    fades, outside it grows. On the right the line is the median over the matrices of
    the first, second, … singular value, the band reaches from the least to the largest.

    Args:
        spectra: of one matrix or of many, such as the steps of a trajectory.

    Example:
        >>> from jlstm.analysis.jacobian import jacobian_spectra
        >>> figure = plot_spectrum(jacobian_spectra(np.eye(3)[None] / 2))
        >>> [axes.get_xlabel() for axes in figure.axes]
        ['real part', 'number, from the largest down']
    """
    from jlstm.analysis.plots.plot import Plot

    figure = Plot(figsize=(1.25 * WIDTH, 3.9), layout="constrained")
    plane, values = figure.subplots(1, 2)
    tidy(plane)
    tidy(values)
    _draw_plane(plane, spectra.eigenvalues.ravel())
    size = spectra.singular_values.shape[-1]
    _draw_singular_values(values, spectra.singular_values.reshape(-1, size))
    return settled(figure)


def _draw_plane(axes: "Axes", eigenvalues: Complex[np.ndarray, " n"]) -> None:
    turn = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(turn), np.sin(turn), color=GREY, linewidth=1, linestyle=DASHES[0])
    axes.axhline(0, color=GREY, linewidth=0.5, zorder=0)
    axes.axvline(0, color=GREY, linewidth=0.5, zorder=0)
    # Many points become one dark patch unless each is faint.
    faint = float(np.clip(100 / max(len(eigenvalues), 1), 0.04, 1))
    axes.plot(
        eigenvalues.real,
        eigenvalues.imag,
        "o",
        color=BLUE,
        markersize=4,
        markeredgewidth=0,
        alpha=faint,
        rasterized=len(eigenvalues) > 1000,
    )
    reach = 1.08 * max(1.0, float(np.abs(eigenvalues).max(initial=0)))
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    axes.set_title("eigenvalues and the unit circle", fontsize=10, color=INK)
    axes.set_xlabel("real part", color=INK)
    axes.set_ylabel("imaginary part", color=INK)


def _draw_singular_values(axes: "Axes", values: Float[np.ndarray, "b n"]) -> None:
    floor = LOWEST * float(values.max(initial=0)) or LOWEST
    seen = np.maximum(values, floor)
    numbers = np.arange(1, values.shape[-1] + 1)
    axes.axhline(1, color=GREY, linewidth=1, linestyle=DASHES[0])
    if len(values) > 1:
        axes.fill_between(
            numbers, seen.min(0), seen.max(0), color=BLUE, alpha=0.3, linewidth=0
        )
    axes.plot(numbers, np.median(seen, axis=0), "o-", color=INK, markersize=3)
    axes.set_yscale("log")
    title = "singular values" + ": median and range" * (len(values) > 1)
    axes.set_title(title, fontsize=10, color=INK)
    axes.set_xlabel("number, from the largest down", color=INK)
    axes.set_xlim(0.5, len(numbers) + 0.5)
    axes.set_ylabel("singular value", color=INK)
    axes.locator_params(axis="x", integer=True)
