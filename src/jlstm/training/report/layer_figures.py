"""What goes on inside a trained model over one held-out example, for every report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jlstm.analysis.gradients import gradients_by_lag, norms_by_lag
from jlstm.analysis.layer_inputs import LayerInputs, trace_top
from jlstm.analysis.plots import LagCurve, plot_gates, plot_lags
from jlstm.cell import Cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Steps in the plot of the gates: as many as have room for labels of one character,
# and of several.
MOST_STEPS, MOST_WORDS = 72, 36
SORTING = ("f", "z")
"""The gates that keep: units are sorted by the first of them that a cell has."""
PARTS = {"h": "by the hidden state h", "c": "by the cell state c"}
LOWEST = 1e-12


class Example(NamedTuple):
    """A held-out example, as a caption and an axis speak of it.

    Attributes:
        name: what it is, such as "the first sentence of the test".
        unit: what a step is, such as "word".
        labels: one per step; an empty one leaves its place free.
        shown: how many steps, the last ones, the plot of the gates has at most;
            None is as many as have room for their labels.
    """

    name: str
    unit: str
    labels: Sequence[str]
    shown: int | None = None


def layer_figures(reading: LayerInputs, example: Example) -> list[tuple[str, "Figure"]]:
    """Return plots of the gates and of the gradients by lag, with their captions.

    A cell without gates has the second one alone.

    Args:
        reading: the uppermost layer of the model and what enters it, of one row.
        example: what is read.

    Raises:
        ValueError: there is not one label per step.
    """
    steps = len(reading.xs)
    if len(example.labels) != steps:
        raise ValueError(
            f"{len(example.labels)} labels for {steps} steps; give one per step."
        )
    return [*draw_gates(reading, example), draw_gradients(reading, example)]


def draw_gates(reading: LayerInputs, example: Example) -> list[tuple[str, "Figure"]]:
    """Return the plot of the gates over the last steps, if the cell has gates."""
    carries, gates = trace_top(reading)
    maps = gate_maps(gates._asdict())
    if not maps:
        return []
    shown = room(example)
    state = cell_state(carries, next(iter(maps.values())).shape)
    labels = list(example.labels)[-shown:]
    figure = plot_gates(
        {name: gate[-shown:] for name, gate in maps.items()},
        labels,
        None if state is None else state[-shown:],
        next((name for name in SORTING if name in maps), next(iter(maps))),
    )
    _hide_free_ticks(figure, labels)
    steps = len(reading.xs)
    some = f" (the last {shown} of {steps})" if shown < steps else ""
    caption = (
        f"The top layer's gates at every {example.unit} of {example.name}{some}"
        f"{_direction(reading)}."
    )
    return [(caption, figure)]


def draw_gradients(reading: LayerInputs, example: Example) -> tuple[str, "Figure"]:
    """Return the plot of the gradients of the last output, by lag."""
    norms = last_output_norms(reading)
    panels = {
        title: {"top layer": LagCurve(np.asarray(norms[part], np.float64))}
        for part, title in PARTS.items()
        if part in norms
    }
    caption = (
        f"How strongly the top layer's output at the end of {example.name} depends on "
        "what it held before: the norm of the gradient of the sum of its units, "
        f"divided by the root of their number, against the lag{_direction(reading)}."
    )
    figure = plot_lags(panels)
    figure.legends.clear()  # one line needs no name
    low, high = decades([norms[part][1:] for part in PARTS if part in norms])
    for axes in figure.axes:
        axes.set_ylim(low, high)
        axes.tick_params(which="minor", labelleft=False)
    return caption, figure


def decades(norms: Sequence[Array | np.ndarray]) -> tuple[float, float]:
    """Return the powers of ten between which norms lie, as far as they are drawn.

    Example:
        >>> low, high = decades([jnp.array([0.02, 0.3]), jnp.array([0.0, 4.0])])
        >>> f"{low:.2f} to {high:.2f}"
        '0.01 to 10.00'
    """
    values = np.concatenate([np.asarray(each, np.float64) for each in norms])
    seen = values[np.isfinite(values) & (values > LOWEST)]
    powers = np.floor(np.log10(seen if len(seen) else [LOWEST]))
    return float(10 ** powers.min()), float(10 ** (powers.max() + 1))


def last_output_norms(reading: LayerInputs) -> dict[str, Float[Array, " n"]]:
    """Return the gradient norms of the last output by each part of the carry, by lag.

    The output is one number: the sum over the units, divided by √units, so that the
    gradient by ``h`` at lag 0 has norm 1.

    Example:
        >>> from jlstm import RNNCell
        >>> cell = RNNCell(4, activation="identity")
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> params = params._replace(w_hh=0.5 * jnp.eye(4))
        >>> reading = LayerInputs(cell, params, jnp.ones((2, 2)))
        >>> last_output_norms(reading)["h"].tolist()
        [1.0, 0.5, 0.25]
    """
    cell, params, xs, carry, _ = reading
    return _norms(cell, params, xs, carry)._asdict()


def gate_maps(gates: dict[str, Array | np.ndarray]) -> dict[str, np.ndarray]:
    """Return the gates that are one number per unit and step, if there are two or more.

    What a plain RNN calls its gate is its output, so one alone is none.

    Example:
        >>> flat, deep = np.ones((3, 2)), np.ones((3, 8, 2))
        >>> list(gate_maps({"i": flat, "f": flat, "u": deep})), gate_maps({"z": flat})
        (['i', 'f'], {})
    """
    flat = {name: np.asarray(gate) for name, gate in gates.items() if gate.ndim == 2}
    width = max((gate.shape[1] for gate in flat.values()), default=0)
    maps = {name: gate for name, gate in flat.items() if gate.shape[1] == width}
    return maps if len(maps) > 1 else {}


def cell_state(carries: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return the cell state of each step where there is one of the gates' shape."""
    state = getattr(carries, "c", None)
    return None if state is None or state.shape != shape else np.asarray(state)


