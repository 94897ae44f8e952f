"""Every cell and every wrapper trains from the command line, in every task."""

import math
import re
import sys

import pytest

from jlstm.cli.compose import closed, compose_run, opened, swept
from jlstm.cli.help import help_text
from jlstm.tasks import find_task
from jlstm.tasks.runs import _named, load_run
from jlstm.training.config.catalog import CELLS, WRAPPERS
from jlstm.training.config.schema import build
from jlstm.training.experiment import Experiment
from jlstm.training.log import read_metrics
from jlstm.training.model_folder import ModelFolderError
from jlstm.training.run import create_run
from tests.quick import quick
from tests.tasks.small import digits
from tests.tasks.test_runs import assert_equal
from tests.training.config.test_stack import IMAGES, NEEDED

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
SMALL = [
    "experiment=adding_smoke", "data.steps=6", "draw.batch_size=2", "draw.updates=2",
    "draw.exam_batches=1", "train.epochs=1", "train.log_every=1", "train.seeds=1",
    "~model.stack.options.forget_bias", "model.stack.hidden_sizes=[4,4]",
]  # fmt: skip
FRAMES = [
    "experiment=moving_mnist_smoke", "data.size=28", "data.seen=2", "data.ahead=2",
    "data.train=4", "data.valid=2", "data.test=2", "model.patch=7",
    "batches.batch_size=2", "batches.eval_batch=2", "train.epochs=1",
    "train.log_every=1", "model.stack.hidden_sizes=[4,4]",
]  # fmt: skip
NOISY = {
    "InputDropout": "rate: 0.5", "RecurrentDropout": "rate: 0.5",
    "WeightDrop": "rate: 0.5", "WeightNoise": "std: 0.5", "Zoneout": "h: 0.5",
}  # fmt: skip
OPTION = NOISY | {"ClipRecurrentGradient": "limit: 1e-3"}


def made(overrides: list[str]) -> Experiment:
    mapping = compose_run(overrides)
    task = find_task(mapping["task"])
    return task.from_config(build(task.Config, mapping))


@pytest.fixture(autouse=True)
def mnist(monkeypatch):
    monkeypatch.setattr("jlstm.tasks.video.experiment.load_mnist", lambda: digits(28))


def train(overrides, folder, task=SMALL) -> list[float]:
    """Return the training loss of each update."""
    experiment = made([*task, *overrides])
    run = create_run(folder, "run")
    assert math.isfinite(experiment.fit(run).result.test["loss"])
    return [line["loss"] for line in read_metrics(run) if line["kind"] == "train"]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CELLS))
def test_every_cell_trains(name, tmp_path):
    task = FRAMES if name in IMAGES else SMALL
    options = [f"model.stack.options.{k}={v}" for k, v in NEEDED.get(name, {}).items()]
    first, second = train([f"model.stack.cell={name}", *options], tmp_path, task)
    assert math.isfinite(first) and math.isfinite(second) and first != second


@pytest.mark.parametrize(
    "name", ["LEMCell", pytest.param("ConvGRUCell", marks=pytest.mark.long)]
)
def test_a_cell_trains(name, tmp_path):
    test_every_cell_trains(name, tmp_path)


@pytest.mark.long
def test_a_cell_of_vectors_reads_frames_too(tmp_path):
    first, second = train(["model.stack.cell=LSTMCell"], tmp_path, FRAMES)
    assert math.isfinite(first) and math.isfinite(second) and first != second


