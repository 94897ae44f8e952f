"""Plots of the tables, each as SVG and PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib import ticker

from benchmarks.table import Times, ratios, slope

MARKERS = "osD^vPX*<>hd"


def plot_ratios(
    path: Path,
    panels: Mapping[str, Times],
    libraries: Sequence[str],
    other: str,
    *,
    what: str = "time",
) -> None:
    """Draw each library's cost over that of ``other``, a line of marks for each row."""
    rows = max(len(times) for times in panels.values())
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(1 + 5 * len(panels), 1.6 + 0.42 * rows),
        squeeze=False,
        layout="constrained",
    )
    for axis, (title, times) in zip(axes[0], panels.items(), strict=True):
        for n, name in enumerate(libraries):
            points = ratios(times, name, [other])
            places = [list(times).index(row) for row in points]
            axis.scatter(
                list(points.values()),
                places,
                marker=MARKERS[n % len(MARKERS)],
                s=70 if name == "jlstm" else 30,
                label=name,
                zorder=3 if name == "jlstm" else 2,
            )
        axis.axvline(1, color="black", linewidth=1)
        axis.set(title=title, xscale="log", xlabel=f"{what} / {what} of {other}")
        low, high = axis.dataLim.intervalx
        subs = (1, 2, 5) if high > 3 * low else (1, 1.2, 1.5, 2, 3, 5, 7, 8)
        axis.xaxis.set_major_locator(ticker.LogLocator(subs=subs))
        axis.xaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
        axis.xaxis.set_minor_formatter(ticker.NullFormatter())
        axis.set_yticks(range(len(times)), list(times))
        axis.invert_yaxis()
        axis.grid(alpha=0.3, which="both")
    legend = {"loc": "outside lower center", "ncols": 3 * len(panels)}
    figure.legend(*_handles(axes[0]), **legend)
    save(figure, path)


def plot_curves(
    path: Path,
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    title: str,
    xlabel: str,
    ylabel: str = "seconds",
) -> None:
    """Draw costs against a size, both logarithmic, with the slopes of their ends."""
    figure, axis = plt.subplots(figsize=(6.4, 5), layout="constrained")
    for n, (name, (sizes, costs)) in enumerate(curves.items()):
        label = f"{name}: slope {slope(sizes, costs):z.2f}"
        axis.plot(sizes, costs, marker=MARKERS[n % len(MARKERS)], label=label)
    axis.set(title=title, xlabel=xlabel, ylabel=ylabel)
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.grid(alpha=0.3, which="both")
    figure.legend(loc="outside lower center")
    save(figure, path)


def plot_bars(
    path: Path, groups: Mapping[str, Mapping[str, float]], *, title: str, ylabel: str
) -> None:
    """Draw a group of bars for each entry, logarithmic, with their heights written.

    Nothing is drawn of nothing.
    """
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    if not names:
        return
    figure, axis = plt.subplots(
        figsize=(max(5, 2 + 0.7 * len(groups) * len(names)), 4.6), layout="constrained"
    )
    width = 0.8 / len(names)
    for n, name in enumerate(names):
        places = [g for g, group in enumerate(groups.values()) if name in group]
        heights = [group[name] for group in groups.values() if name in group]
        shifted = [place + (n - (len(names) - 1) / 2) * width for place in places]
        bars = axis.bar(shifted, heights, width, label=name)
        axis.bar_label(bars, list(map(_written, heights)), fontsize=7)
    axis.set_xticks(range(len(groups)), list(groups))
    lowest = min(height for group in groups.values() for height in group.values())
    axis.set(title=title, ylabel=ylabel, yscale="log")
    axis.set_ylim(bottom=lowest / 2)
    figure.legend(loc="outside lower center", ncols=2)
    save(figure, path)


def save(figure: Any, path: Path) -> None:
    """Write the figure next to ``path``, with both endings, and close it."""
    # Without a fixed salt and date the same numbers would not give the same file.
    with plt.rc_context({"svg.hashsalt": "jlstm"}):
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(path.with_suffix(".png"), dpi=120)
    plt.close(figure)


def _written(number: float) -> str:
    """Write three digits, or all before the point: 0.35, 19,591."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _handles(axes: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """Return what the legend shows: each label once."""
    found: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)
