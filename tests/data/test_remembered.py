"""What was found in a large file is kept until the file changes."""

import os

import pytest

from jlstm.data import remembered as module
from jlstm.data.remembered import remembered


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Ask for what a file holds; the times that it was read are counted."""
    monkeypatch.setattr(module, "LARGE", 3)
    path, note, read = tmp_path / "a", tmp_path / "notes" / "a.json", []

    def find():
        read.append(path.read_text())
        return read[-1]

    def asked(text=None, seconds=100):
        if text is not None:
            path.write_text(text)
            os.utime(path, (seconds, seconds))
        return remembered(path, note, find)

    asked.read, asked.path, asked.note = read, path, note
    return asked


def test_a_large_file_is_read_once(ask):
    assert [ask("abcd"), ask(), ask()] == ["abcd"] * 3
    assert ask.read == ["abcd"]


@pytest.mark.parametrize(("text", "seconds"), [("efgh", 101), ("abcde", 100)])
def test_a_file_that_changed_is_read_again(ask, text, seconds):
    assert [ask("abcd"), ask(text, seconds), ask()] == ["abcd", text, text]
    assert ask.read == ["abcd", text]


def test_a_small_file_is_read_each_time(ask):
    assert [ask("ab"), ask()] == ["ab", "ab"]
    assert ask.read == ["ab", "ab"] and not ask.note.exists()


def test_a_file_that_may_still_change_is_not_remembered(ask):
    ask.path.write_text("abcd")
    assert [ask(), ask()] == ["abcd", "abcd"] and ask.read == ["abcd", "abcd"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": 3}', "\0"])
def test_a_damaged_note_is_made_again(ask, text):
    ask("abcd")
    ask.note.write_text(text)
    assert [ask(), ask()] == ["abcd", "abcd"] and ask.read == ["abcd", "abcd"]


def test_where_nothing_can_be_written_it_is_found_again(ask):
    ask.note.parent.write_text("no folder")
    assert [ask("abcd"), ask()] == ["abcd", "abcd"] and ask.read == ["abcd", "abcd"]
    assert ask.note.parent.read_text() == "no folder"
