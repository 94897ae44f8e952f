"""Pictures of a run: learning curves and gates over time; for a page or a notebook.

Every function returns a matplotlib ``Figure`` of its own and touches no global state.
All of it reads in grey: lines differ in weight and dash, and the color map of the heat
maps, cividis, grows steadily lighter.
"""

import hashlib
import io
import itertools
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Array, Float

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Series = Float[Array, "t h"] | Float[np.ndarray, "t h"]

# The reader's browser has the glyphs that matplotlib's own font lacks.
MISSING_GLYPH = "Glyph .* missing from font"
INK = "#1a1a1b"
"""Text and axes; in an SVG it becomes the color of the text around the picture."""
BLUE, GREY = "#5b9bc4", "#8a8a8a"
DASHES = ((0, (6, 3)), (0, (1.5, 2)), (0, (8, 2, 1.5, 2)), (0, (3, 6)))
WIDTH = 6.4  # inches
GATE_NAMES = {
    "i": "input i",
    "f": "forget f",
    "g": "candidate g",
    "o": "output o",
    "r": "reset r",
    "z": "update z",
    "n": "candidate n",
}


def learning_curves(
    records: Sequence[Mapping[str, Any]],
    baselines: Mapping[str, float] | None = None,
    loss_label: str = "loss (nats)",
) -> "Figure":
    """Draw training and validation loss over the steps, and the learning rate below.

    The loss axis reaches from the lowest to the highest of: the validation losses, the
    baselines, and the training losses without their highest twentieth, which is the
    fall of the first steps.

    Args:
        records: of :func:`jlstm.train.log.read_metrics`; the kinds ``"train"`` and
            ``"valid"`` with ``loss``, and ``learning_rate`` where there is one.
        baselines: losses to compare with, by name; dashed lines.
        loss_label: what the loss axis says.

    Raises:
        ValueError: no record has a loss.

    Example:
        >>> records = [{"kind": "valid", "step": n, "loss": 9 / n} for n in (1, 2, 3)]
        >>> figure = learning_curves(records, {"order-3 n-gram": 4.0})
        >>> figure.axes[0].get_ylabel()
        'loss (nats)'
    """
    from matplotlib.figure import Figure

    train, valid = _points(records, "train", "loss"), _points(records, "valid", "loss")
    if not len(train) + len(valid):
        raise ValueError("no record of kind 'train' or 'valid' has a loss to draw.")
    rates = _points(records, "train", "learning_rate")
    heights = [3.2, 0.7] if len(rates) else [3.2]
    figure = Figure(figsize=(WIDTH, 1.0 + sum(heights)), layout="constrained")
    rows = figure.subplots(
        len(heights), sharex=True, height_ratios=heights, squeeze=False
    )
    _draw_losses(rows[0, 0], train, valid, baselines or {}, loss_label)
    if len(rates):
        _draw_rate(rows[1, 0], rates)
    rows[-1, 0].set_xlabel("step", color=INK)
    return _settled(figure)


