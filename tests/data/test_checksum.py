"""Digests, against hashing by hand."""

import gzip
import hashlib
import io
import tarfile
import zipfile

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


def test_what_is_packed_has_one_digest_however_it_is_packed(tmp_path, path):
    gz, zipped, tarred = (tmp_path / name for name in ("a.gz", "a.zip", "a.tar.xz"))
    gz.write_bytes(gzip.compress(CONTENT))
    assert matches(gz, f"gunzip-sha256:{sha256(path)}")
    assert not matches(path, f"gunzip-sha256:{sha256(path)}")
    assert matches(path, f"head-sha256:3:{hashlib.sha256(CONTENT[:3]).hexdigest()}")
    names = {"r/2.wav": b"two", "r/1.wav": b"one", "r/no.txt": b"", "3.wav": b"three"}
    with zipfile.ZipFile(zipped, "w") as archive, tarfile.open(tarred, "w:xz") as tar:
        for name, content in names.items():
            archive.writestr(name, content)
            entry = tarfile.TarInfo(f"release-1/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    lines = [
        f"{hashlib.sha256(names[name]).hexdigest()}  {name}\n"
        for name in ("r/1.wav", "r/2.wav")
    ]
    wanted = hashlib.sha256("".join(lines).encode()).hexdigest()
    for one in (zipped, tarred):
        assert matches(one, f"members-sha256:r/*.wav:{wanted}")
        assert not matches(one, f"members-sha256:r/1.wav:{wanted}")


def test_no_archive_is_one_line(path):
    with pytest.raises(ValueError, match="is not a whole zip or tar archive"):
        matches(path, "members-sha256:r/*.wav:0")


def test_unknown_kind_is_named(path):
    with pytest.raises(ValueError, match="Unknown kind of digest 'md5': use sha256"):
        matches(path, "md5:0")
