"""What the command line asks for: help, a configuration, a run, or a sweep."""

import argparse
import errno
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

from jlstm.cli.comparison.index import write_index
from jlstm.cli.compose import compose_run
from jlstm.cli.continuity import begin, go_on
from jlstm.cli.follow import follow, join
from jlstm.cli.help import help_text
from jlstm.cli.lock import locked
from jlstm.cli.resume import Resumed, resumed
from jlstm.cli.sweep import sweep
from jlstm.tasks import find_task
from jlstm.training import processes
from jlstm.training.config.schema import build, plain
from jlstm.training.experiment import Experiment
from jlstm.training.failure import Reached
from jlstm.training.run import create_run
from jlstm.training.starts import STARTS
from jlstm.training.variables import hidden_in_errors, resolved, unresolved


def launch(argv: Sequence[str], reached: Reached) -> int:
    """Do what the command line says.

    Args:
        argv: of the command line.
        reached: is told how far it got.

    Returns:
        The exit code; whatever goes wrong is an exception.
    """
    options = _parser().parse_intermixed_args(_hydra_spelling(argv))
    if options.help:
        print(help_text(options.overrides))
        return 0
    if options.cfg:
        print(composed(options.overrides))
        return 0
    if options.multirun:
        return sweep(options.overrides, reached)
    with ExitStack() as held:
        experiment, reached.folder = start(options.overrides, held)
        reached.training = True
        if not processes.is_first():
            follow(experiment, reached.folder)
            return 0
        experiment.run(reached.folder)
        check_still_there(reached.folder)
        write_index(Path(experiment.config.runs_dir))
    return 0


def resume(argv: Sequence[str], reached: Reached) -> int:
    """Resume a run: ``jlstm resume RUN``; a sweep is resumed as well.

    Raises:
        ValueError: the first word is no folder.
    """
    if argv[:1] in (["-h"], ["--help"]):
        print(help_text())
        return 0
    if not argv or "=" in argv[0] or argv[0].startswith("-"):
        came = argv[0] if argv else "nothing"
        raise ValueError(f"jlstm resume takes the folder of a run first, got {came}.")
    return launch([f"resume={argv[0]}", *argv[1:]], reached)


def sweep_(argv: Sequence[str], reached: Reached) -> int:
    """Train every combination: ``jlstm sweep train.seed=0,1``."""
    return launch(["-m", *argv], reached)


def composed(overrides: Sequence[str]) -> str:
    """Return the configuration that would run, as YAML."""
    return yaml.safe_dump(compose_run(overrides), sort_keys=False, allow_unicode=True)


class Prepared(NamedTuple):
    """A run that was checked and not begun.

    Attributes:
        experiment: with its data.
        texts: the configuration as it was written, variables as their names.
        old: what is resumed, None for a new run.
    """

    experiment: Experiment
    texts: dict[str, Any]
    old: Resumed | None


def prepare(overrides: Sequence[str]) -> Prepared:
    """Check what is asked for, and read the data.

    Args:
        overrides: of the command line.

    Raises:
        ValueError, OSError: something is wrong with it; nothing was written or
            compiled.
    """
    old = resumed(overrides)
    texts = compose_run(overrides) if old is None else old.config
    with hidden_in_errors(texts):
        mapping = resolved(texts)
        join(mapping)
        task = find_task(mapping.get("task"))
        return Prepared(task.from_config(build(task.Config, mapping)), texts, old)


def enter(prepared: Prepared, held: ExitStack) -> Path:
    """Begin a run, or go on with an old one; return its folder.

    Args:
        prepared: what to run.
        held: what to keep until the end of the run; the lock of the folder goes there.

    Of several processes the first one enters the folder, the others follow.

    Raises:
        ValueError, OSError: the folder is in use, or of another run.
    """
    held.enter_context(hidden_in_errors(prepared.texts))
    folder = _entered(prepared, held) if processes.is_first() else Path()
    return Path(processes.agree(str(folder)))


def _entered(prepared: Prepared, held: ExitStack) -> Path:
    experiment, texts, old = prepared
    config, identity = experiment.config, experiment.identity(experiment.data)
    runs = Path(config.runs_dir)
    folder = old.folder if old is not None else create_run(runs, config.name)
    held.enter_context(locked(folder))
    shown = unresolved(plain(config), texts)
    if old is None:
        begin(folder, shown, identity)
    else:
        go_on(old, shown, identity)
    print(f"run folder: {folder}", flush=True)
    return folder


def start(overrides: Sequence[str], held: ExitStack) -> tuple[Experiment, Path]:
    """Prepare a run and enter its folder; return an experiment and the folder."""
    prepared = prepare(overrides)
    return prepared.experiment, enter(prepared, held)


def check_still_there(folder: Path) -> None:
    """Raise FileNotFoundError if a folder was taken away and made again since.

    What writes checkpoints and logs makes the folders that it needs.
    """
    starts = folder / STARTS
    if not starts.is_file():
        said = "the folder was taken away while the run went on; this is gone"
        raise FileNotFoundError(errno.ENOENT, said, str(starts))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("--cfg", action="store_true")
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("overrides", nargs="*")
    return parser


def _hydra_spelling(argv: Sequence[str]) -> list[str]:
    """Leave out the ``job`` of ``--cfg job``, as Hydra wants it written."""
    return [
        text
        for before, text in zip(["", *argv], argv, strict=False)
        if not (before == "--cfg" and text in ("job", "all"))
    ]
