"""``jlstm predict`` and ``jlstm score``: a trained model on new data."""

import errno
import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import yaml

from jlstm._internal.files import write_atomically
from jlstm.cli.arguments import Parser, add_run
from jlstm.cli.screen import check_arrived
from jlstm.tasks.runs import TrainedRun, load_run
from jlstm.training.backtest import Backtest
from jlstm.training.failure import Reached
from jlstm.training.loop import describe
from jlstm.training.report.table import table
from jlstm.training.rows import Row, rows_text

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
    (source,) = _files(options, "predict", 1)
    _check_apart(options.out, source)
    with redirect_stdout(sys.stderr):  # what a reader says is no answer
        rows = _loaded(options).predict(source)
    if options.out is None:
        _print(rows)
        return 0
    found = list(rows)
    _write(options.out, rows_text(found, options.out.suffix))
    print(f"wrote {options.out}: {len(found)} row(s)")
    return 0


def score(argv: Sequence[str], reached: Reached) -> int:
    """Print the metrics of a model on new data that has its answers."""
    parser = _parser("score", "Metrics of a trained model on data with answers.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(list(argv))
    files = _files(options, "score", 2)
    with redirect_stdout(sys.stderr):
        run = _loaded(options)
        if not run.experiment.answers_apart:
            files = _files(options, f"score of task={run.config.task}", 1)
        scores = run.score(files[0] if len(files) == 1 else files)
    print(json.dumps(scores) if options.json else describe(scores))
    check_arrived()
    return 0


def backtest(argv: Sequence[str], reached: Reached) -> int:
    """Print how good forecasts would have been, at each step of the horizon."""
    parser = _parser("backtest", "Forecasts from many places of a known series.")
    parser.add_argument(
        "--every", type=int, metavar="N",
        help="steps from one forecast to the next (default: the horizon)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="OUT",
        help=f"a file to write all forecasts to, {', '.join(WRITTEN)}",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(list(argv))
    _check_out(options.out)
    (source,) = _files(options, "backtest", 1)
    _check_apart(options.out, source)
    with redirect_stdout(sys.stderr):
        found = _loaded(options).backtest(source, options.every)
    if options.json:
        said = {"origins": found.origins, "by_step": found.by_step}
        print(json.dumps(said | found.scores))
    else:
        print(f"{found.origins} forecasts: {describe(found.scores)}\n")
        print(_by_step(found))
    if options.out is not None:
        _write(options.out, rows_text(found.rows, options.out.suffix))
        print(f"wrote {options.out}: {len(found.rows)} row(s)", file=sys.stderr)
    check_arrived()
    return 0


def _by_step(found: Backtest) -> str:
    """Return the scores at each step of the horizon as a table."""
    lines = zip(*found.by_step.values(), strict=True)
    rows = [[number, *line] for number, line in enumerate(lines, 1)]
    return table(["step", *found.by_step], rows)


def _parser(command: str, description: str) -> Parser:
    parser = Parser(command, description)
    add_run(parser)
    parser.add_argument(
        "file", metavar="FILE", nargs="+",
        help="a file or a folder as the task reads it; to be scored, two files where "
        "answers are in the second one; and how it is read, such as data.gaps=fill",
    )  # fmt: skip
    return parser


def _loaded(options: Namespace) -> TrainedRun:
    run = load_run(options.run, options.weights, trust_code=options.trust_code)
    told = [word.partition("=") for word in options.file if _is_option(word)]
    return run.reading(
        **{key.removeprefix("data."): yaml.safe_load(value) for key, _, value in told}
    ) if told else run  # fmt: skip


def _is_option(word: str) -> bool:
    """Whether a word says how a file is read; no file is called so."""
    return word.startswith("data.") and "=" in word


def _print(rows: Iterable[Row]) -> None:
    """Print rows as they come; signs that the screen lacks are escaped, not lost."""
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    for row in rows:
        print(json.dumps(row, ensure_ascii=plain), flush=True)
        if not check_arrived():
            return


def _files(options: Namespace, what: str, most: int) -> tuple[str, ...]:
    """Return the paths that were given, no more than are read."""
    files = tuple(word for word in options.file if not _is_option(word))
    if not 1 <= len(files) <= most:
        wanted = "one" if most == 1 else "one, or two"
        raise ValueError(f"{what} got {len(files)} files: give {wanted}.")
    return files


def _check_out(path: Path | None) -> None:
    if path is None:
        return
    if path.suffix not in WRITTEN:
        raise ValueError(f"--out is {path}; end it in one of {', '.join(WRITTEN)}.")
    if not path.parent.is_dir():
        raise ValueError(f"--out is {path}, in a folder that does not exist.")
    if path.is_dir():
        raise ValueError(f"--out is {path}, which is a folder: give a file's name.")
    if not os.access(path.parent, os.W_OK):
        raise OSError(errno.EROFS, "--out lies in a folder that may not be written",
                      str(path))  # fmt: skip


def _check_apart(out: Path | None, source: str) -> None:
    """Raise where what is written would take the place of what is read."""
    if out is not None and out.exists() and out.samefile(source):
        raise ValueError(f"--out is {out}, the file that is read: give another name.")


def _write(path: Path, text: str) -> None:
    try:
        write_atomically(path, text)
    except OSError as error:  # which names its draft
        said = f"--out cannot be written: {error.strerror}"
        raise OSError(error.errno, said, str(path)) from None
