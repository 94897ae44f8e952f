"""``jlstm COMMAND …``: what there is, what is refused, a model on new data."""

import csv
import json
import subprocess
import sys

import pytest

from jlstm.cli.config_files import options
from jlstm.cli.main import COMMANDS, main
from jlstm.tasks.runs import load_run
from tests.tasks.test_runs import saved


def test_the_commands_are_listed(capsys):
    assert main([]) == main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"jlstm {name} " in said for name in COMMANDS)


WRONG = {
    "trian": "command is 'trian'; choose one of run, resume, sweep",
    "resume train.epochs=3": "takes the folder of a run first, got train.epochs=3",
    "resume": "takes the folder of a run first, got nothing",
    "resume runs/none": "runs/none",
    "predict runs/none a.txt": "There is no folder runs/none: give that of a run.",
    "predict runs/none": "arguments are required: FILE; see jlstm predict",
    "predict a b --out c.xlsx": "--out is c.xlsx; end it in one of .csv, .tsv, .jsonl.",
    "predict a b --out none/c.csv": "in a folder that does not exist",
    "predict a b c": "predict got 2 files: give one.",
    "score a b c d": "score got 3 files: give one, or two.",
    "list cels": "invalid choice: 'cels'",
    "run experiment=demmo": "demmo",
    "compare": "the following arguments are required: RUN",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_one_line(line, capsys):
    assert main(line.split()) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1
    assert WRONG[line] in said


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_each_command_explains_itself(command, capsys):
    try:
        assert main([command, "--help"]) == 0
    except SystemExit as end:  # argparse
        assert end.code == 0
    assert len(capsys.readouterr().out) > 100


def test_names_are_listed(capsys):
    assert main(["list", "experiments"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == options("experiment")
    assert main(["list", "cells"]) == 0
    assert "LSTMCell " in capsys.readouterr().out


@pytest.mark.long
def test_a_model_answers_on_the_command_line(tmp_path, monkeypatch, capsys):
    _, _, run = saved("tagging", tmp_path, monkeypatch)
    new = tmp_path / "new.txt"
    new.write_text("The dog\n\nCats\n")
    rows = list(load_run(run).predict(new))
    capsys.readouterr()
    assert main(["predict", str(run), str(new)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in printed] == rows
    out = tmp_path / "out.csv"
    assert main(["predict", str(run), str(new), "--out", str(out)]) == 0
    assert f"wrote {out}: 2 row(s)" in capsys.readouterr().out
    with out.open() as file:
        found = list(csv.DictReader(file))
    assert [row["tags"].split() for row in found] == [row["tags"] for row in rows]
    known = tmp_path / "known.txt"
    known.write_text("The DT\ndog NN\n")
    assert main(["score", str(run), str(known), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores == load_run(run).score(known)


@pytest.mark.long
def test_how_new_data_is_read_may_be_told(tmp_path, monkeypatch, capsys):
    _, _, run = saved("forecast", tmp_path, monkeypatch)
    new = tmp_path / "new.csv"
    days = [f"2024-03-{day:02},{day}" for day in range(1, 12) if day != 5]
    new.write_text("\n".join(["day,sold", *days]) + "\n")
    assert main(["predict", str(run), str(new)]) == 2
    assert "set data.gaps=fill" in capsys.readouterr().err
    assert main(["predict", str(run), str(new), "data.gaps=forward"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 2 and "1 steps without a row" in said.err
    assert main(["predict", str(run), "data.gaps=forward"]) == 2
    assert "predict got 0 files: give one." in capsys.readouterr().err


@pytest.mark.long
def test_the_module_is_the_command():
    command = [sys.executable, "-m", "jlstm", "list", "wrappers"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Zoneout" in done.stdout