def test_options_of_a_convolution_are_given_on_the_command_line():
    key = "model.stack.options"
    cell = made([*FRAMES, f"{key}.kernel_size=5"]).config.model.stack.make_cell(4)
    assert type(cell).__name__ == "ConvLSTMCell" and cell.kernel_size == 5
    wrong = {
        "kernel_siz=5": "no option kernel_siz: did you mean kernel_size?",
        "input_shape=[4,4]": "no option input_shape; it has kernel_size, strides",
        "strides=2": "model.stack.options leave (2, 2) of the (4, 4) patches",
    }
    for option, said in wrong.items():
        with pytest.raises(ValueError, match=re.escape(said)):
            made([*FRAMES, f"{key}.{option}"])


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_images_are_fed_by_one_task(name):
    with pytest.raises(ValueError) as refused:
        made([*SMALL, f"model.stack.cell={name}"])
    assert str(refused.value) == (
        f"model.stack.cell is {name}, which reads images, and this task feeds vectors: "
        "choose another cell, or task=video, which feeds frames."
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WRAPPERS))
def test_every_wrapper_trains(name, tmp_path):
    given = f"{{name: {name}, {OPTION[name]}}}" if name in OPTION else name
    plain = train([], tmp_path / "plain")
    wrapped = train([f"model.stack.wrappers=[{given}]"], tmp_path / "wrapped")
    # Noise is seen at once, another gradient or a learned start after an update.
    assert (wrapped[0] != plain[0]) == (name in NOISY) and wrapped[1] != plain[1]


def test_options_of_a_cell_are_given_on_the_command_line():
    def stack(*overrides):
        return compose_run(["experiment=adding_t100_cpu", *overrides])["model"]["stack"]

    key = "model.stack.options"
    lem = stack("model.stack.cell=LEMCell", f"{key}.time_step=0.8")
    assert lem["cell"] == "LEMCell" and lem["options"] == {"time_step": 0.8}
    both = stack(f"{key}={{use_bias: false}}", f"{key}.w_hh_init={{name: Identity}}")
    assert both["options"] == {"use_bias": False, "w_hh_init": {"name": "Identity"}}
    chrono = compose_run(["experiment=adding_smoke"])["model"]["stack"]["options"]
    assert chrono == {"forget_bias": {"name": "Chrono", "t_max": 50}}
    without = compose_run(["experiment=adding_smoke", f"~{key}.forget_bias"])
    assert without["model"]["stack"]["options"] == {}


def test_another_cell_on_top_of_options_names_what_to_clear():
    with pytest.raises(ValueError) as refused:
        made(["experiment=anbncn_cpu", "model.stack.cell=GRUCell"])
    assert str(refused.value).endswith("~model.stack.options.forget_bias clears it.")
    clear = "~model.stack.options.forget_bias"
    made(["experiment=anbncn_cpu", "model.stack.cell=GRUCell", clear])


def test_overrides_are_opened_for_hydra_and_closed_again():
    given = ["model.stack.options.time_step=0.5,0.8", "model.decoder.options={a: 1}",
             "~model.stack.options.x", "train.seed=1"]  # fmt: skip
    wanted = [f"++{given[0]}", f"++{given[1]}", *given[2:]]
    assert opened(given) == wanted and opened(wanted) == wanted
    assert [closed(text) for text in wanted] == given
    assert [closed(text) for text in swept([*given, "~experiment"])] == [
        *given,
        "~experiment",
    ]


@pytest.mark.parametrize(
    ("key", "new"),
    [
        ("model.hidden_sizes", "model.stack.hidden_sizes"),
        ("model.cell", "model.stack.cell"),
        ("model.forget_bias", "model.stack.options.forget_bias"),
        ("model.chrono", "model.stack.options.forget_bias={name: Chrono, t_max: N}"),
        ("model.encoder.hidden_sizes", "model.stack.hidden_sizes"),
        ("model.encoder.forget_bias", "model.stack.options.forget_bias"),
    ],
)
def test_old_keys_say_what_they_are_called_now(key, new):
    with pytest.raises(ValueError) as refused:
        compose_run(["experiment=adding_smoke", f"{key}=1"])
    assert str(refused.value) == f"There is no key {key}: it is now {new}."


