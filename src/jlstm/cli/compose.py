"""From overrides such as ``experiment=demo`` to a plain mapping, by Hydra.

This file, ``sweep.py`` and ``launchers.py`` are all that knows Hydra. What Hydra would
say in several lines is said in one here; ``jlstm.training.config.schema`` checks the
values later.
"""

import difflib
import errno
import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from jlstm.cli import config_files
from jlstm.cli.config_files import folders
from jlstm.cli.recipes import check_data, default_experiment
from jlstm.tasks import TASKS
from jlstm.training.config.schema import defaults, dotted_keys, open_keys, unknown_key
from jlstm.training.variables import variables

HydraErrors = (HydraException, OmegaConfBaseException, YAMLError)
MOST_SIGNS = 20_000
"""Of an override."""
CLEARED = "__cleared__"
PLUGINS = {
    "optuna": '"jlstm[sweep]"',
    "submitit_local": '"jlstm[sweep]"',
    "submitit_slurm": '"jlstm[sweep]"',
    "ray": "hydra-ray-launcher==1.4.0rc3",
}
"""Sweepers and launchers of Hydra, and what brings them."""
OWN_TASK = re.compile(r"override\s+/task\s*:\s*['\"]?([\w.]+)")


def compose_run(overrides: Sequence[str]) -> dict[str, Any]:
    """Return the configuration of one run, all of it, as a plain nested mapping.

    A variable of the environment stands there as its text, ``${oc.env:NAME}``; see
    ``src/jlstm/training/variables.py``.

    Raises:
        ValueError: an override is not understood, names an unknown key or experiment,
            or a file under ``configs/`` is wrong.
    """
    parsed = check_overrides(overrides)
    config, mapping = _composed([*overrides, *default_experiment(values_of(parsed))])
    choices = config.hydra.runtime.choices
    name = mapping["name"] or _own_data(parsed) or choices.get("experiment")
    return mapping | {"name": name or mapping["task"]}


def sweeper_of(overrides: Sequence[str]) -> dict[str, Any]:
    """Return what Hydra's sweeper is and was told, defaults included.

    Example:
        >>> sweeper_of([])["_target_"]
        'hydra._internal.core_plugins.basic_sweeper.BasicSweeper'
    """
    config, _ = _composed(overrides)
    return OmegaConf.to_container(config.hydra.sweeper, resolve=False)


def chosen_task(overrides: Sequence[str]) -> str:
    """Return the name of the task that overrides choose, by an experiment or data."""
    (name,) = _chosen_tasks([_parse(text) for text in overrides]) or ("",)
    return name


def _composed(overrides: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """Return what Hydra composes, and all but its own part as a mapping."""
    register_defaults()
    for name in _own_tasks(overrides):
        _register(name)
    try:
        with initialize_config_dir(str(config_files.CONFIGS)):
            told = [*opened(overrides), *search_path()]
            config = compose("config", told, return_hydra_config=True)
        _check_own(config)
        own = OmegaConf.masked_copy(config, [key for key in config if key != "hydra"])
        return config, _plain(own)
    except HydraErrors as error:
        raise ValueError(one_line(error)) from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"A file in {Path.cwd() / 'configs'} is not UTF-8 ({error}): convert it, "
            "for example with `iconv`."
        ) from None
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise ValueError(
            "A name in an override is longer than one of a file."
        ) from None
    except RecursionError:
        raise ValueError(
            f"A file in {Path.cwd() / 'configs'} has itself in its defaults, perhaps "
            "by way of another one: take it out."
        ) from None


def _chosen_tasks(overrides: Sequence[Override]) -> tuple[str, ...]:
    """Return the tasks that may be meant: one, or all where a sweep chooses."""
    chosen = [one for one in overrides if one.key_or_group in _groups()]
    if any(one.is_sweep_override() for one in chosen):
        return tuple(TASKS)
    lines = [
        *(one.input_line for one in chosen),
        *default_experiment(values_of(chosen)),
    ]
    _, mapping = _composed([line for line in lines if line is not None])
    return (str(mapping["task"]),)


def values_of(overrides: Sequence[Override]) -> dict[str, Any]:
    """Return what overrides choose, by the key or the group."""
    return {one.key_or_group: one.value() for one in overrides}


def _groups() -> set[str]:
    return {
        "task",
        *(path.name for path in config_files.CONFIGS.iterdir() if path.is_dir()),
    }


def _own_data(overrides: Sequence[Override]) -> str | None:
    """Return the data that is chosen without an experiment: a run is called so."""
    chosen = values_of(overrides)
    if "experiment" in chosen or default_experiment(values_of(overrides)):
        return None
    return chosen.get("data")


def _plain(config: Any) -> Any:
    """Return plain values; texts that need the environment stay as they are."""
    texts = OmegaConf.to_container(config, resolve=False)
    if variables(texts):
        OmegaConf.to_container(config, resolve=True)  # raises where one is not set
        return texts
    return OmegaConf.to_container(config, resolve=True)


@functools.cache
def register_defaults() -> None:
    """Give Hydra the defaults of every task, so that each key can be overridden."""
    for name in TASKS:
        _register(name)


def _register(task: str) -> None:
    node = defaults(TASKS[task].Config) | {"task": task}
    store = ConfigStore.instance().store
    store(task, node, group="task", package="_global_", replace=True)


