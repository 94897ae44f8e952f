"""How far it is from a key of a configuration to the cell that it describes.

python -m tests.cli.test_path
"""

import sys
from pathlib import Path

import pytest
from flax import nnx

import jlstm
from jlstm.cells import LSTMCell
from jlstm.cli.compose import compose_run
from jlstm.tasks import find_task
from jlstm.training.config.schema import build
from jlstm.training.config.stack import StackConfig

PACKAGE = Path(jlstm.__file__).parent
MOST = 10
OVERRIDES = ["experiment=adding_smoke", "model.stack.hidden_sizes=[7]"]


def functions_to_a_cell():
    """Return the functions of jlstm that hand the size of a layer on to its cell.

    First those that make the configuration, then those that make the cell of it.
    """
    mapping = compose_run(OVERRIDES)
    task = find_task(mapping["task"])
    read = _frames_at(StackConfig, lambda: build(task.Config, mapping))
    experiment = task.from_config(build(task.Config, mapping))
    prep = experiment.data.prep
    made = _frames_at(LSTMCell, lambda: experiment.make_model(prep, nnx.Rngs(0)))
    return ["cli/compose.py compose_run", *read, *made]


def _frames_at(cls, run):
    """Return the functions that wait when the last object of ``cls`` is made."""
    found, init = [], cls.__init__

    def seen(self, *args, **kwargs):
        found[:] = _frames()
        init(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cls, "__init__", seen)
        run()
    return list(dict.fromkeys(reversed(found)))


def _frames():
    frame = sys._getframe()
    while frame is not None:
        path, name = Path(frame.f_code.co_filename), frame.f_code.co_name
        if path.is_relative_to(PACKAGE) and not name.startswith("<"):
            yield f"{path.relative_to(PACKAGE)} {name}"
        frame = frame.f_back


def test_few_functions_lie_between_a_key_and_a_cell():
    found = functions_to_a_cell()
    assert found[-1] == "training/config/catalog.py make"
    assert len(found) <= MOST, found


if __name__ == "__main__":
    functions = functions_to_a_cell()
    files = {function.split()[0] for function in functions}
    print(*functions, sep="\n")
    print(len(functions), "functions,", len(files), "files")
