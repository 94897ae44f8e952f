"""The launcher as a user meets it: what it runs, what it refuses, how it goes on."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from jlstm.cli import config_files, launch
from jlstm.cli import run as launcher
from jlstm.training import experiment
from jlstm.training.exits import exit_table
from jlstm.training.experiment import Experiment
from jlstm.training.log import read_metrics
from jlstm.training.loop import NonFiniteError
from jlstm.training.starts import effective_config

RUN = Path(launcher.__file__).resolve()
SMALL = (
    "data=text",
    "data.path=text.txt",
    "model.stack.cell=RNNCell",
    "model.stack.init=torch",
    "model.stack.hidden_sizes=[8]",
    "model.embedding_size=4",
    "stream.batch_size=4",
    "stream.window=16",
    "stream.valid_batch=2",
    "stream.test_batch=2",
    "sample.temperatures=[]",
    "train.epochs=1",
    "train.log_every=10",
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with a small text in it."""
    lines = [f"line {n}: {n * n} is the square of {n}\n" for n in range(120)]
    (tmp_path / "text.txt").write_text("".join(lines))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """Where the processes of these tests share their compiled programs."""
    return tmp_path_factory.mktemp("programs")


@pytest.fixture
def environ(programs, monkeypatch):
    """The environment of a user's process, with a store of compiled programs."""
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(RUN.parent.parent / "src"))
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(programs))
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


def start_process(*argv):
    """Run the launcher as a user does."""
    command = [sys.executable, str(RUN), *argv]
    return subprocess.run(command, capture_output=True, text=True)


def refused(capsys, *argv, code=2):
    """Return the one line with which the launcher refuses."""
    assert launcher.main(argv) == code
    out, err = capsys.readouterr()
    assert err.endswith("\n") and err.count("\n") == 1
    assert "Traceback" not in err and "job 0" not in out
    return err.rstrip("\n")


@pytest.mark.slow
def test_a_run_leaves_everything_in_its_folder_and_goes_on(environ, folder):
    done = start_process(*SMALL, "sample.temperatures=[0]", "sample.prompt=line 1")
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(folder)) == ["runs", "text.txt"]
    (run,) = (folder / "runs" / "text").iterdir()
    written = {path.name for path in run.iterdir()}
    assert written >= {"config.yaml", "metrics.jsonl", "checkpoints", "report.html"}
    result = json.loads((run / "result.json").read_text())
    losses = [r["loss"] for r in read_metrics(run) if r["kind"] == "valid"]
    assert result["valid"]["loss"] == losses[-1]
    assert result["epochs"] == 1
    assert result["samples"][0]["text"] in done.stdout
    assert f"report: {run.relative_to(folder)}/report.html" in done.stdout
    assert f"{result['baselines']['n-gram, order 3']['valid']:.3f}" in done.stdout

    again = start_process(f"resume={run}", "train.epochs=2")
    assert again.returncode == 0, again.stderr
    result = json.loads((run / "result.json").read_text())
    epochs = [r["epoch"] for r in read_metrics(run) if r["kind"] == "valid"]
    assert epochs == [1, 2] and result["epochs"] == 2
    assert yaml.safe_load((run / "config.yaml").read_text())["train"]["epochs"] == 1
    assert effective_config(run)["train"]["epochs"] == 2
    assert [path.name for path in (folder / "runs" / "text").iterdir()] == [run.name]


@pytest.mark.slow
def test_a_sweep_ends_in_one_table_in_which_failed_jobs_stand(environ, folder, capsys):
    assert launcher.main(["-m", *SMALL, "optimizer.learning_rate=1e-3,1e30"]) == 1
    (sweep,) = (folder / "runs" / "sweep-text").iterdir()
    text = (sweep / "sweep.md").read_text()
    assert text in capsys.readouterr().out
    head, _, good, bad = text.splitlines()
    assert head.startswith("| job | optimizer.learning_rate | valid loss |")
    result = json.loads(next(sweep.glob("000/*/result.json")).read_text())
    loss = f"{result['valid']['loss']:.3f}"
    assert good.startswith(f"|   0 |                   0.001 | {loss:>10} |")
    assert "| failed (1): Step " in bad
    rows = json.loads((sweep / "sweep.json").read_text())
    assert [row["exit"] for row in rows] == [0, 1]


