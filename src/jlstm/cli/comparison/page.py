"""The page of a comparison: results, curves, and what differs in the configurations."""

import os
from collections.abc import Sequence
from pathlib import Path

from jlstm.analysis.plots import figure_to_svg
from jlstm.cli.comparison.axes import draw_axes
from jlstm.cli.comparison.curves import draw_curves
from jlstm.cli.comparison.groups import groups_of, groups_table
from jlstm.cli.comparison.runs import Run
from jlstm.cli.comparison.tables import best_of, differences_table, results_table
from jlstm.training.report.page import Link, Row, figures, paragraph, table, write_page

ALIKE = "The configurations of these runs do not differ."
RESULTS_NOTE = (
    "Bold: the lowest validation loss, where all runs have the same metrics. ± is the "
    "standard deviation of the seeds. A + behind a commit: there were changes next to "
    "it. A dash: the run does not have that."
)


def write_comparison(
    path: Path, runs: Sequence[Run], title: str = "", first: Sequence[str] = ()
) -> None:
    """Write one page, complete in itself; a run's name leads to its own report.

    Args:
        path: of the page; its folder exists.
        runs: in the order of the lines.
        title: of the page; default: how many runs there are.
        first: parts of the page above all others.
    """
    shown = title or f"{len(runs)} runs side by side"
    parts = [*first, *(_parts(path.parent, runs) if runs else ())]
    write_page(path, shown, parts, wide=True)


def _parts(folder: Path, runs: Sequence[Run]) -> list[str]:
    groups = groups_of(runs)
    plots = [*draw_axes(groups), *draw_curves(runs)]
    drawn = [(text, figure_to_svg(figure)) for text, figure in plots]
    header, lines = groups_table(groups)
    return [
        table("Seeds together", header, [Row(line) for line in lines]),
        _results(folder, runs),
        paragraph(RESULTS_NOTE),
        figures(drawn),
        _differences(runs),
    ]


def _results(folder: Path, runs: Sequence[Run]) -> str:
    header, lines = results_table(runs)
    best = best_of(runs)
    rows = [
        Row([_named(line[0], run, folder), *line[1:]], "best" if run is best else "")
        for run, line in zip(runs, lines, strict=True)
    ]
    return table("Results", header, rows)


def _named(name: str, run: Run, folder: Path) -> Link | str:
    """Return a name that leads to the report of the run, if it has one."""
    report = run.folder / "report.html"
    if not report.is_file():
        return name
    relative = os.path.relpath(report.resolve(), folder.resolve())
    return Link(name, Path(relative).as_posix())


def _differences(runs: Sequence[Run]) -> str:
    header, lines = differences_table(runs)
    rows = [Row(line) for line in lines]
    return table("Differences of the configurations", header, rows) or paragraph(ALIKE)
