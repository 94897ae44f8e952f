"""``jlstm data check``: what a task makes of a file, before anything is trained."""

import contextlib
import io
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from jlstm.cli.arguments import Parser
from jlstm.cli.compose import compose_run
from jlstm.cli.config_files import options
from jlstm.cli.forms import form_of
from jlstm.tasks import find_task
from jlstm.training.config.schema import build
from jlstm.training.experiment import Experiment
from jlstm.training.failure import Reached, tell
from jlstm.training.overview import Overview
from jlstm.training.report.page import (
    Row,
    headline,
    paragraph,
    samples,
    table,
    write_page,
)
from jlstm.training.variables import resolved

REFUSED = 1
"""The exit code of a file that the task refuses; 2 is a command line that is wrong."""
TASK_OF = {
    "csv": "forecast", "records": "classify", "sequences": "classify",
    "labelled_text": "classify", "tagged": "tagging",
    "audio_folder": "speech", "text": "language", "clips": "video",
}  # fmt: skip
"""The task of each kind of a user's own data."""
CHOICES = ("data=", "experiment=", "task=")


def data(argv: Sequence[str], reached: Reached) -> int:
    """Read a file as a task would and show what it understood."""
    options = _parser().parse_intermixed_args(list(argv))
    if options.html is not None and not options.html.absolute().parent.is_dir():
        raise ValueError(f"--html is {options.html}, in a folder that does not exist.")
    told = [_choice(word) for word in options.words]
    try:
        chosen = told if _is_chosen(told) else [f"data={form_of(options.file)}", *told]
    except (ValueError, OSError) as error:
        return _refused(error)
    reader, said = _reader(options.file, chosen), io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            experiment = reader()
    except (ValueError, OSError) as error:
        return _refused(error)
    finally:
        print(said.getvalue(), end="")
    found = experiment.overview(experiment.data)
    for line in report(found):
        print(line)
    if options.html is not None:
        write_html(options.html, options.file, found, said.getvalue())
        print(f"wrote {options.html}")
    path = f"data.path={_quoted(options.file)}"
    print(f"\nto train: {shlex.join(['jlstm', 'run', *chosen, path])}")
    return 0


def report(found: Overview) -> Iterator[str]:
    """Yield what is printed of an overview, line by line."""
    for heading, text in found.examples:
        yield f"\n{heading}"
        yield from (f"  {line}" for line in text.split("\n"))
    yield "\ncounts"
    yield from (f"  {name:<18} {count:>9,}" for name, count in found.counts.items())
    for bars in found.bars:
        yield f"\n{bars.title}"
        yield from (f"  {line}" for line in bars.lines())
    yield "\nproblems"
    yield from (f"  {line}" for line in found.problems or ("none found",))


def write_html(path: Path, source: str, found: Overview, said: str = "") -> None:
    """Write an overview as a page that needs nothing else.

    Args:
        path: where to.
        source: the file that was read.
        found: what it holds.
        said: what its reader printed.
    """
    bars = [(each.title, "\n".join(each.lines())) for each in found.bars]
    problems = [Row([line]) for line in found.problems or ("none found",)]
    numbers = [(name, f"{count:,}") for name, count in found.counts.items()]
    parts = [
        *map(paragraph, said.splitlines()),
        headline(numbers),
        table("Problems", ["what may be wrong"], problems),
        samples([*bars, *found.examples]),
    ]
    write_page(path, f"What {Path(source).name} holds", parts)


def _parser() -> Parser:
    parser = Parser("data", "Show what a task makes of a file of yours.")
    parser.add_argument("what", choices=("check",), help="what to do with it")
    parser.add_argument("file", metavar="FILE", help="a file or a folder")
    parser.add_argument(
        "words", metavar="TASK|EXPERIMENT|KEY=VALUE", nargs="*",
        help="which task reads it, else it is seen from the file; and options such as "
        "data.target=COLUMN",
    )  # fmt: skip
    parser.add_argument("--html", type=Path, metavar="OUT", help="a page to write too")
    return parser


def _choice(word: str) -> str:
    """Return a word as an override: a task, data or an experiment by its name alone."""
    if "=" in word:
        return word
    own = {task: name for name, task in TASK_OF.items()}
    if word in TASK_OF or word in own:
        return f"data={own.get(word, word)}"
    if word in options("experiment"):
        return f"experiment={word}"
    known = ", ".join((*own, *TASK_OF))
    raise ValueError(
        f"{word!r} is no task, data or experiment: choose one of {known}, or of "
        "`jlstm list experiments`."
    )


def _is_chosen(words: Sequence[str]) -> bool:
    return any(word.startswith(CHOICES) for word in words)


def _reader(
    path: str, overrides: Sequence[str]
) -> Callable[[], Experiment[Any, Any, Any]]:
    """Return what reads a file as ``jlstm run`` would, once all options are checked."""
    mapping = resolved(compose_run([*overrides, f"data.path={_quoted(path)}"]))
    task = find_task(mapping.get("task"))
    config = build(task.Config, mapping)
    return lambda: task.from_config(config)


def _refused(error: Exception) -> int:
    _, line = tell(error, Reached())
    print(line, file=sys.stderr)
    return REFUSED


def _quoted(path: str) -> str:
    """Return a path as an override takes it."""
    if re.fullmatch(r"[\w./-]+", path, re.ASCII):
        return path
    escaped = path.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
