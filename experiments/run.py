"""Run an experiment: ``python experiments/run.py experiment=ptb_small train.epochs=2``."""

import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # so that `experiments` is a package, as it is for tests

import yaml

from experiments.compose import compose_run
from experiments.tasks import TASKS
from jlstm.train.loop import NonFiniteError
from jlstm.train.run import create_run
from jlstm.train.schema import build, plain


def main(argv: Sequence[str]) -> int:
    """Run what the command line says and return the exit code."""
    try:
        mapping = compose_run(argv)
        task = TASKS[mapping["task"]]
        config = build(task.Config, mapping)
        job = task.prepare(config)
        folder = create_run(Path(config.runs_dir), config.name)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    saved = yaml.safe_dump(plain(config), sort_keys=False)
    (folder / "config.yaml").write_text(saved, "utf-8")
    print(f"run folder: {folder}", flush=True)
    try:
        job.run(folder)
    except NonFiniteError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\ninterrupted; continue with resume={folder}", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