def room(example: Example) -> int:
    """Return how many of the last steps the plot of the gates shows.

    Example:
        >>> room(Example("", "word", ["to", "be"] * 50)), room(Example("", "", "ab"))
        (36, 2)
    """
    steps = len(example.labels)
    if example.shown is not None:
        return min(steps, example.shown)
    # Labels stand side by side unless every other place is free.
    close = sum(map(bool, example.labels)) > steps // 2
    wide = close and max(map(len, example.labels)) > 1
    return min(steps, MOST_WORDS if wide else MOST_STEPS)


def every_nth(labels: Sequence[str], count: int = 12) -> list[str]:
    """Return labels of which at most ``count`` of the last 72 are left, evenly spread.

    They are dates or numbers: a space in them is not a symbol that is read, and does
    not break, so that it is not drawn as one.

    Example:
        >>> every_nth("abcdef", count=3)
        ['a', '', 'c', '', 'e', '']
    """
    step = -(-min(len(labels), MOST_STEPS) // count)
    kept = [text if n % step == 0 else "" for n, text in enumerate(labels)]
    return [text.replace(" ", "\u00a0") for text in kept]


def readable(lengths: Sequence[int]) -> int:
    """Return the first of several examples that makes a readable plot.

    It has 12 to 36 steps; where none has, the longest is taken.

    Example:
        >>> readable([3, 20, 15]), readable([3, 100, 5])
        (1, 1)
    """
    fitting = (n for n, size in enumerate(lengths) if 12 <= size <= MOST_WORDS)
    return next(fitting, int(np.argmax(lengths)))


@jax.jit(static_argnums=0)
def _norms(cell: Cell, params: object, xs: Array, carry: object) -> object:
    width = jax.eval_shape(cell.init_carry).h.shape[-1]
    along = jnp.full((width,), width**-0.5, xs.dtype)
    return norms_by_lag(gradients_by_lag(cell, params, xs, along, carry))


def _hide_free_ticks(figure: "Figure", labels: Sequence[str]) -> None:
    for axes in figure.axes:
        if axes.images:  # a map, not the scale of its colors
            for tick, text in zip(axes.xaxis.get_major_ticks(), labels, strict=True):
                tick.tick1line.set_visible(bool(text))


def _direction(reading: LayerInputs) -> str:
    if not reading.both_ways:
        return ""
    return "; of the two directions the one that reads forwards"
