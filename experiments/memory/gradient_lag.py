"""Draw how the gradient of an untrained cell fades with the lag.

    python experiments/memory/gradient_lag.py

Nothing is trained. The last output is pulled back along a random direction, step by
step, for several seeds at once; what is drawn is the geometric mean of the norms.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import jax
import jax.numpy as jnp
import numpy as np

from jlstm import Cell, LSTMCell, RNNCell
from jlstm._internal.tree import time_slice
from jlstm._internal.types import Carry, Key
from jlstm.analysis.gradients import gradients_by_lag, norms_by_lag
from jlstm.analysis.plots import LagCurve, plot_lags
from jlstm.data.synthetic import adding
from jlstm.initializers import Chrono, HiddenUniform, Identity, Orthogonal
from jlstm.training.report.plots import save
from jlstm.training.report.table import table

HERE = Path(__file__).parent
SHOWN = (1, 10, 50, 100, 200)
PARTS = {"h": "by the hidden state h", "c": "by the cell state c"}


def contenders(hidden_size: int, steps: int) -> dict[str, Cell]:
    """Return the cells that are compared, by name."""
    n = hidden_size
    return {
        "tanh RNN": RNNCell(n, w_hh_init=HiddenUniform()),
        "orthogonal RNN": RNNCell(n, w_hh_init=Orthogonal()),
        "IRNN": RNNCell(n, activation="relu", w_hh_init=Identity()),
        "LSTM, forget bias 0": LSTMCell(n, 0.0),
        "LSTM, forget bias 1": LSTMCell(n, 1.0),
        "LSTM, forget bias 3": LSTMCell(n, 3.0),
        "LSTM, chrono": LSTMCell(n, Chrono(steps)),
    }


def lag_norms(cell: Cell, steps: int, seeds: int) -> dict[str, np.ndarray]:
    """Return the geometric mean over seeds of the norms at each lag, by part."""
    keys = jax.random.split(jax.random.key(0), seeds)
    norms = jax.jit(jax.vmap(lambda key: _one_seed(cell, steps, key)))(keys)
    parts = {name: np.asarray(getattr(norms, name), np.float64)
             for name in PARTS if name in norms._fields}  # fmt: skip
    with np.errstate(divide="ignore"):  # the log of what underflowed to 0 is -inf
        return {name: np.exp(np.log(part).mean(0)) for name, part in parts.items()}


def _one_seed(cell: Cell, steps: int, key: Key) -> Carry:
    """Return the norms of one draw of parameters, sequence and direction."""
    draw, data, direction = jax.random.split(key, 3)
    xs = adding(data, 1, 2 * steps).xs[:, 0]  # twice, so that no start is in sight
    along = jax.random.normal(direction, (cell.hidden_size,), jnp.float32)
    along = along / jnp.linalg.norm(along)
    norms = norms_by_lag(gradients_by_lag(cell, cell.init(draw, 2), xs, along))
    return time_slice(norms, 0, steps + 1)


def norm_table(norms: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    """Return the norms at a few lags, a line for each cell and part."""
    steps = len(next(iter(norms.values()))["h"])
    shown = [lag for lag in SHOWN if lag < steps]
    rows = [
        [name, f"∂{part}", *(f"{values[lag]:.1e}" for lag in shown)]
        for name, parts in norms.items()
        for part, values in parts.items()
    ]
    return table(["cell", "by", *(f"lag {lag}" for lag in shown)], rows)


def main() -> None:
    """Compute, print and write table, numbers and plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    cells = contenders(options.hidden_size, options.steps)
    norms = {
        name: lag_norms(cell, options.steps, options.seeds)
        for name, cell in cells.items()
    }
    panels = {
        title: {
            name: LagCurve(parts[part], family=2 if "c" in parts else 0)
            for name, parts in norms.items()
            if part in parts
        }
        for part, title in PARTS.items()
    }
    text = norm_table(norms)
    print(text)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "gradient_lag.md").write_text(text + "\n", encoding="utf-8")
    save(plot_lags(panels), options.out / "gradient_lag")


if __name__ == "__main__":
    main()
