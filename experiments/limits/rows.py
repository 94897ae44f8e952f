"""What the scripts of this folder share: measured points, kept as they come."""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jlstm.analysis.plots.points import plot_points
from jlstm.training.report.plots import save
from jlstm.training.report.table import table

HERE = Path(__file__).parent
Row = dict[str, Any]


class Rows:
    """The finished points of a script, one line of JSON each.

    A script that is started again goes on with what is missing. Points that were made
    with other settings stay in the file and are not looked at.

    Args:
        path: of the file.
        setting: what all points of one plot share.
    """

    def __init__(self, path: Path, setting: Row) -> None:
        self.path = path
        self.setting = json.loads(json.dumps(setting))
        self.rows = [row for row in self._read() if row["setting"] == self.setting]

    def missing(self, points: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
        """Return the points that are not done, in their order."""
        done = {(row["name"], row["x"]) for row in self.rows}
        return [point for point in points if point not in done]

    def add(self, name: str, x: float, measured: Row) -> None:
        """Note a point."""
        row = {"name": name, "x": x, **measured, "setting": self.setting}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.rows.append(row)

    def curves(self, names: Sequence[str], key: str) -> dict[str, list[tuple]]:
        """Return pairs of x and a number by name; what has no number is left out."""
        return {
            name: [
                (row["x"], row[key])
                for row in self.rows
                if row["name"] == name and row.get(key) is not None
            ]
            for name in names
        }

    def table(self, names: Sequence[str], key: str, head: str, note: str = "") -> str:
        """Return the numbers as a table, a line for each x.

        Args:
            names: of the columns.
            key: of the number.
            head: what the first column says.
            note: key of what stands where there is no number.
        """
        found = {(row["name"], row["x"]): row for row in self.rows}
        xs = sorted({row["x"] for row in self.rows})

        def cell(name: str, x: float) -> str:
            row = found.get((name, x), {})
            value = row.get(key)
            return str(row.get(note, "")) if value is None else f"{value:.4g}"

        return table(
            [head, *names], [[f"{x:g}", *(cell(n, x) for n in names)] for x in xs]
        )

    def _read(self) -> list[Row]:
        if not self.path.is_file():
            return []
        return [json.loads(line) for line in self.path.read_text("utf-8").splitlines()]


def present(
    rows: Rows,
    names: Sequence[str],
    key: str,
    out: Path,
    *,
    x_label: str,
    y_label: str,
    log_y: bool = False,
    baseline: tuple[str, float] | None = None,
    highest: float | None = None,
    note: str = "",
) -> None:
    """Print the table and write it, as Markdown, next to the plot."""
    text = rows.table(names, key, x_label, note)
    print(text, flush=True)
    out.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    figure = plot_points(
        rows.curves(names, key), x_label=x_label, y_label=y_label, log_y=log_y,
        baseline=baseline, highest=highest,
    )  # fmt: skip
    save(figure, out)


def options_of(doc: str | None, name: str, folder: Path = HERE) -> tuple[bool, Path]:
    """Read the command line; return whether to be quick, and where the plot goes.

    Args:
        doc: what ``--help`` says.
        name: of the plot, without an ending.
        folder: of the script.
    """
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--quick", action="store_true", help="try the script out")
    parser.add_argument("--out", type=Path, help="the folder of table and plot")
    options = parser.parse_args()
    out = options.out or (
        Path("runs") / f"{folder.name}_quick" if options.quick else folder
    )
    out.mkdir(parents=True, exist_ok=True)
    return options.quick, out / name
