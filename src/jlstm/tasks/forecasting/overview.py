"""What a series holds: values of each part, steps to look at, what is odd."""

import numpy as np
from jaxtyping import Bool

from jlstm.data.windows import Windows
from jlstm.tasks.forecasting.data import Prep
from jlstm.tasks.forecasting.ends import Part
from jlstm.tasks.forecasting.model_config import ForecasterConfig
from jlstm.training.experiment import Loaded
from jlstm.training.overview import Overview, binned

_COLUMNS, _ROWS = 3, 3
_FAR = 8  # standard deviations


def make_overview(data: Loaded[Prep, Part], model: ForecasterConfig) -> Overview:
    """Return the values, a few rows, and what differs between the parts."""
    series, prep = data.train.series, data.prep
    shown = [prep.columns[n] for n in prep.sizes.predicted][:_COLUMNS]
    return Overview(
        counts={f"windows of {n}": len(p.windows) for n, p in data.parts.items()},
        examples=[("the first and last rows", _rows(data.train))],
        bars=[binned(name, series.values[:, series.column(name)]) for name in shown],
        problems=[*_problems(data), *_ignored(data, model)],
    )


def _rows(part: Part) -> str:
    series = part.series
    few = [*range(len(series.values))]
    few = [*few[:_ROWS], *few[-_ROWS:]] if len(few) > 2 * _ROWS else few
    when = series.dates or tuple(map(str, range(len(series.values))))
    names = " ".join(("when", *series.columns[:8]))
    lines = [
        " ".join((when[n], *(f"{x:.6g}" for x in series.values[n, :8]))) for n in few
    ]
    return "\n".join([names, *lines])


def _problems(data: Loaded[Prep, Part]) -> list[str]:
    train, test = data.train.windows, data.test.windows
    learned, held = (
        part.values[covered(part, before)]
        for part, before in ((train, train.length), (test, 0))
    )
    pairs = zip(data.prep.columns, learned.T, held.T, strict=False)
    return [line for pair in pairs for line in _odd(*pair)]


def _odd(name: str, learned: np.ndarray, held: np.ndarray) -> list[str]:
    """Return what is odd about the z-scores of a column."""
    if np.ptp(learned) == 0:
        return [f"{name} never changes in train: nothing is learnt of it"]
    found, far = [], int((np.abs(np.concatenate([learned, held])) > _FAR).sum())
    if far:
        found.append(
            f"{name} is more than {_FAR} standard deviations from the mean of train in "
            f"{far} row(s)"
        )
    beyond = float(np.mean((held > learned.max()) | (held < learned.min())))
    if beyond > 0.3:
        found.append(
            f"{name} leaves the range of train in {beyond:.0%} of test: "
            "model.normalize=last follows a level"
        )
    return found


def covered(windows: Windows, before: int) -> Bool[np.ndarray, " t"]:
    """Return which rows windows predict, and so many rows before each.

    Example:
        >>> windows = Windows(np.ones((6, 1)), 3, 6, 2, horizon=2, predicted=(0,))
        >>> covered(windows, 0).tolist()
        [False, False, False, True, True, True]
    """
    found = np.zeros(len(windows.values), bool)
    for offset in range(-before, windows.horizon):
        found[windows.places + offset] = True
    return found


def _ignored(data: Loaded[Prep, Part], model: ForecasterConfig) -> list[str]:
    """Return a line where a model does not look at columns of the file."""
    alone = model.kind in ("deepar", "nlinear", "dlinear")
    if not alone and not (model.kind == "direct" and model.shared):
        return []
    sizes, names = data.prep.sizes, data.prep.columns
    used = {*sizes.predicted, *sizes.known}
    unused = [name for n, name in enumerate(names) if n not in used]
    if not unused:
        return []
    way = "model.kind=direct model.shared=false" if alone else "model.shared=false"
    return [
        f"the model does not look at {', '.join(unused[:5])}"
        f"{', …' * (len(unused) > 5)}: {way} reads all columns"
    ]
