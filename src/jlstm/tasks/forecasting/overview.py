"""What a series holds: values of each part, steps to look at, what is odd."""

import numpy as np

from jlstm.tasks.forecasting.data import Part, Prep
from jlstm.training.experiment import Loaded
from jlstm.training.overview import Overview, binned

_COLUMNS, _ROWS = 3, 3
_FAR = 8  # standard deviations


def make_overview(data: Loaded[Prep, Part]) -> Overview:
    """Return the values, a few rows, and what differs between the parts."""
    series, prep = data.train.series, data.prep
    shown = [prep.columns[n] for n in prep.sizes.predicted][:_COLUMNS]
    return Overview(
        counts={f"windows of {n}": len(p.windows) for n, p in data.parts.items()},
        examples=[("the first and last rows", _rows(data.train))],
        bars=[binned(name, series.values[:, series.column(name)]) for name in shown],
        problems=_problems(data),
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
    found = []
    for place, name in enumerate(data.prep.columns):
        own = [part.windows.values[:, place] for part in (data.train, data.test)]
        learned = own[0][: data.train.windows.stop]
        if np.ptp(learned) == 0:
            found.append(f"{name} never changes in train: nothing is learnt of it")
            continue
        far = int((np.abs(own[1]) > _FAR).sum())
        if far:
            found.append(
                f"{name} is more than {_FAR} standard deviations from the mean of "
                f"train in {far} row(s)"
            )
        held = own[1][data.test.windows.start : data.test.windows.stop]
        beyond = float(np.mean((held > learned.max()) | (held < learned.min())))
        if beyond > 0.3:
            found.append(
                f"{name} leaves the range of train in {beyond:.0%} of test: "
                "model.normalize=last follows a level"
            )
    return found
