"""What a command prints arrives whole, or the command says that it did not."""

import errno
import json
import os

import pytest

from jlstm.cli import screen, use
from jlstm.cli.main import main

ROWS = [{"text": "café 日本"}, {"text": "a film"}]


def printed_to(descriptor, encoding, monkeypatch):
    """Print rows to a file descriptor as a process does."""
    stream = os.fdopen(descriptor, "w", encoding=encoding)
    with stream, screen._forgiving(stream) as screened:
        monkeypatch.setattr("sys.stdout", screened)
        use._print(iter(ROWS))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_no_sign_is_lost_on_a_screen_that_lacks_it(encoding, tmp_path, monkeypatch):
    path = tmp_path / "out"
    printed_to(os.open(path, os.O_CREAT | os.O_WRONLY), encoding, monkeypatch)
    assert [json.loads(line) for line in path.read_text(encoding).splitlines()] == ROWS


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_is_an_error(monkeypatch):
    with pytest.raises(OSError, match="No space") as full:
        printed_to(os.open("/dev/full", os.O_WRONLY), "utf-8", monkeypatch)
    assert full.value.errno == errno.ENOSPC


def test_who_reads_no_further_ends_it(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    printed_to(writing, "utf-8", monkeypatch)  # as `| head` does


OUT = {
    "a folder": ("d.csv", "which is a folder: give a file's name."),
    "the source": ("new.csv", "the file that is read: give another name."),
}


@pytest.mark.parametrize("what", OUT)
def test_out_takes_no_ones_place(what, tmp_path, capsys):
    name, said = OUT[what]
    (tmp_path / "d.csv").mkdir()
    (tmp_path / "new.csv").write_text("a film\n")
    words = ["predict", "none", str(tmp_path / "new.csv"), "--out"]
    assert main([*words, str(tmp_path / name)]) == 2
    assert said in capsys.readouterr().err
    assert (tmp_path / "new.csv").read_text() == "a film\n"


def test_what_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match=r"--out cannot be written: .*c\.csv'") as failed:
        use._write(tmp_path / "none" / "c.csv", "")
    assert "draft" not in str(failed.value)
