"""Learning curves: losses over the steps next to the baselines."""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
        records: of :func:`jlstm.training.log.read_metrics`; the kinds ``"train"`` and
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
    from jlstm.analysis.plots.plot import Plot

    train, valid = _points(records, "train", "loss"), _points(records, "valid", "loss")
    if not len(train) + len(valid):
        raise ValueError("no record of kind 'train' or 'valid' has a loss to draw.")
    rates = _points(records, "train", "learning_rate")
    heights = [3.2, 0.7] if len(rates) else [3.2]
    figure = Plot(figsize=(WIDTH, 1.0 + sum(heights)), layout="constrained")
    rows = figure.subplots(
        len(heights), sharex=True, height_ratios=heights, squeeze=False
    )
    _draw_losses(rows[0, 0], train, valid, baselines or {}, loss_label)
    if len(rates):
        _draw_rate(rows[1, 0], rates)
    rows[-1, 0].set_xlabel("step", color=INK)
    return settled(figure)


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
    tidy(axes)
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
    tidy(axes)
    axes.plot(*rates.T, color=INK, linewidth=1.2, drawstyle="steps-pre")
    axes.set_ylim(0, 1.15 * rates[:, 1].max())
    axes.set_ylabel("learning\nrate", color=INK)
    axes.locator_params(axis="y", nbins=2)