@pytest.mark.long
@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["experiment=ptb_smal"],
         "There is no experiment 'ptb_smal': did you mean ptb_small?"),
        (["experiment=zzz"], "There is no experiment 'zzz': choose one of "),
        (["model.stack.hiden_sizes=[3]"],
         "There is no key model.stack.hiden_sizes: did you mean "
         "model.stack.hidden_sizes?"),
        (["model.hidden_sizes=[3]"],
         "There is no key model.hidden_sizes: it is now model.stack.hidden_sizes."),
        (["model.stack.options.forget_bis=0"],
         "model.stack.options: LSTMCell has no option forget_bis: did you mean "
         "forget_bias?"),
        (["~model.stack.options.forget_bias"], "Could not delete from config."),
        (["epochs=3"], "There is no key epochs: did you mean train.epochs?"),
        (["+model.depth=3"], "There is no key model.depth: model has "),
        (["model.stack.hidden_sizes=3"],
         "model.stack.hidden_sizes is 3 (int); give one or more positive integers"),
        (["train.epochs=two"], "train.epochs is 'two' (str); give a positive integer."),
        (["optimizer.name=adm"], "optimizer.name is 'adm'; did you mean adam?"),
        (["optimizer.learning_rate=-1"],
         "optimizer.learning_rate is -1.0; give a positive number."),
        (["model.dropout.output=1"], "model.dropout.output is 1.0; give a probability"),
        (["train"], "'train' is not an override: write key=value"),
        (["train=3"], "train is 3 (int); give keys and values."),
        (["--frob"], "unrecognized arguments: --frob; see --help."),
        (["name=a/b"], "run name 'a/b' is no folder name"),
        (["data=text"], "data.path goes with data.name=text and only with it"),
        (["data=text", "data.path=none.txt"], "No file at none.txt (looked from "),
        (["data=text", "data.path=."], ". is a directory: give the path of one text"),
        (["data=text", "data.path=empty.txt"], "empty.txt is empty: give a text file"),
        (["data=text", "data.path=latin.txt"],
         "latin.txt is not UTF-8: byte 0xe9 at offset 3 (invalid continuation byte)."),
        (["data=text", "data.path=short.txt"], "A text of 9 tokens leaves 0 for the"),
        (["data=text", "data.path=few.txt"],
         "The train part, stream.batch_size: 89 tokens are too few for one wind"),
        (["sample.prompt='日'"], "sample.prompt: The char '日' is not among the "),
        (["sample.prompt=''"], "sample.prompt: It is empty: leave it out or give some"),
        (["sample.length=0"], "sample.length is 0; give a positive integer."),
        (["data.memory_map=true", "data=text", "data.path=text.txt"],
         "baselines is true and data.memory_map too: n-grams are counted in memory"),
        (["resume=text.txt"], "text.txt is not the folder of a run, it has no config"),
        (["-m", "resume=runs"], "FOLDER/runs is not the folder of a sweep, it has no"),
        (["--help", "modle"], "There is no group 'modle': choose one of optimizer, "),
        (["-m", "train.seed=1"], "Nothing to sweep over: give values, as in train.se"),
        (["-m", "train.sed=1,2"], "There is no key train.sed: did you mean train.see"),
        (["-m", "experiment=ptb_smal,demo"], "There is no experiment 'ptb_smal': did"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_before_any_work(
    folder, capsys, monkeypatch, argv, line
):
    monkeypatch.setattr(experiment, "Trainer", None)
    (folder / "empty.txt").touch()
    (folder / "latin.txt").write_bytes("caf\u00e9s\n".encode("latin-1"))
    (folder / "short.txt").write_text("to be, or")
    (folder / "few.txt").write_text("to be, or " * 10)
    before = sorted(os.listdir(folder))
    said = refused(capsys, *argv).replace(str(folder), "FOLDER")
    assert said.startswith(f"error: {line}")
    made = [path for path in (folder / "runs").rglob("*") if path.is_file()]
    assert made == [] and set(os.listdir(folder)) <= {*before, "runs"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "model: {stack: {hiden_sizes: [3]}}",
            "There is no key model.stack.hiden_sizes: did you mean",
        ),
        ("modle: {cell: rnn}", "There is no key modle: did you mean model?"),
        (
            "train: {epochs: 1.5}",
            "train.epochs is 1.5 (float); give a positive integer.",
        ),
        ("train: {epochs: [}", "while parsing a flow node"),
    ],
)
def test_a_mistake_in_a_config_is_one_line(folder, capsys, monkeypatch, text, line):
    shutil.copytree(config_files.CONFIGS, folder / "configs")
    path = folder / "configs" / "experiment" / "mine.yaml"
    path.write_text(f"# @package _global_\n{text}\n")
    monkeypatch.setattr(config_files, "CONFIGS", folder / "configs")
    assert line in refused(capsys, "experiment=mine")


