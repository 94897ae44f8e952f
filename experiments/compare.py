"""Compare runs: ``python experiments/compare.py RUN RUN … [--out compare.html]``.

A RUN is the folder of a run, of an experiment (all its runs) or of a sweep (all its
jobs). The tables are printed, and with the learning curves they are one page that needs
nothing else. Exit codes: 0 done, 2 something is wrong with what was asked for.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from jlstm.cli.comparison.page import write_comparison
from jlstm.cli.comparison.runs import Run, read_runs
from jlstm.cli.comparison.tables import differences_table, results_table
from jlstm.training.report.table import table


def main(argv: Sequence[str]) -> int:
    """Do what the command line says and return the exit code."""
    try:
        options = _parser().parse_args(list(argv))
        runs = read_runs(options.runs)
        _check_out(options.out)
        print(tables(runs))
        write_comparison(options.out, runs)
    except (ValueError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    print(f"\ncomparison: {options.out}")
    return 0


def tables(runs: Sequence[Run]) -> str:
    """Return what the runs reached and how their configurations differ, as text."""
    header, lines = differences_table(runs)
    differ = table(header, lines) if lines else "The configurations do not differ."
    return f"{table(*results_table(runs))}\n\n{differ}"


def _check_out(path: Path) -> None:
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError(
            f"--out is {path}; give the name of a file in a folder that exists."
        )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        description="Lay the curves, results and configurations of runs side by side.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN",
        help="folder of a run, of an experiment or of a sweep",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=Path("compare.html"),
        help="the page to write (default: compare.html)",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
