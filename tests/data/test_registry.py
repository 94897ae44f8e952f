"""The table of data sets is well formed."""

import re

import pytest

from jlstm.data.registry import DATASETS, dataset

DIGEST = (
    r"(sha256|gunzip-sha256|head-sha256:\d+|members-sha256:[^:]+):[0-9a-f]{64}"
    r"|git-blob:[0-9a-f]{40}"
)
# Where the owners of a data set keep it.
HOMES = r"//(ai\.stanford\.edu|archive\.ics\.uci\.edu|yann\.lecun\.com)/"
files = [file for entry in DATASETS for file in entry.files]


@pytest.mark.parametrize("file", files, ids=lambda file: file.path)
def test_a_row_can_be_checked_and_found(file):
    assert re.fullmatch(DIGEST, file.digest)
    assert file.size > 0
    assert not file.path.startswith("/")
    # An address without a commit could change under its digest.
    assert file.url is None or re.search(rf"/[0-9a-f]{{40}}|{HOMES}", file.url)


@pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
def test_a_data_set_can_be_downloaded_and_cited(entry):
    assert entry.licence
    assert entry.citation
    for part in entry.parts:
        first, *others = entry.choices(part)
        assert first.url
        # The others are the same bytes, packed otherwise, or say what they are.
        for file in others:
            assert file.note or file.digest.endswith(first.digest.split(":")[-1])


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
    assert str(error.value).startswith(
        "No data set is named 'ptp': choose one of ptb, wikitext2, shakespeare, multi"
    )


def test_some_parts():
    entry = dataset("multi30k").only(("val.en", "train.de"))
    assert entry.parts == ("train.de", "val.en")
    with pytest.raises(ValueError) as error:
        dataset("conll2000").only(("train", "dev"))
    assert str(error.value) == ("conll2000 has no part 'dev': choose from train, test.")
