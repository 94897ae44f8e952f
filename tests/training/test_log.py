"""The log: what is written is read back, and a resumed log equals an unbroken one."""

import json
import math
import subprocess
import sys

import jax.numpy as jnp
import pytest

from jlstm.training import log as log_module
from jlstm.training.log import METRICS, RunLog, read_metrics


def write_steps(log, steps):
    for step in steps:
        log.write("train", step, loss=10.0 / step, epoch=1 + step // 4)
        if step % 4 == 0:
            log.write("valid", step, loss=9.0 / step, sample="so it's «goes»\n")


def test_records_are_read_back_in_order(tmp_path):
    with RunLog(tmp_path / "run") as log:
        write_steps(log, (1, 4))
    assert read_metrics(tmp_path / "run") == [
        {"kind": "train", "step": 1, "loss": 10.0, "epoch": 1},
        {"kind": "train", "step": 4, "loss": 2.5, "epoch": 2},
        {"kind": "valid", "step": 4, "loss": 2.25, "sample": "so it's «goes»\n"},
    ]


def test_a_record_is_in_the_file_at_once(tmp_path):
    with RunLog(tmp_path) as log:
        log.write("train", 1, loss=math.nan)
        [record] = read_metrics(tmp_path)
        assert math.isnan(record["loss"])


@pytest.mark.parametrize("torn", ["", '{"kind": "train", "st'])
def test_a_resumed_log_equals_an_unbroken_one(tmp_path, torn):
    with RunLog(tmp_path / "whole") as log:
        write_steps(log, range(1, 13))
    with RunLog(tmp_path / "cut") as log:
        write_steps(log, range(1, 11))
    with (tmp_path / "cut" / METRICS).open("a") as file:
        file.write(torn)
    with RunLog(tmp_path / "cut", resume_step=8) as log:
        write_steps(log, range(9, 13))
    whole, cut = (tmp_path / name / METRICS for name in ("whole", "cut"))
    assert cut.read_bytes() == whole.read_bytes()


def test_without_a_step_to_resume_from_nothing_is_dropped(tmp_path):
    for step in (5, 3):
        with RunLog(tmp_path) as log:
            log.write("train", step, loss=1.0)
    assert [record["step"] for record in read_metrics(tmp_path)] == [5, 3]


def test_a_torn_last_line_is_left_out_and_a_broken_line_is_an_error(tmp_path):
    path = tmp_path / METRICS
    path.write_text('{"kind": "train", "step": 1}\n{"kind": "tr')
    assert read_metrics(tmp_path) == [{"kind": "train", "step": 1}]
    path.write_text('{"kind": "train", "step": 1}\n{"kind": "tr\n{}\n')
    with pytest.raises(ValueError, match="line 2 is not JSON"):
        read_metrics(tmp_path)


def test_a_folder_without_a_log(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no metrics\.jsonl; give a run"):
        read_metrics(tmp_path)


def test_an_array_is_no_number(tmp_path):
    message = r"train loss is a ArrayImpl; give a Python number, as in float\(loss\)"
    with RunLog(tmp_path) as log, pytest.raises(TypeError, match=message):
        log.write.__wrapped__(log, "train", 1, loss=jnp.ones(()))
    assert read_metrics(tmp_path) == []


def tfrecords(data):
    """Split a TFRecord file: length, checksum, content, checksum, again and again."""
    while data:
        length = int.from_bytes(data[:8], "little")
        yield data[12 : 12 + length]
        data = data[16 + length :]


def test_tensorboard_gets_the_numbers(tmp_path):
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    from tensorboardX.proto.event_pb2 import Event

    with RunLog(tmp_path) as log:
        write_steps(log, (1, 4))
    [path] = (tmp_path / "tensorboard").iterdir()
    events = [Event.FromString(data) for data in tfrecords(path.read_bytes())]
    seen = [(v.tag, e.step, v.simple_value) for e in events for v in e.summary.value]
    assert ("train/loss", 1, 10.0) in seen
    assert ("valid/loss", 4, 2.25) in seen
    assert {tag for tag, _, _ in seen} == {"train/loss", "train/epoch", "valid/loss"}


def test_without_tensorboard_a_line_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with RunLog(tmp_path) as log:
        log.write("train", 1, loss=1.0)
    assert capsys.readouterr().out == (
        "tensorboardX is not installed, so no TensorBoard events are written: "
        'pip install "jlstm[train]"\n'
    )
    assert len(read_metrics(tmp_path)) == 1
    assert not (tmp_path / "tensorboard").exists()


WRITE_FOR_EVER = """
import itertools, pathlib, runpy, sys
sys.modules["tensorboardX"] = None
log = runpy.run_path(sys.argv[1])["RunLog"](pathlib.Path(sys.argv[2]))
for step in itertools.count(1):
    log.write("train", step, loss=1.0 / step)
    if step == 50:
        print("go", flush=True)
"""


@pytest.mark.long
def test_a_kill_loses_at_most_the_record_being_written(tmp_path):
    # The file by its path, because importing the package costs seconds.
    command = [sys.executable, "-c", WRITE_FOR_EVER, log_module.__file__, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("tensorboardX is not")
        assert process.stdout.readline() == "go\n"
        process.kill()
    records = read_metrics(tmp_path)
    assert len(records) >= 50
    assert records == [
        {"kind": "train", "step": n, "loss": 1.0 / n}
        for n in range(1, len(records) + 1)
    ]
    with RunLog(tmp_path, resume_step=50):
        pass
    lines = (tmp_path / METRICS).read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(1, 51))
