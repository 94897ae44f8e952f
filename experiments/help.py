"""The text of ``--help``, made from the configs and the dataclasses themselves."""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

from experiments.compose import CONFIGS, options
from experiments.tasks import TASKS
from jlstm.train.schema import defaults

USAGE = """\
Train a model from a configuration.

  python experiments/run.py experiment=demo           one of configs/experiment
  python experiments/run.py experiment=ptb_small model.dropout.hidden=0.3 train.seed=1
  python experiments/run.py data=text data.path=notes.txt    a text of your own
  python experiments/run.py data=csv data.path=FILE data.target=COLUMN data.horizon=24
  python experiments/run.py resume=runs/demo/20261122-125434 [train.epochs=20]
  python experiments/run.py -m optimizer.learning_rate=1e-3,3e-3 train.seed=0,1
      a sweep: each combination in a process of its own, then one table;
      two at a time with hydra.launcher.n_jobs=2
  python experiments/run.py experiment=demo --cfg     show the configuration and stop

A run gets a new folder, runs/NAME/TIME, with its configuration, metrics, checkpoints,
result.json and report.html."""


def help_text() -> str:
    """Return usage, experiments, data sets, and every key with its default."""
    lines = [USAGE, "", "experiment="]
    lines += [f"  {name:<32}{_expected(name)}" for name in options("experiment")]
    lines += ["", "data=", "  " + ", ".join(options("data"))]
    for task, module in TASKS.items():
        lines += ["", f"keys of task={task}, with their defaults"]
        lines += [f"  {line}" for line in _keys(module.Config, defaults(module.Config))]
    return "\n".join(lines)


def _expected(name: str) -> str:
    """Return the line of a config's header that says what to expect."""
    text = (CONFIGS / "experiment" / f"{name}.yaml").read_text(encoding="utf-8")
    lines = [line.removeprefix("#").strip() for line in text.splitlines()]
    found = [line for line in lines if line.startswith("Expected")]
    return found[0].removeprefix("Expected").strip() if found else ""


def _keys(cls: type, values: dict[str, Any], where: str = "") -> Iterator[str]:
    hints = get_type_hints(cls)
    for field in dataclasses.fields(cls):
        key, hint = where + field.name, hints[field.name]
        if dataclasses.is_dataclass(hint):
            yield from _keys(hint, values[field.name], f"{key}.")
            continue
        choices = get_args(hint) if get_origin(hint) is Literal else ()
        shown = _shown(values[field.name])
        yield f"{key}={shown}  ({', '.join(choices)})" if choices else f"{key}={shown}"


def _shown(value: Any) -> str:
    """Return a value as it is written on the command line."""
    if isinstance(value, list):
        return "[" + ",".join(map(_shown, value)) + "]"
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)
