"""Every shipped configuration is complete, and its header says what to expect of it."""

import re
from typing import get_type_hints

import pytest
import yaml

from jlstm.cli.compose import compose_run
from jlstm.cli.config_files import CONFIGS, options
from jlstm.cli.recipes import RECIPES
from jlstm.tasks import TASKS, find_task
from jlstm.tasks.language.experiment import Config
from jlstm.training.config.schema import build, plain

EXPERIMENTS = options("experiment")


# What a user has to give, by the experiment that takes data of one's own.
OWN = {
    "text": ["data.path=a.txt"],
    "labelled_text": ["data.path=a.txt"],
    "tagged": ["data.path=a.txt"],
    "sequences": ["data.path=a.csv"],
    "csv": ["data.path=a.csv"],
    "forecast_csv": ["data.path=a.csv"],
    "audio_folder": ["data.path=a"],
    "clips": ["data.path=a.npy"],
    "records": ["data.path=a"],
}


# Data that says something of, or takes something from, other parts of a run.
COMPOSED = ["shakespeare_charrnn", "embedded"]


def composed(name, *overrides):
    mapping = compose_run([f"experiment={name}", *OWN.get(name, []), *overrides])
    return build(find_task(mapping["task"]).Config, mapping)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_composes_and_is_named_after_its_file(name):
    assert composed(name).name == name


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_header_gives_command_time_expectation_and_source(name):
    text = (CONFIGS / "experiment" / f"{name}.yaml").read_text(encoding="utf-8")
    words = re.findall(r"^# (\w+)  +", text, re.MULTILINE)
    assert words[:4] == ["Command", "Time", "Expected", "Source"]
    assert f"jlstm run experiment={name}" in text


def fits(task, mapping):
    """Whether a data set is one of a task."""
    try:
        build(get_type_hints(find_task(task).Config)["data"], mapping)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", sorted({*options("data")} - {*COMPOSED}))
def test_a_data_set_is_one_of_a_task(name):
    mapping = yaml.safe_load((CONFIGS / "data" / f"{name}.yaml").read_text("utf-8"))
    own = {"path": "a"} if name in OWN else {}
    assert any(fits(task, mapping | own) for task in TASKS)


@pytest.mark.parametrize("name", ["ptb", *COMPOSED])
def test_a_data_set_is_named_after_its_file(name):
    config = build(Config, compose_run([f"data={name}"]))
    assert name.startswith(config.data.name)


def test_the_command_line_has_the_last_word():
    config = composed("ptb_small", "train.epochs=2", "model.dropout.hidden=0.5")
    assert (config.train.epochs, config.model.dropout.hidden) == (2, 0.5)
    assert config.model.dropout.input == 0.2
    text = composed("demo", "data=text", "data.path='my file.txt'")
    assert (text.data.name, text.data.path) == ("text", "my file.txt")


@pytest.mark.parametrize("name", RECIPES)
def test_data_of_ones_own_brings_its_task_along(name):
    mapping = compose_run([f"data={name}", *OWN[name]])
    assert mapping["data"]["name"] == name
    assert mapping["name"] == RECIPES[name]
    assert mapping == compose_run([f"experiment={RECIPES[name]}", *OWN[name]])


def test_a_task_that_is_asked_for_is_left_as_it_is():
    chosen = ["task=forecast", "data=csv", "~experiment", *OWN["csv"]]
    assert compose_run(chosen)["model"]["head"] == "point"


def test_a_name_may_be_given():
    assert composed("demo", "name=mine").name == "mine"


def test_no_key_has_another_default_in_yaml_than_in_the_dataclass():
    bare = build(Config, compose_run(["~experiment", "sample.prompt=null"]))
    assert plain(bare) == plain(Config(name="language"))


def test_a_prompt_goes_with_its_data():
    assert composed("demo").sample.prompt == "The "
    assert composed("demo", "data=shakespeare").sample.prompt is None


def test_char_rnns_split_is_cut_as_the_training_reads_it():
    config = composed("char_shakespeare_charrnn_split", "stream.window=25")
    assert (config.data.split, config.data.window) == ("char_rnn", 25)
    assert config.data.streams == config.stream.batch_size == 50


def test_zarembas_recipe():
    config = composed("ptb_zaremba_small")
    assert config.model.stack.init == "uniform"
    assert config.model.stack.options == {"forget_bias": 0.0}
    assert not config.model.tied and config.model.dropout.output == 0
    assert (config.stream.test_batch, config.stream.reduction) == (1, "sum_time")
    assert (config.schedule.hold_epochs, config.train.test_weights) == (4, "last")
