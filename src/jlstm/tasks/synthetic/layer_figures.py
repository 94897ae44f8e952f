"""What goes on inside a model over one generated sequence that it did not train on."""

from collections import Counter
from typing import TYPE_CHECKING

import jax
import numpy as np

from jlstm.data.synthetic.problem import Problem
from jlstm.tasks.synthetic.model import MemoryModel
from jlstm.training.report.layer_figures import MOST_STEPS, Example, layer_figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Sequences to choose the longest from; steps of it that are shown, for what matters may
# lie far back; how often a symbol may stand in a long sequence and still be labelled.
DRAWN, SHOWN, RARE = 8, 400, 4


def layer_plots(model: MemoryModel, problem: Problem) -> list[tuple[str, "Figure"]]:
    """Return plots of the top layer over the longest of a few sequences."""
    batch = problem.eval_sets[0].draw(jax.random.key(0), DRAWN)
    ends = [np.flatnonzero(weights)[-1] + 1 for weights in np.asarray(batch.weights).T]
    row = int(np.argmax(ends))
    xs = batch.xs[: ends[row], row]
    reading = model.top_layer_inputs(xs[:, None])
    if reading is None:
        return []
    example = Example("a new sequence", "step", step_labels(np.asarray(xs)), SHOWN)
    return layer_figures(reading.row(0), example)


def step_labels(xs: np.ndarray) -> list[str]:
    """Return the symbol of each step, or the number where one is marked.

    In a long sequence only rare symbols have a label.

    Example:
        >>> step_labels(np.array([3, 1])), step_labels(np.array([[0.5, 0], [0.25, 1]]))
        (['3', '1'], ['', '0.25'])
        >>> "".join(step_labels(np.array([2] * 80 + [7])))
        '7'
    """
    if xs.ndim > 1:
        return [f"{number:.2f}" if mark > 0 else "" for number, mark in xs]
    counts, long = Counter(xs.tolist()), len(xs) > MOST_STEPS
    return ["" if long and counts[n] > RARE else str(n) for n in xs.tolist()]
