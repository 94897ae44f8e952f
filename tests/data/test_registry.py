"""The table of data sets is well formed."""

import re

import pytest

from jlstm.data.registry import DATASETS, dataset

files = [file for entry in DATASETS for file in entry.files]


@pytest.mark.parametrize("file", files, ids=lambda file: file.path)
def test_a_row_can_be_checked_and_found(file):
    assert re.fullmatch(r"sha256:[0-9a-f]{64}|git-blob:[0-9a-f]{40}", file.digest)
    assert file.size > 0
    assert not file.path.startswith("/")
    # An address without a commit could change under its digest.
    assert file.url is None or re.search(r"/[0-9a-f]{40}/", file.url)
    assert file.url or file.note


@pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
def test_a_data_set_can_be_downloaded_and_cited(entry):
    assert entry.licence
    assert entry.citation
    for part in entry.parts:
        assert any(file.url for file in entry.choices(part))


def test_names_and_paths_are_unique():
    assert len({entry.name for entry in DATASETS}) == len(DATASETS)
    assert len({file.path for file in files}) == len(files)


def test_parts_and_choices():
    wt2 = dataset("wikitext2")
    assert wt2.parts == ("train", "valid", "test")
    assert [file.path for file in wt2.choices("train")] == [
        "wikitext-2/train.txt",
        "wikitext-2/train.articles-permuted.txt",
    ]


def test_unknown_name():
    with pytest.raises(ValueError) as error:
        dataset("ptp")
    assert str(error.value) == (
        "No data set is named 'ptp': choose one of ptb, wikitext2, shakespeare."
    )
