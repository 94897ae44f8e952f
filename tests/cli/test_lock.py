"""The folder of a run belongs to one process, until that ends."""

import errno
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from jlstm.cli.lock import NO_LOCKS, in_use, locked

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from jlstm.cli.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def refused(folder):
    with pytest.raises(ValueError) as error, locked(folder):
        pass
    assert str(error.value) == (
        f"{folder} is in use: a run is going on there. Wait for its end, or start a "
        "new run."
    )


def test_a_folder_is_free_again_after_its_block(tmp_path):
    for _ in range(2):
        with locked(tmp_path):
            refused(tmp_path)
            assert in_use(tmp_path)
        assert not in_use(tmp_path)
    with pytest.raises(KeyboardInterrupt), locked(tmp_path):
        raise KeyboardInterrupt
    with locked(tmp_path):
        pass


def test_another_process_holds_it_until_that_is_killed(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        refused(tmp_path)
        holder.kill()
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("code", NO_LOCKS, ids=errno.errorcode.get)
def test_a_file_system_without_locks_locks_nothing(tmp_path, monkeypatch, code):
    fail(monkeypatch, code)
    with locked(tmp_path), locked(tmp_path):
        pass


def test_a_broken_disk_is_not_taken_for_one_without_locks(tmp_path, monkeypatch):
    fail(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="broken"), locked(tmp_path):
        pass


def fail(monkeypatch, code):
    def acquire(lock):
        raise OSError(code, "broken")

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