def _own_tasks(overrides: Sequence[str]) -> set[str]:
    """Return the tasks that are named by import paths, in overrides or in own files."""
    found = {text.partition("=")[2] for text in overrides if text.startswith("task=")}
    for text in overrides:
        key, _, name = text.partition("=")
        for folder in folders()[1:] if key == "experiment" else ():
            path = folder / key / f"{name}.yaml"
            if path.is_file():
                found |= set(OWN_TASK.findall(path.read_text("utf-8", "replace")))
    return {name for name in found if "." in name and "," not in name}


def check_overrides(overrides: Sequence[str]) -> list[Override]:
    """Parse overrides; raise ValueError for one that names no key and no group.

    The keys are those of the task that the overrides choose.
    """
    parsed = [_parse(text) for text in overrides]
    check_data(values_of(parsed))
    tasks = [TASKS[name] for name in _chosen_tasks(parsed) if name in TASKS]
    known = _groups() | {key for task in tasks for key in dotted_keys(task.Config)}
    for override in parsed:
        key = override.key_or_group
        if key not in known and not key.startswith(("hydra.", "hydra/", *_below())):
            raise unknown_key(key, tuple(sorted(known)))
    return parsed


def opened(overrides: Sequence[str]) -> list[str]:
    """Return overrides as Hydra takes them: ``++`` before an option of a cell.

    Which options there are, the cell decides; Hydra refuses a key that is not there
    before, unless it is told to put it there.

    Example:
        >>> opened(["model.stack.options.time_step=0.5,0.8", "train.seed=1"])
        ['++model.stack.options.time_step=0.5,0.8', 'train.seed=1']
    """
    return [f"++{text}" if text.startswith(_open()) else text for text in overrides]


def swept(overrides: Sequence[str]) -> list[str]:
    """Return overrides as Hydra's sweeper takes them.

    It would hand ``~key`` on as ``~key=null``, which clears nothing.

    Example:
        >>> swept(["~model.stack.options.time_step", "train.seed=0,1"])
        ['++model.stack.options.time_step=__cleared__', 'train.seed=0,1']
    """
    return [
        f"++{text[1:]}={CLEARED}" if _clears_key(text) else text
        for text in opened(overrides)
    ]


def closed(override: str) -> str:
    """Return an override as it was written, before :func:`opened` or `swept`."""
    written = override.removeprefix("++")
    if written.endswith(f"={CLEARED}"):
        return f"~{written.removesuffix(f'={CLEARED}')}"
    return written if written.startswith(_open()) else override


def _clears_key(text: str) -> bool:
    return text.startswith("~") and "=" not in text and text[1:] not in _groups()


def _open() -> tuple[str, ...]:
    """Return how an override of options of a cell begins."""
    return (*_below(), *(f"{key}=" for key in _open_keys()))


def _below() -> tuple[str, ...]:
    return tuple(f"{key}." for key in _open_keys())


@functools.cache
def _open_keys() -> tuple[str, ...]:
    return tuple({key for task in TASKS.values() for key in open_keys(task.Config)})


def _check_own(config: Any) -> None:
    """Raise ValueError where a chosen file of one's own would not do what it says."""
    choices = config.hydra.runtime.choices
    for own in folders()[1:]:
        for group, name in choices.items():
            known, mine = (
                each / group / f"{name}.yaml" for each in (config_files.CONFIGS, own)
            )
            both = known.is_file() and mine.is_file()
            if both and known.read_bytes() != mine.read_bytes():
                raise ValueError(
                    f"{group}={name} is in {own} and in jlstm: give yours another name."
                )
    if "experiment" in config:
        raise ValueError(
            f"The keys of experiment={choices['experiment']} stand below experiment, "
            "where nothing reads them: begin its file with the line "
            "'# @package _global_'."
        )


def search_path() -> list[str]:
    """Return the override that has Hydra look into a folder of one's own, if any."""
    quoted = (str(path).replace("'", r"\'") for path in folders()[1:])
    paths = ",".join(f"'file://{path}'" for path in quoted)
    return [f"hydra.searchpath=[{paths}]"] if paths else []


def one_line(error: Exception) -> str:
    """Return what Hydra or OmegaConf has to say as one line."""
    if isinstance(error, MissingConfigException) and error.options:
        group, _, name = str(error.missing_cfg_file).rpartition("/")
        if name in PLUGINS:
            return f"{group}={name} is not installed: pip install {PLUGINS[name]}"
        near = difflib.get_close_matches(name, error.options, 1)
        listed = ", ".join(sorted(error.options))
        hint = f"did you mean {near[0]}?" if near else f"choose one of {listed}."
        return f"There is no {group} {name!r}: {hint}"
    cause = error.__cause__
    said = f"{error} {cause}" if isinstance(cause, OmegaConfBaseException) else error
    return " ".join(str(said).split())


def _parse(text: str) -> Override:
    if len(text) > MOST_SIGNS:  # Hydra takes a minute for the longest that can be given
        raise ValueError(
            f"{text[:40]!r}… has {len(text):,} signs, {MOST_SIGNS:,} at most are read: "
            "write it to a file below configs/experiment, and give its name."
        )
    try:
        return OverridesParser.create().parse_override(text)
    except (HydraException, RecursionError, ValueError):
        raise ValueError(
            f"{text!r} is not an override: write key=value, lists as [1,2], and put a "
            "value with other signs in quotes, as in 'data.path=\"my file.txt\"'."
        ) from None
