"""Resuming: what was edited, damaged or exchanged is said or refused; nothing leaks."""

import json
import shutil
from contextlib import ExitStack

import jax
import pytest
import yaml

from jlstm.cli import continuity
from jlstm.cli import launch as launcher
from jlstm.cli.comparison.runs import read_runs
from jlstm.cli.resume import find_run
from jlstm.training import starts
from jlstm.training.experiment import Experiment
from jlstm.training.report.present import Report, present
from jlstm.training.stored import CheckpointError
from jlstm.training.variables import hide, resolved, unresolved, variables
from jlstm.training.yaml_file import read_yaml

SMALL = ("data=text", "baselines=false", "stream.window=16", "stream.batch_size=4",
         "stream.valid_batch=2", "stream.test_batch=2", "train.epochs=2")  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with a text; jobs that do nothing."""
    lines = [f"line {n}: {n * n} is the square of {n}\n" for n in range(120)]
    (tmp_path / "text.txt").write_text("".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Experiment, "run", lambda made, folder: {})
    return tmp_path


@pytest.fixture
def run(folder):
    """The folder of a run that was started."""
    return start("data.path=text.txt")[1].absolute()


def start(*overrides):
    with ExitStack() as held:
        return launcher.start([*SMALL, *overrides], held)


@pytest.mark.parametrize(
    ("keys", "grows"),
    [
        (["schedule.name=cosine"], False),
        (["schedule.name=cosine", "schedule.options.decay_steps=400"], True),
        (["schedule.name=plateau", "schedule.warmup=0.1"], False),
        (["schedule.warmup=10"], True),
    ],
)
def test_a_run_whose_schedule_ends_with_it_does_not_grow(folder, keys, grows):
    run = start("data.path=text.txt", *keys)[1].absolute()
    assert go_on(run, "train.epochs=2").train.epochs == 2
    if grows:
        assert go_on(run, "train.epochs=3").train.epochs == 3
    else:
        assert "train.epochs cannot grow: schedule.name=" in refused(
            run, "train.epochs=3"
        )


def go_on(run, *overrides):
    with ExitStack() as held:
        return launcher.start([f"resume={run}", *overrides], held)[0].config


def refused(run, *overrides):
    """Return the one line with which a resumption is refused."""
    before = (run / "starts.jsonl").read_bytes()
    with pytest.raises((ValueError, OSError)) as caught:
        go_on(run, *overrides)
    assert (run / "starts.jsonl").read_bytes() == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit_start(run, change):
    """Change what is on record of the last start, with a right digest."""
    path = run / "starts.jsonl"
    *_, start = [json.loads(line)["start"] for line in path.read_text().splitlines()]
    change(start)
    path.write_text(starts._sealed(start))


@pytest.mark.long
def test_a_config_is_written_once_and_an_override_is_on_record(run):
    before = (run / "config.yaml").stat()
    assert go_on(run, "train.epochs=5").train.epochs == 5
    assert go_on(run).train.epochs == 5
    after = (run / "config.yaml").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [s["overrides"][1:] for s in starts.read_starts(run)] == [
        [], ["train.epochs=5"], [],
    ]  # fmt: skip
    assert read_runs([run])[0].config["train.epochs"] == 5
    assert not list(run.glob("*draft*"))


def test_the_weights_to_score_may_change(run):
    assert go_on(run, "train.test_weights=last").train.test_weights == "last"
    assert "'worst': give best or last." in refused(run, "train.test_weights=worst")
    assert "'yes': give true or false." in refused(run, "resume.force=yes")


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: adamw", None),
        ("name: adam", "config.yaml was edited: optimizer.name is adam and was adamw."),
        ("name: adamw\n  beta3: 1", "optimizer.beta3 is 1 and was not set."),
    ],
)
def test_an_edited_config_is_refused_by_key(run, capsys, text, line):
    path = run / "config.yaml"
    path.write_text("# mine\n" + path.read_text().replace("name: adamw", text))
    if line is None:
        assert go_on(run).optimizer.name == "adamw"
        return
    assert line in refused(run)
    if text == "name: adam":
        assert go_on(run, "resume.force=true").optimizer.name == "adam"
        assert "was edited" in capsys.readouterr().out
        assert go_on(run).optimizer.name == "adam"


@pytest.mark.long
@pytest.mark.parametrize(
    "text", ["", "train: [", "- 1", "\0\xff", "a: &a [1]\nb: *a", None]
)
def test_a_damaged_config_is_taken_from_its_copy(run, capsys, text):
    path = run / "config.yaml"
    path.unlink() if text is None else path.write_text(text, encoding="latin-1")
    assert go_on(run).train.epochs == 2
    said = "config.yaml is damaged: its copy in starts.jsonl is used."
    assert said in capsys.readouterr().out
    (run / "starts.jsonl").unlink()
    if text is not None:
        with pytest.raises(starts.DamagedError, match="is damaged: it is not what a"):
            go_on(run)


def test_of_many_aliases_nothing_is_built(tmp_path):
    rows = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]"
                             for n in range(1, 40))]  # fmt: skip
    (tmp_path / "config.yaml").write_text("\n".join(rows))
    with pytest.raises(ValueError, match="is not YAML"):
        read_yaml(tmp_path / "config.yaml")
    with pytest.raises(ValueError, match=r"config\.yaml is not YAML\."):
        read_runs([tmp_path])


DAMAGES = {
    "empty": lambda text: "",
    "cut": lambda text: text[: len(text) // 2],
    "flip": lambda text: text.replace('"epochs": 2', '"epochs": 3'),
    "list": lambda text: "[]\n",
    "deep": lambda text: "[" * 100_000,
}


@pytest.mark.long
@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_record_of_starts_is_refused_or_forced(run, how):
    path = run / "starts.jsonl"
    text = DAMAGES[how](path.read_text())
    path.write_text(text)
    line = refused(run)
    assert line.startswith(f"{path} is damaged, so that nobody knows")
    assert line.endswith("resume.force=true accepts that.")
    go_on(run, "resume.force=true")
    assert (run / "starts.damaged").read_text() == text
    assert go_on(run).train.epochs == 2


@pytest.mark.long
@pytest.mark.parametrize("text", ["", "{", "[]", "\0", None])
def test_where_the_data_is_not_known_a_run_is_refused_or_forced(run, text):
    path = run / "data.json"
    path.unlink() if text is None else path.write_text(text)
    assert f"{path} is missing or damaged" in refused(run)
    go_on(run, "resume.force=true")
    go_on(run)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("jax", "0.4.1", f"jax is {jax.__version__} and was 0.4.1"),
        ("kernel", "another", "and was another"),
        ("device", "4 x TPU", "device is 8 x cpu and was 4 x TPU"),
        ("processor", "abacus", "and was abacus"),
        ("jax_enable_x64", "maybe", "and was maybe"),
        ("jax_default_matmul_precision", "high", "and was high"),
        ("XLA_FLAGS", ["--xla_a", "--xla_b"], "and was --xla_a, --xla_b"),
    ],
)
def test_what_changes_numbers_is_refused_or_forced(run, capsys, name, value, line):
    def edit(start):  # the environment has names of the numerics too
        start["numerics"].update({name: value})
        start["environment"].update({name: value})

    edit_start(run, edit)
    assert line in refused(run)
    go_on(run, "resume.force=true")
    assert capsys.readouterr().out.count(line) == 1
    go_on(run)
    assert "since the last start" not in capsys.readouterr().out


@pytest.mark.long
def test_another_mesh_is_refused_or_forced(run, capsys):
    line = "mesh.data is 2 and was 1"
    go_on(run, "mesh.data=1")
    with pytest.raises(ValueError, match=line):
        go_on(run, "mesh.data=2")
    assert go_on(run, "mesh.data=2", "resume.force=true").mesh.data == 2
    assert capsys.readouterr().out.count(line) == 1
    assert go_on(run).mesh.data == 2
    assert "since the last start" not in capsys.readouterr().out


def test_what_changes_no_numbers_is_one_line(run, capsys):
    edit_start(run, lambda start: start["environment"].update(
        python="3.9.1", variables=["CXX"], cpus=1000))  # fmt: skip
    go_on(run)
    said = capsys.readouterr().out.splitlines()
    (line,) = [line for line in said if line.startswith("since the last start: python")]
    assert " and was 3.9.1; " in line and "cpus is" in line and "was CXX" in line


def test_a_run_of_an_earlier_version_goes_on_and_is_compared_from_then(run, capsys):
    (run / "starts.jsonl").unlink()
    go_on(run)
    assert "was started by an earlier version: not compared." in capsys.readouterr().out
    assert len(starts.read_starts(run)) == 1


@pytest.mark.long
def test_where_a_run_goes_on_is_said(run, capsys):
    go_on(run)
    assert "There is no checkpoint yet: the run starts from" in capsys.readouterr().out
    (run / "checkpoints" / "step_9.1").mkdir(parents=True)
    (run / "result.json").write_text('{"epochs": 2}')
    go_on(run)
    assert "The run is finished (2 epochs): it is scored" in capsys.readouterr().out
    go_on(run, "train.epochs=3")
    assert "finished" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "resume= names no folder: give one"),
        ("nowhere", "There is no folder 'nowhere': give one"),
        ("text.txt", "text.txt is not the folder of a run, it has no config.yaml: giv"),
        ("runs", "runs is not the folder of a run"),
        ("RUN/..", "did you mean resume="),
        ("RUN/checkpoints", "did you mean resume="),
        ("RUN/config.yaml", "did you mean resume="),
        ("~no-such-user/x", "'~no-such-user/x' names no folder"),
        ("a\0b", "'a\\x00b'"),
        ("x" * 5000, "names no folder"),
    ],
)
def test_what_is_no_run_is_one_line(run, text, line):
    (run / "checkpoints").mkdir()
    with pytest.raises(ValueError) as caught:
        find_run(text.replace("RUN", str(run)))
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_a_run_may_be_named_in_many_ways(run, folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    near = run.relative_to(folder)
    for text in (f"{run}/", f"'{run}'", f'"{near}"', f"./{near}", f"~/{near}"):
        assert find_run(text).resolve() == run.resolve()


SECRET = "hunter-2000"
OF_VARIABLES = (
    "data.path=${oc.env:TEXTS}/text.txt",
    "name=${oc.env:WHO}",
    "sample.prompt=${oc.env:PROMPT}",
    "optimizer.weight_decay=${oc.env:DECAY}",
    "stream.window=${stream.batch_size}",
)


@pytest.fixture
def secret_run(folder, monkeypatch):
    (folder / SECRET).mkdir()
    shutil.copy("text.txt", folder / SECRET)
    values = {
        "TEXTS": SECRET,
        "WHO": "run-of-ann",
        "PROMPT": "line 1:",
        "DECAY": "0.3125",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return start(*OF_VARIABLES)


def written(run):
    return {p.name: p.read_text() for p in run.iterdir() if p.is_file()}


def test_no_value_of_the_environment_is_written(secret_run, capsys):
    job, run = secret_run
    assert job.config.optimizer.weight_decay == 0.3125
    assert job.config.stream.window == 4
    log = '{"kind": "valid", "step": 1, "epoch": 1, "loss": 2.0}\n'
    (run / "metrics.jsonl").write_text(log)
    numbers = {"name": "run-of-ann", "loss": 1.0, "prompt": "line 1:"}
    report = Report(tables=[("after 'line 1:'", "line 1: x")])
    present(run, job.config, numbers, report)
    texts = written(run)
    assert {"config.yaml", "starts.jsonl", "result.json", "report.html"} <= set(texts)
    for name, text in texts.items():
        shown = text.replace(str(run), "").replace("'line 1:'", "")
        for value in (SECRET, "run-of-ann", "line 1:", "0.3125"):
            assert value not in shown, (name, value)
    assert yaml.safe_load(texts["config.yaml"])["name"] == "${oc.env:WHO}"


@pytest.mark.long
def test_variables_are_read_again_and_no_error_shows_them(
    secret_run, monkeypatch, capsys
):
    job, run = secret_run
    assert go_on(run) == job.config
    monkeypatch.setenv("DECAY", "0.25")
    line = refused(run)
    assert "optimizer.weight_decay is ${oc.env:DECAY}, which has ano" in line
    monkeypatch.setenv("DECAY", "0.3125")
    monkeypatch.setenv("PROMPT", "line 2:")
    capsys.readouterr()
    assert go_on(run).sample.prompt == "line 2:"
    assert "sample.prompt is ${oc.env:PROMPT}, which has" in capsys.readouterr().out
    monkeypatch.setenv("TEXTS", "elsewhere-9")
    line = refused(run)
    assert "elsewhere-9" not in line and "${oc.env:TEXTS}/text.txt" in line
    monkeypatch.delenv("TEXTS")
    assert "Environment variable 'TEXTS' not found" in refused(run)


def test_texts_with_variables_come_back_as_they_were(monkeypatch):
    monkeypatch.setenv("A", "1e-3")
    config = {"a": "${oc.env:A}", "b": ["${oc.env:A}", 2], "c": "\\${x}", "d": "${b}"}
    values = resolved(config)
    assert values == {"a": "1e-3", "b": ["1e-3", 2], "c": "${x}", "d": ["1e-3", 2]}
    assert unresolved(values | {"e": "${y}"}, config) == config | {"e": "\\${y}"}
    assert resolved(unresolved(values, config)) == values
    assert variables(config) == ["A"] and variables({"a": "oc.env:A"}) == []
    assert hide({"x": ("at 1e-3.", 1e-3, "11e-35")}, config) == {
        "x": ("at ${oc.env:A}.", 1e-3, "11e-35")
    }


def test_damage_is_a_value_error_and_one_of_checkpoints_too():
    assert issubclass(starts.DamagedError, ValueError)
    assert issubclass(CheckpointError, ValueError)
    assert continuity.IDENTITY == "data.json"
