"""Run an experiment: ``python experiments/run.py experiment=ptb_small train.epochs=2``.

``--help`` lists the experiments and all keys. Exit codes: 0 done, 1 stopped by NaN (or
a job of a sweep failed), 2 something is wrong with what was asked for, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import yaml

from experiments.compose import compose_run
from experiments.help import help_text
from experiments.lock import locked
from experiments.resume import check_same, resumed, save_config
from experiments.sweep import sweep
from experiments.tasks import find_task
from jlstm.train.loop import NonFiniteError
from jlstm.train.run import create_run
from jlstm.train.schema import build, plain


def main(argv: Sequence[str]) -> int:
    """Do what the command line says and return the exit code."""
    with ExitStack() as held:
        try:
            options = _parser().parse_intermixed_args(list(argv))
            if options.help or options.cfg:
                print(help_text() if options.help else composed(options.overrides))
                return 0
            if options.multirun:
                return sweep(options.overrides)
            job, folder = start(options.overrides, held)
        except (ValueError, OSError) as error:
            return _stop(f"error: {error}", 2)
        except KeyboardInterrupt:
            return _stop("interrupted", 130)
        return train(job, folder)


def composed(overrides: Sequence[str]) -> str:
    """Return the configuration that would run, as YAML."""
    return yaml.safe_dump(compose_run(overrides), sort_keys=False, allow_unicode=True)


def start(overrides: Sequence[str], held: ExitStack) -> tuple[Any, Path]:
    """Check what is asked for; return a job and its folder, new or to be continued.

    Args:
        overrides: of the command line.
        held: what to keep until the end of the run; the lock of the folder goes there.

    Raises:
        ValueError, OSError: something is wrong with it; nothing was written or
            compiled.
    """
    old = resumed(overrides)
    mapping = compose_run(overrides) if old is None else old.config
    task = find_task(mapping.get("task"))
    job = task.prepare(build(task.Config, mapping))
    config = job.config
    runs = Path(config.runs_dir)
    folder = old.folder if old is not None else create_run(runs, config.name)
    held.enter_context(locked(folder))
    check_same(folder, job.identity())
    save_config(folder, plain(config))
    print(f"run folder: {folder}", flush=True)
    return job, folder


def train(job: Any, folder: Path) -> int:
    """Train to the end, or say in one line why not."""
    try:
        job.run(folder)
    except NonFiniteError as error:
        return _stop(f"error: {error}", 1)
    except KeyboardInterrupt:
        again = f"python experiments/run.py resume={folder}"
        return _stop(f"interrupted; to go on: {again}", 130)
    return 0


def _stop(text: str, code: int) -> int:
    print(" ".join(text.split()), file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("--cfg", action="store_true")
    parser.add_argument("overrides", nargs="*")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
