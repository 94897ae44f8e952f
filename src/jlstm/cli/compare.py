"""``jlstm compare RUN RUN …``: what runs reached, and how their configurations differ.

The tables are printed, and with the learning curves they are one page that needs
nothing else.
"""

from collections.abc import Sequence
from pathlib import Path

from jlstm.cli.arguments import Parser
from jlstm.cli.comparison.groups import groups_of, groups_table
from jlstm.cli.comparison.page import write_comparison
from jlstm.cli.comparison.runs import Run, read_runs
from jlstm.cli.comparison.tables import differences_table, results_table
from jlstm.training.failure import Reached
from jlstm.training.report.table import table


def compare(argv: Sequence[str], reached: Reached) -> int:
    """Lay the curves, results and configurations of runs side by side."""
    options = _parser().parse_args(list(argv))
    runs = read_runs(options.runs)
    _check_out(options.out)
    print(tables(runs))
    write_comparison(options.out, runs)
    print(f"\ncomparison: {options.out}")
    return 0


def tables(runs: Sequence[Run]) -> str:
    """Return what the runs reached and how their configurations differ, as text."""
    header, lines = differences_table(runs)
    differ = table(header, lines) if lines else "The configurations do not differ."
    grouped = groups_table(groups_of(runs))
    seeds = f"{table(*grouped)}\n\n" if grouped[1] else ""
    return f"{seeds}{table(*results_table(runs))}\n\n{differ}"


def _check_out(path: Path) -> None:
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError(
            f"--out is {path}; give the name of a file in a folder that exists."
        )


def _parser() -> Parser:
    said = "Lay the curves, results and configurations of runs side by side."
    parser = Parser("compare", said)
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN",
        help="folder of a run, of an experiment or of a sweep",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=Path("compare.html"),
        help="the page to write (default: compare.html)",
    )  # fmt: skip
    return parser
