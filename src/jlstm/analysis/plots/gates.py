"""What the gates of a layer did at every step, as heat maps."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Array, Float

from jlstm.analysis.plots.style import INK, WIDTH, label_steps, settled, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Series = Float[Array, "t h"] | Float[np.ndarray, "t h"]

GATE_NAMES = {
    "i": "input i",
    "f": "forget f",
    "g": "candidate g",
    "o": "output o",
    "r": "reset r",
    "z": "update z",
    "n": "candidate n",
}


def plot_gates(
    gates: Mapping[str, Series],
    labels: Sequence[str],
    cell_state: Series | None = None,
    sort_by: str = "f",
) -> "Figure":
    """Draw what every unit's gates did at every token of one sentence, as heat maps.

    A row is a unit, and the same one in every map. Units are sorted by the mean of one
    gate over the sentence: by the forget gate, those that remember longest are on top.

    Args:
        gates: activations of one layer, by name, such as ``gates._asdict()`` of
            :func:`jlstm.trace`.
        labels: one per time step; a space is shown as ␣, a line break as ↵.
        cell_state: drawn below the gates as tanh(c), which is what the output gate
            lets through: a state that counts may be in the hundreds.
        sort_by: name of the gate whose mean sorts the units.

    Raises:
        ValueError: there is no such gate, or not one label per step.

    Example:
        >>> gates = {"f": np.linspace(0, 1, 6).reshape(3, 2)}
        >>> figure = plot_gates(gates, ["to", "be", "."])
        >>> [text.get_text() for text in figure.axes[0].get_xticklabels()]
        ['to', 'be', '.']
    """
    from jlstm.analysis.plots.plot import Plot

    if sort_by not in gates:
        raise ValueError(f"sort_by={sort_by!r}: the gates are {', '.join(gates)}.")
    order = np.argsort(-np.asarray(gates[sort_by], np.float64).mean(axis=0))
    maps = {GATE_NAMES.get(name, name): values for name, values in gates.items()}
    if cell_state is not None:
        maps["tanh(c)"] = np.tanh(cell_state)
    steps = len(gates[sort_by])
    if len(labels) != steps:
        raise ValueError(f"{len(labels)} labels for {steps} steps; give one per step.")
    figure = Plot(figsize=(WIDTH, 0.9 + 1.15 * len(maps)), layout="constrained")
    rows = figure.subplots(len(maps), sharex=True, squeeze=False)[:, 0]
    for axes, (name, values) in zip(rows, maps.items(), strict=True):
        _draw_map(axes, name, np.asarray(values, np.float32)[:, order].T)
    label_steps(rows[-1], labels)
    figure.supylabel(f"units, sorted by mean {sort_by}", fontsize=10, color=INK)
    return settled(figure)


def _draw_map(axes: "Axes", name: str, values: Float[np.ndarray, "h t"]) -> None:
    """Draw one heat map, from 0 to 1, or from -1 to 1 where it has signs.

    Where more than one value in two hundred is beyond, it reaches farther.
    """
    tidy(axes)
    high = max(1.0, float(np.quantile(np.abs(values), 0.995)))
    low = -high if values.min() < 0 else 0.0
    image = axes.imshow(
        values, "cividis", aspect="auto", interpolation="none", vmin=low, vmax=high
    )
    axes.set_yticks([0, len(values) - 1], ["1", str(len(values))])
    axes.set_ylabel(name, color=INK, fontsize=10)
    bar = axes.figure.colorbar(image, ax=axes, pad=0.015, aspect=10)
    bar.outline.set_visible(False)
    for colors in bar.ax.collections:
        colors.set_rasterized(True)
    bar.ax.tick_params(labelsize=9, colors=INK)
    bar.set_ticks([low, (low + high) / 2, high])
    bar.ax.set_yticklabels([f"{v:.2g}" for v in (low, (low + high) / 2, high)])
