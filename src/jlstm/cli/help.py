"""The text of ``--help``, made from the configs and the dataclasses themselves."""

import json
import textwrap
from collections.abc import Sequence
from typing import Any

from jlstm.cli.compose import chosen_task
from jlstm.cli.config_files import config_file, options
from jlstm.cli.meanings import Key, groups_of, keys_of
from jlstm.tasks import find_task
from jlstm.training.exits import exit_table

USAGE = """\
Train a model from a configuration.

  jlstm run experiment=demo           one of configs/experiment
  jlstm run experiment=ptb_small model.dropout.hidden=0.3 train.seed=1
  jlstm run data=text data.path=notes.txt    a text of your own
  jlstm run data=csv data.path=FILE data.target=COLUMN data.horizon=24
  jlstm resume runs/demo/20261122-125434 [train.epochs=20]
  jlstm sweep optimizer.learning_rate=1e-3,3e-3 train.seed=0,1
      a sweep: each combination in a process of its own, then a table and a page;
      two at a time with hydra.launcher.n_jobs=2, on Slurm hydra/launcher=submitit_slurm
  jlstm sweep resume=runs/sweep-demo/20261122-125434
      resumes a stopped sweep

  --help experiment=NAME         the keys of its task, with what they mean
  --help GROUP [experiment=NAME] one group of them, such as --help train
  --cfg                          show the configuration that would run, and stop
  --debug                        show the traceback of an error too

A run gets a new folder, runs/NAME/TIME, with its configuration, metrics, checkpoints,
result.json and report.html. Ctrl-C, SIGTERM and SIGHUP end it after the running step,
with a checkpoint; resume= goes on from there."""
WIDTH = 88


def help_text(asked: Sequence[str] = ()) -> str:
    """Return usage, experiments and groups, or the keys that are asked about.

    Args:
        asked: names of groups, and overrides that choose a task.

    Raises:
        ValueError: there is no such group.
    """
    groups = [text for text in asked if "=" not in text]
    overrides = [text for text in asked if "=" in text]
    if not asked:
        return _overview()
    name = chosen_task(overrides)
    lines = [f"keys of task={name}, with their defaults", ""]
    for key in _chosen(find_task(name).Config, groups):
        lines += _key_lines(key)
    return "\n".join(lines)


def _overview() -> str:
    name = chosen_task([])
    lines = [USAGE, "", "experiment="]
    lines += [f"  {one:<32}{expected(one)}" for one in options("experiment")]
    lines += ["", "data=", *_wrapped(", ".join(options("data")), "  ")]
    lines += ["", f"groups of keys, those of task={name}"]
    groups = groups_of(find_task(name).Config)
    lines += [f"  {group:<12}{meaning}" for group, meaning in groups.items()]
    lines += ["", "exit codes"]
    for code, meaning in exit_table().items():
        lines += _wrapped(f"{code:>5}  {meaning}", "", "       ")
    return "\n".join(lines)


def _chosen(config: type, groups: Sequence[str]) -> list[Key]:
    """Return the keys in some groups, all of them where none is named."""
    keys = list(keys_of(config))
    for group in groups:
        if not any(f"{key.name}.".startswith(f"{group}.") for key in keys):
            known = ", ".join(groups_of(config))
            raise ValueError(f"There is no group {group!r}: choose one of {known}.")
    return [
        key
        for key in keys
        if not groups or any(f"{key.name}.".startswith(f"{g}.") for g in groups)
    ]


def _key_lines(key: Key) -> list[str]:
    choices = f"  ({', '.join(map(str, key.choices))})" if key.choices else ""
    head = f"{key.name}={_shown(key.default)}{choices}"
    return [head, *_wrapped(key.meaning, "    ")]


def _wrapped(text: str, first: str, rest: str | None = None) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first,
        subsequent_indent=first if rest is None else rest,
    )  # fmt: skip


def expected(name: str) -> str:
    """Return the line of a config's header that says what to expect."""
    text = config_file("experiment", name).read_text("utf-8", "replace")
    lines = [line.removeprefix("#").strip() for line in text.splitlines()]
    found = [line for line in lines if line.startswith("Expected")]
    return found[0].removeprefix("Expected").strip() if found else ""


def _shown(value: Any) -> str:
    """Return a value as it is written on the command line."""
    if isinstance(value, list):
        return "[" + ",".join(map(_shown, value)) + "]"
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)
