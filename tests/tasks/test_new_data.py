"""New data that a trained model cannot read is refused in one line, not guessed."""

import re
from functools import cache

import numpy as np
import pytest

from jlstm.data.audio import LogMelConfig
from jlstm.data.lines import path_only, read_lines_of
from jlstm.tasks.speech.new_sound import read_new
from tests.tasks.small import small


class Table:
    """What a data frame looks like: to iterate gives the names of its columns."""

    columns = ("text", "stars")

    def __iter__(self):
        return iter(self.columns)


@pytest.mark.parametrize(
    "source",
    [{"text": ["a film"]}, Table(), b"a film", 3, None],
    ids=lambda source: type(source).__name__,
)
@pytest.mark.usefixtures("unchecked")
def test_what_is_no_list_of_texts_is_refused(source):
    with pytest.raises(TypeError, match=f"A {type(source).__name__} was given: give"):
        read_lines_of(source)


def test_texts_may_come_in_any_order_of_types(tmp_path):
    wanted = ("a film", "dull")
    for source in (list(wanted), (one for one in wanted), np.array(wanted)):
        assert read_lines_of(source)[0] == wanted
    path = tmp_path / "it's new.txt"
    for content in (b"a film\ndull", "\ufeffa film\r\ndull\r\n".encode("utf-16")):
        path.write_bytes(content)
        assert read_lines_of(path)[0] == read_lines_of(str(path))[0] == wanted


@pytest.mark.parametrize("source", [["a film"], ("a", "b"), None, b"a.csv"])
def test_what_is_read_from_files_takes_no_values(source):
    with pytest.raises(TypeError, match="read from a file only, give its path"):
        path_only(source)


DAY = "day,sold\n" + "".join(f"2024-01-{n:02},{n}\n" for n in range(1, 4))
REFUSED = {
    "a table of texts": ("classify", False, "a.tsv", "good\ta film\n", "is a table"),
    "a CSV of texts": ("classify", False, "a.CSV", "text,label\nx,y\n", "is a table"),
    "no such table": ("classify", True, None, "", "No file at"),
    "an unknown class": ("classify", True, "a.tsv", "odd\ta\nodd\tb\n", "classes odd"),
    "tagged words": ("tagging", False, "a.conllu", "1\tThe\tthe\tDET\n", "is a table"),
    "no sentence": ("tagging", False, "a.txt", "\n \n", "has no word"),
    "an unknown tag": ("tagging", True, "a.txt", "The DT\ndog XX\n", "the tag 'XX'"),
    "too few to score": ("forecast", True, "a.csv", DAY, "after them: give more rows"),
}


@pytest.fixture(scope="module")
def task_of(tmp_path_factory):
    """Return the smallest experiment of a task, made once."""
    with pytest.MonkeyPatch.context() as patch:
        yield cache(lambda task: small(task, tmp_path_factory.mktemp(task), patch))


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_is_not_what_is_read_is_refused(what, task_of, tmp_path):
    task, labelled, name, text, said = REFUSED[what]
    path = tmp_path / (name or "none.tsv")
    if name:
        path.write_text(text)
    made = task_of(task)
    with pytest.raises((ValueError, OSError), match=re.escape(said)) as refused:
        made.read(path, made.data.prep, labelled=labelled)
    assert path.name in str(refused.value)


WAVE = np.sin(np.arange(900, dtype=np.float32) / 5)
NO_SOUNDS = {
    "none": [], "nothing": None, "one, not a list": WAVE, "a path": ["a.wav"],
    "integers": [(WAVE * 20_000).astype(np.int16)], "unscaled": [WAVE * 20_000],
    "stereo": [np.stack([WAVE, WAVE], 1)], "not finite": [WAVE * np.nan],
}  # fmt: skip


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("what", NO_SOUNDS)
def test_samples_that_would_be_misread_are_refused(what):
    with pytest.raises(
        ValueError, match=r"from -1 to 1, each in|There is no recording"
    ):
        read_new(NO_SOUNDS[what], LogMelConfig(sample_rate=8_000))


def test_samples_may_be_of_any_precision():
    front = LogMelConfig(sample_rate=8_000)
    single, double = read_new([WAVE, WAVE.astype(np.float64)], front).features
    np.testing.assert_array_equal(single, double)
