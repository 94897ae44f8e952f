"""Digests, against hashing by hand."""

import hashlib

import pytest

from jlstm.data.checksum import git_blob, matches, sha256

CONTENT = b"two households\r\nboth alike\n" * 1000


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(CONTENT)
    return path


def test_digests_are_those_of_hashlib(path):
    assert sha256(path) == hashlib.sha256(CONTENT).hexdigest()
    blob = f"blob {len(CONTENT)}\0".encode() + CONTENT
    assert git_blob(path) == hashlib.sha1(blob).hexdigest()


def test_matches_reads_the_kind(path):
    assert matches(path, f"sha256:{sha256(path)}")
    assert matches(path, f"git-blob:{git_blob(path)}")
    assert not matches(path, f"sha256:{git_blob(path)}")
    assert not matches(path, "git-blob:" + "0" * 40)


def test_unknown_kind_is_named(path):
    with pytest.raises(ValueError, match="Unknown kind of digest 'md5': use sha256"):
        matches(path, "md5:0")
