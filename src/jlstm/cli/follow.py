"""A run of several processes: the first one has the folder, the others follow it.

What a follower writes goes to a folder that is thrown away, and what it would print is
not shown: one log, one report. It reads the checkpoints of the run, which so must lie
where all machines see them.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, get_args

from jlstm.training import processes
from jlstm.training.experiment import Experiment


def join(config: Mapping[str, Any]) -> None:
    """Join the other processes, if the configuration of a run says so.

    Raises:
        ValueError: there are none.
    """
    how = config.get("distributed", "off")
    if how in get_args(processes.Distributed):
        processes.join(how)


def follow(experiment: Experiment, folder: Path) -> None:
    """Train with the first process, which has the folder of the run."""
    with _own_folder(folder) as own:
        experiment.train(experiment.task(experiment.data, {}), own)


@contextmanager
def _own_folder(folder: Path) -> Iterator[Path]:
    """Give a folder of its own, with the checkpoints of the run, and print nothing."""
    with (
        tempfile.TemporaryDirectory(prefix="jlstm-") as name,
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        redirect_stdout(nowhere),
    ):
        own = Path(name)
        (own / "checkpoints").symlink_to(folder.absolute() / "checkpoints")
        yield own
