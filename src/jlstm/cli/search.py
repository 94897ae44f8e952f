"""A sweep that searches: Optuna keeps in the folder what it tried, and goes on there.

A study has a trial for each job. Hydra asks for a few trials, runs their jobs and tells
what they came to; a sweep that is killed leaves trials that nobody will tell. They are
given up, and asked for again with the same values before any other: so each finds the
folder of its job, with the outcome or the checkpoints that are there.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jlstm._internal.extras import brought_by
from jlstm.cli.compose import sweeper_of
from jlstm.cli.jobs import quoted

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

STORE = "study.db"
GIVEN_UP = "given up"
"""An attribute of a study: the numbers of trials that nobody told."""
JOB, VALUES = "job", "values"
"""Attributes of a trial that is asked for again: number of its job, what it tries."""


class Search(NamedTuple):
    """What is left of a search.

    Attributes:
        overrides: what Hydra's sweeper is to be told.
        first: number of the first job.
        left: how many jobs there are to run.
    """

    overrides: list[str]
    first: int
    left: int


def search(folder: Path, fixed: Sequence[str]) -> Search | None:
    """Return how Optuna goes on in the folder of a sweep, None for other sweepers.

    Args:
        folder: of the sweep.
        fixed: the overrides that are the same in all jobs.

    Raises:
        ValueError: the study was given a name.
    """
    told = sweeper_of(fixed)
    if not told["_target_"].endswith("OptunaSweeper"):
        return None
    if told["study_name"] is not None:
        raise ValueError(
            f"hydra.sweeper.study_name is {told['study_name']!r}: a study is called "
            "like the folder of its sweep; leave it out."
        )
    store = told["storage"] or f"sqlite:///{folder / STORE}"
    name = f"{folder.parent.name}/{folder.name}"
    with study_in(store, name) as study:
        done = _take_up(study)
    left = max(0, told["n_trials"] - done)
    own = {"study_name": quoted(name), "n_trials": left}
    if told["storage"] is None:
        own["storage"] = quoted(store)
    return Search([f"hydra.sweeper.{k}={v}" for k, v in own.items()], done, left)


@contextmanager
def study_in(store: Any, name: str) -> Iterator["Study"]:
    """Open a study, or begin it, and close what it lies in.

    Args:
        store: address of a database, or a storage as Hydra's configuration has it.
        name: of the study.

    Raises:
        ValueError: it cannot be opened.
    """
    with brought_by("sweep"):
        import optuna
    from hydra.utils import instantiate

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    given = isinstance(store, Mapping)
    try:
        storage = instantiate(store) if given else optuna.storages.RDBStorage(store)
        study = optuna.create_study(
            storage=storage, study_name=name, load_if_exists=True
        )
    except Exception as error:  # of any database
        said = " ".join(str(error).split())[:200]
        raise ValueError(
            f"hydra.sweeper.storage cannot be opened ({said}): give the address of a "
            "database, such as sqlite:///study.db."
        ) from error
    yield study
    if isinstance(storage, optuna.storages.RDBStorage):
        storage.remove_session()
        storage.engine.dispose()


def _take_up(study: "Study") -> int:
    """Have a study ask again for what was cut off; return how many jobs are done."""
    from optuna.trial import TrialState

    while study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.ask()
    cut = sorted(study.get_trials(states=(TrialState.RUNNING,)), key=_job)
    numbers = [*study.user_attrs.get(GIVEN_UP, ()), *(one.number for one in cut)]
    given_up = list(dict.fromkeys(numbers))
    study.set_user_attr(GIVEN_UP, given_up)
    for trial in cut:
        study.tell(trial.number, state=TrialState.FAIL)
    done = len(study.get_trials(deepcopy=False)) - len(given_up)
    for job, values in enumerate(filter(None, map(_values, cut)), done):
        study.enqueue_trial(values, user_attrs={JOB: job, VALUES: values})
    return done


def _job(trial: "FrozenTrial") -> tuple[float, int]:
    """Return which job a trial was: those that were asked for again come first."""
    return float(trial.user_attrs.get(JOB, math.inf)), trial.number


def _values(trial: "FrozenTrial") -> dict[str, Any]:
    return trial.user_attrs.get(VALUES, {}) | trial.params
