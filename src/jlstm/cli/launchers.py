"""Hydra's sweepers and launchers, called from here: what they say is one line."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import hydra

from jlstm.cli import config_files
from jlstm.cli.compose import HydraErrors, one_line, search_path, swept
from jlstm.cli.jobs import RUN

LAUNCHER, JOBS = "hydra/launcher", "hydra.launcher.n_jobs"


class LauncherError(RuntimeError):
    """What runs the jobs of a sweep gave up: a worker died, a cluster refused."""


def launch(job: Callable[[Any], float], overrides: Sequence[str]) -> None:
    """Let Hydra call a function for each combination of overrides.

    Raises:
        ValueError: Hydra does not take the overrides.
        LauncherError: a launcher gave up.
    """
    main = hydra.main(config_path=str(config_files.CONFIGS), config_name="config")(job)
    told = [*one_at_a_time(overrides), *swept(overrides), *search_path()]
    try:
        with _process([RUN, "-m", *told]):
            main()
    except HydraErrors as error:
        raise ValueError(one_line(error)) from None
    except (OSError, MemoryError, ModuleNotFoundError):
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise LauncherError(f"{type(error).__name__}: {said}") from error


def one_at_a_time(overrides: Sequence[str]) -> list[str]:
    """Return what has joblib run one job after the other, unless it was told.

    Example:
        >>> one_at_a_time(["train.seed=0,1"])
        ['hydra.launcher.n_jobs=1']
        >>> one_at_a_time(["hydra/launcher=ray"])
        []
    """
    told = {key: value for key, _, value in (t.partition("=") for t in overrides)}
    joblib = told.get(LAUNCHER, "joblib") == "joblib"
    return [f"{JOBS}=1"] if joblib and JOBS not in told else []


@contextmanager
def _process(argv: list[str]) -> Iterator[None]:
    """Let Hydra see a command line, and let it raise instead of print and exit."""
    before, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = argv, "1"
    try:
        yield
    finally:
        sys.argv = before
        del os.environ["HYDRA_FULL_ERROR"]
        if full_error is not None:
            os.environ["HYDRA_FULL_ERROR"] = full_error