def test_a_transformer_has_no_stack():
    with pytest.raises(
        ValueError, match=r"There is no key model\.hidden_sizes: model has"
    ):
        compose_run(["task=transformer", "model.hidden_sizes=[4]"])


@pytest.mark.parametrize("task", quick(["language", "translation"], 1))
def test_help_lists_the_cells_and_says_what_options_are(task):
    said = " ".join(help_text([f"task={task}", "model"]).split())
    assert "model.stack.cell=LSTMCell (CIFGLSTMCell, " in said and "URLSTMCell)" in said
    assert "model.stack.options={} of the cell, any field of its class but" in said
    assert "model.stack.wrappers=[] around each cell, the innermost first" in said


MINE = '''
from dataclasses import dataclass

from jlstm import RNNCell


@dataclass(frozen=True)
class SlowCell(RNNCell):
    """An RNN with one more option."""

    kept: float = 0.9
'''


@pytest.fixture
def my_module(tmp_path, monkeypatch):
    """A module of a user, with a cell, in the folder that one works in."""
    (tmp_path / "my_cells.py").write_text(MINE)
    (tmp_path / "raises.py").write_text("1 / 0")
    (tmp_path / "ends.py").write_text("raise SystemExit(3)")
    (tmp_path / "cut.py").write_text("def f(:")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("my_cells", None)


def test_a_wrapper_of_ones_own_is_named_by_its_path(my_module):
    (my_module / "my_wrappers.py").write_text(
        "from jlstm.wrappers import Zoneout\nclass Own(Zoneout): pass\n"
        "class Other: pass\n"
    )
    key = "model.stack.wrappers"
    config = made([*SMALL, f"{key}=[{{name: my_wrappers.Own, h: 0.25}}]"]).config
    cell = config.model.stack.make_cell(4)
    assert type(cell).__name__ == "Own" and cell.h == 0.25
    with pytest.raises(
        ValueError, match=r"wrappers\[0\]: wrapper is my_wrappers.Other"
    ):
        made([*SMALL, f"{key}=[{{name: my_wrappers.Other}}]"])
    named = _named({"model": {"stack": {"wrappers": ["Zoneout", {"name": "a.B"}]}}})
    assert list(named) == [("wrapper", "Zoneout"), ("wrapper", "a.B")]
    sys.modules.pop("my_wrappers", None)


@pytest.mark.long
def test_a_cell_of_ones_own_trains_and_is_loaded_if_it_is_trusted(my_module):
    experiment = made([*SMALL, "model.stack.cell=my_cells.SlowCell",
                       "model.stack.options.kept=0.5"])  # fmt: skip
    run = create_run(my_module, "run")
    trained = experiment.fit(run)
    cell = experiment.config.model.stack.make_cell(4)
    assert type(cell).__name__ == "SlowCell" and cell.kept == 0.5
    assert experiment.config.model.stack.title == "Slow 2×4"
    with pytest.raises(
        ModelFolderError, match=r"my_cells\.SlowCell, which is code .* or --trust-code"
    ):
        load_run(run)
    loaded = load_run(run, trust_code=True)
    assert loaded.config == experiment.config
    assert_equal(loaded.model, trained.model)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my_cells.Cell", "cannot be imported (module 'my_cells' has no attribute"),
        ("none.Cell", "cannot be imported (No module named 'none'): give MODULE.CLASS"),
        ("my_cells.dataclass", "which is no cell: give a dataclass below jlstm.Cell"),
        ("raises.Cell", "cannot be imported (ZeroDivisionError: division by zero)"),
        ("ends.Cell", "cannot be imported (SystemExit: 3)"),
        ("cut.Cell", "cannot be imported (SyntaxError: "),
        ("..Cell", "cannot be imported (TypeError: "),
        ("LSTMCel", "did you mean LSTMCell?"),
    ],
)
@pytest.mark.usefixtures("my_module")
def test_what_is_no_cell_is_one_line(name, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        made([*SMALL, f"model.stack.cell={name}"])
