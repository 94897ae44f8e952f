"""``jlstm predict`` and ``jlstm score``: a trained model on new data."""

import csv
import io
import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from jlstm._internal.files import write_atomically
from jlstm.cli.arguments import Parser
from jlstm.tasks.runs import TrainedRun, load_run
from jlstm.training.experiment import Row
from jlstm.training.failure import Reached
from jlstm.training.loop import describe

WRITTEN = (".csv", ".tsv", ".jsonl")


def predict(argv: Sequence[str], reached: Reached) -> int:
    """Print or write what a model makes of new data, a row for each example."""
    parser = _parser("predict", "Answers of a trained model for new data.")
    parser.add_argument(
        "--out", type=Path, metavar="OUT",
        help=f"a file to write, {', '.join(WRITTEN)}; else JSON lines are printed",
    )  # fmt: skip
    options = parser.parse_args(list(argv))
    _check_out(options.out)
    source = _source(options.file)
    with redirect_stdout(sys.stderr):  # what a reader says is no answer
        rows = _loaded(options).predict(source)
    if options.out is None:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False), flush=True)
        return 0
    found = list(rows)
    write_atomically(options.out, _text(found, options.out.suffix))
    print(f"wrote {options.out}: {len(found)} row(s)")
    return 0


def score(argv: Sequence[str], reached: Reached) -> int:
    """Print the metrics of a model on new data that has its answers."""
    parser = _parser("score", "Metrics of a trained model on data with answers.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(list(argv))
    source = _source(options.file)
    with redirect_stdout(sys.stderr):
        scores = _loaded(options).score(source)
    print(json.dumps(scores) if options.json else describe(scores))
    return 0


def _parser(command: str, description: str) -> Parser:
    parser = Parser(command, description)
    parser.add_argument("run", metavar="RUN", help="folder of a run, or its model/")
    parser.add_argument(
        "file", metavar="FILE", nargs="+",
        help="a file or a folder as the task reads it; two files where answers are in "
        "the second one",
    )  # fmt: skip
    parser.add_argument(
        "--weights", choices=("best", "last"), default="best",
        help="of the best epoch, or the last ones (default: best)",
    )  # fmt: skip
    parser.add_argument(
        "--trust-code", action="store_true",
        help="import cells that are not jlstm's, by the paths in the configuration",
    )  # fmt: skip
    return parser


def _loaded(options: Namespace) -> TrainedRun:
    return load_run(options.run, options.weights, trust_code=options.trust_code)


def _source(files: Sequence[str]) -> Any:
    if len(files) > 2:
        raise ValueError(f"{len(files)} files were given: give one, or two.")
    return files[0] if len(files) == 1 else tuple(files)


def _check_out(path: Path | None) -> None:
    if path is None:
        return
    if path.suffix not in WRITTEN:
        raise ValueError(f"--out is {path}; end it in one of {', '.join(WRITTEN)}.")
    if not path.parent.is_dir():
        raise ValueError(f"--out is {path}, in a folder that does not exist.")


def _text(rows: list[Row], suffix: str) -> str:
    """Return rows as a file has them."""
    if suffix == ".jsonl":
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    written = csv.DictWriter(
        text, names, delimiter="\t" if suffix == ".tsv" else ",", lineterminator="\n"
    )
    written.writeheader()
    written.writerows(map(_flat, rows))
    return text.getvalue()


def _flat(row: Row) -> Row:
    """Return a row of texts and numbers: lists are words between blanks."""
    return {
        name: " ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in row.items()
    }