@pytest.mark.long
def test_two_runs_never_share_a_folder(folder):
    with ExitStack() as stack:
        folders = [launch.start(SMALL, stack)[1] for _ in range(3)]
    assert len(set(folders)) == 3


@pytest.mark.long
def test_a_run_is_resumed_with_its_own_config_and_data(folder, capsys):
    with ExitStack() as stack:
        first, run = launch.start([*SMALL, "model.stack.hidden_sizes=[5]"], stack)
        assert "in use" in refused(capsys, f"resume={run}")
    with ExitStack() as stack:
        again, same = launch.start([f"resume={run}"], stack)
    assert (again.config, same) == (first.config, run)
    assert again.config.model.stack.hidden_sizes == (5,)

    nearby = refused(capsys, f"resume={run}", "train.seed=1")
    assert nearby.startswith("error: train.seed=1 cannot stand next to resume=")
    fewer = refused(capsys, f"resume={run}", "train.epochs=0")
    assert "train.epochs is '0'; the run was started with 1" in fewer
    with (folder / "text.txt").open("a") as file:
        file.write("one more line\n")
    other = refused(capsys, f"resume={run}")
    assert other.startswith(f"error: The data is no longer what {run} was started with")


@pytest.mark.long
@pytest.mark.parametrize(
    ("stop", "code", "line"),
    [
        (NonFiniteError("Step 7: loss is nan."), 1, "error: Step 7: loss is nan."),
        (KeyboardInterrupt(), 130, "interrupted; nothing was saved yet; to go on: "),
    ],
)
def test_a_run_that_stops_says_why(folder, capsys, monkeypatch, stop, code, line):
    def run(made, folder):
        raise stop

    monkeypatch.setattr(Experiment, "run", run)
    said = refused(capsys, *SMALL, code=code)
    assert said.startswith(line)
    if code == 130:
        again = said.partition("jlstm resume ")[2]
        assert (folder / again / "config.yaml").is_file()


def test_a_folder_that_was_made_again_is_no_success(folder, capsys, monkeypatch):
    """Checkpoints and logs make the folders they need, also where there was one."""

    def run(made, folder):
        shutil.rmtree(folder)
        folder.mkdir()

    monkeypatch.setattr(Experiment, "run", run)
    said = refused(capsys, *SMALL, code=3)
    assert "the folder was taken away while the run went on" in said


@pytest.mark.long
def test_help_and_cfg_show_what_there_is(folder, capsys):
    assert launcher.main(["--help"]) == 0
    text = capsys.readouterr().out
    for name in config_files.options("experiment"):
        assert f"  {name} " in text
    for code, meaning in exit_table().items():
        assert f"{code:>5}  {meaning[:40]}" in text
    assert len(text.splitlines()) < 200
    assert launcher.main(["--help", "experiment=etth1_smoke", "optimizer", "data"]) == 0
    text = capsys.readouterr().out
    assert "keys of task=forecast" in text and "train.epochs" not in text
    assert "optimizer.name=sgd  (sgd, momentum, rmsprop, adam, adamw, " in text
    assert "data.horizon=" in text
    assert launcher.main(["--cfg", "experiment=ptb_small", "train.seed=3"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["name"] == "ptb_small" and shown["train"]["seed"] == 3
    assert os.listdir(folder) == ["text.txt"]