def gate_picture(
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
        labels: one a time step; a space is shown as ␣, a line break as ↵.
        cell_state: drawn below the gates as tanh(c), which is what the output gate
            lets through: a state that counts may be in the hundreds.
        sort_by: name of the gate whose mean sorts the units.

    Raises:
        ValueError: there is no such gate, or not one label a step.

    Example:
        >>> gates = {"f": np.linspace(0, 1, 6).reshape(3, 2)}
        >>> figure = gate_picture(gates, ["to", "be", "."])
        >>> [text.get_text() for text in figure.axes[0].get_xticklabels()]
        ['to', 'be', '.']
    """
    from matplotlib.figure import Figure

    if sort_by not in gates:
        raise ValueError(f"sort_by={sort_by!r}: the gates are {', '.join(gates)}.")
    order = np.argsort(-np.asarray(gates[sort_by], np.float64).mean(axis=0))
    maps = {GATE_NAMES.get(name, name): values for name, values in gates.items()}
    if cell_state is not None:
        maps["tanh(c)"] = np.tanh(cell_state)
    steps = len(gates[sort_by])
    if len(labels) != steps:
        raise ValueError(f"{len(labels)} labels for {steps} steps; give one a step.")
    figure = Figure(figsize=(WIDTH, 0.9 + 1.15 * len(maps)), layout="constrained")
    rows = figure.subplots(len(maps), sharex=True, squeeze=False)[:, 0]
    for axes, (name, values) in zip(rows, maps.items(), strict=True):
        _draw_map(axes, name, np.asarray(values, np.float32)[:, order].T)
    _label_steps(rows[-1], labels)
    figure.supylabel(f"units, sorted by mean {sort_by}", fontsize=10, color=INK)
    return _settled(figure)


def figure_to_svg(figure: "Figure") -> str:
    """Return a figure as an ``<svg>`` element that can stand in a page with others.

    The same figure gives the same text: no date, no random ids. Ids begin with a digest
    of the picture, so that two pictures in one page do not share any. Axes and text
    take the color of the page, light or dark; heat maps are PNG images inside.

    Example:
        >>> from matplotlib.figure import Figure
        >>> figure_to_svg(Figure(figsize=(1, 1)))[:23]
        '<svg xmlns:xlink="http:'
    """
    import matplotlib

    buffer = io.StringIO()
    nothing = dict.fromkeys(["Creator", "Date", "Format", "Type"])
    settings = {"svg.hashsalt": "jlstm", "svg.fonttype": "none"}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=MISSING_GLYPH)
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r'font-family: [^;"]*', "font-family: sans-serif", svg)
    prefix = "p" + hashlib.sha256(svg.encode()).hexdigest()[:8] + "-"
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", svg)


def _points(
    records: Sequence[Mapping[str, Any]], kind: str, name: str
) -> Float[np.ndarray, "n 2"]:
    """Return (step, value) of every record of a kind that has the value."""
    found = [(r["step"], r[name]) for r in records if r["kind"] == kind and name in r]
    return np.array(found, np.float64).reshape(-1, 2)


def _draw_losses(
    axes: "Axes",
    train: Float[np.ndarray, "n 2"],
    valid: Float[np.ndarray, "m 2"],
    baselines: Mapping[str, float],
    label: str,
) -> None:
    _style(axes)
    axes.plot(*train.T, color=BLUE, linewidth=1.0, label="training")
    marks = "o" if len(valid) <= 40 else ""
    axes.plot(
        *valid.T,
        color=INK,
        linewidth=1.8,
        marker=marks,
        markersize=4,
        label="validation",
    )
    for (name, loss), dashes in zip(baselines.items(), itertools.cycle(DASHES)):
        named = f"{name}: {loss:.3f}"
        axes.axhline(loss, color=GREY, linewidth=1.2, linestyle=dashes, label=named)
    axes.set_ylim(*_loss_range(train[:, 1], valid[:, 1], list(baselines.values())))
    axes.set_ylabel(label, color=INK)
    legend = axes.figure.legend(
        loc="outside upper left", ncols=2, frameon=False, fontsize=10, labelcolor=INK
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _loss_range(
    train: Float[np.ndarray, " n"],
    valid: Float[np.ndarray, " m"],
    baselines: list[float],
) -> tuple[float, float]:
    values = np.concatenate([train, valid, baselines])
    values = values[np.isfinite(values)]
    steady = train[np.isfinite(train)]
    tops = [*valid[np.isfinite(valid)], *baselines]
    if len(steady):
        tops.append(np.quantile(steady, 0.95))
    low, high = values.min(), max(tops)
    margin = 0.04 * (high - low) or 0.1
    return low - margin, high + margin


def _draw_rate(axes: "Axes", rates: Float[np.ndarray, "n 2"]) -> None:
    _style(axes)
    axes.plot(*rates.T, color=INK, linewidth=1.2, drawstyle="steps-pre")
    axes.set_ylim(0, 1.15 * rates[:, 1].max())
    axes.set_ylabel("learning\nrate", color=INK)
    axes.locator_params(axis="y", nbins=2)


def _draw_map(axes: "Axes", name: str, values: Float[np.ndarray, "h t"]) -> None:
    """Draw one heat map, from 0 to 1, or from -1 to 1 where it has signs.

    Where more than one value in two hundred is beyond, it reaches farther.
    """
    _style(axes)
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


def _label_steps(axes: "Axes", labels: Sequence[str]) -> None:
    shown = [text.replace(" ", "␣").replace("\n", "↵") for text in labels]
    rotation = 90 if max(map(len, shown)) > 1 else 0
    axes.set_xticks(range(len(shown)), shown, rotation=rotation, fontsize=9)
    for text in axes.get_xticklabels():
        text.set_parse_math(False)


def _settled(figure: "Figure") -> "Figure":
    """Lay the figure out once; drawn again, it would otherwise move a little."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=MISSING_GLYPH)
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def _style(axes: "Axes") -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(INK)
    axes.tick_params(colors=INK, labelsize=10)
