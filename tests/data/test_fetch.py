"""Finding files: JLSTM_DATA, then the cache, then the net; each checked."""

import functools
import hashlib
import http.server
import sys
import threading
import zipfile

import pytest

from jlstm.data.checksum import git_blob
from jlstm.data.fetch import cache_directory, data_directory, fetch, locate
from jlstm.data.registry import DATASETS, Dataset, RemoteFile

CONTENT = b"now is the winter\n"
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
CLOSED = "http://127.0.0.1:9/a.txt"  # the discard port: nobody listens


def one_file(url=CLOSED, digest=DIGEST):
    file = RemoteFile("train", "set/a.txt", url, digest, len(CONTENT))
    return Dataset("set", (file,), "none", "none")


def put(root, content=CONTENT, name="a.txt"):
    (root / "set").mkdir(parents=True, exist_ok=True)
    path = root / "set" / name
    path.write_bytes(content)
    return path


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of a local server, and what was asked of it."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            asked.append(self.path)

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "a.txt").write_bytes(CONTENT)
    handler = functools.partial(Handler, directory=tmp_path / "www")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}/a.txt", asked
        httpd.shutdown()
        thread.join()


def test_data_directory_comes_first(tmp_path):
    given, cached = put(tmp_path / "data"), put(tmp_path / "cache")
    found = locate(one_file(), tmp_path / "data", tmp_path / "cache")
    assert found["train"][1] == given
    given.unlink()
    found = locate(one_file(), tmp_path / "data", tmp_path / "cache")
    assert found["train"][1] == cached


def test_download_once(tmp_path, server):
    url, asked = server
    for _ in range(2):
        file, path = locate(one_file(url), None, tmp_path / "cache")["train"]
        assert path == tmp_path / "cache" / "set" / "a.txt"
        assert path.read_bytes() == CONTENT
        assert file.digest == DIGEST
    assert asked == ["/a.txt"]


def test_download_checked_by_git_id(tmp_path, server):
    blob = git_blob(put(tmp_path / "data"))
    data = one_file(server[0], f"git-blob:{blob}")
    assert locate(data, None, tmp_path / "cache")["train"][1].read_bytes() == CONTENT


def test_wrong_download_is_not_kept(tmp_path, server):
    data = one_file(server[0], "sha256:" + "0" * 64)
    with pytest.raises(ValueError) as error:
        locate(data, None, tmp_path / "cache")
    assert str(error.value).startswith(
        f"{server[0]} gave other bytes than the expected set/a.txt (sha256:0000"
    )
    assert not (tmp_path / "cache" / "set" / "a.txt").exists()


@pytest.mark.parametrize("where", ["data", "cache"])
def test_wrong_file_is_one_line(tmp_path, where):
    path = put(tmp_path / where, b"glorious summer\n")
    with pytest.raises(ValueError) as error:
        locate(one_file(), tmp_path / "data", tmp_path / "cache")
    assert str(error.value) == (
        f"{path} is not the expected set/a.txt (16 bytes, wanted 18 with {DIGEST}): "
        "remove it to download it again."
    )


def test_no_net_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(FileNotFoundError) as error:
        locate(one_file(), None, tmp_path / "cache")
    assert str(error.value) == (
        f"Cannot download set/a.txt from {CLOSED} (ConnectionError): go online, or set "
        "JLSTM_DATA to a directory that holds it."
    )


def zipped(tmp_path, name="in/a.txt"):
    """Put a zip archive with one file where the server serves from."""
    with zipfile.ZipFile(tmp_path / "www" / "a.zip", "w") as archive:
        archive.writestr(name, CONTENT)


def test_download_of_a_file_in_an_archive(tmp_path, server):
    zipped(tmp_path)
    address = server[0].replace("a.txt", "a.zip")
    file = RemoteFile("train", "set/a.txt", address, DIGEST, 18, member="in/a.txt")
    data = Dataset("set", (file,), "none", "none")
    for _ in range(2):
        found = locate(data, None, tmp_path / "cache")
        assert found["train"][1] == tmp_path / "cache" / "set" / "a.txt"
        assert found["train"][1].read_bytes() == CONTENT
    assert server[1] == ["/a.zip"]


def test_an_archive_without_the_file_is_one_line(tmp_path, server):
    zipped(tmp_path, "b.txt")
    address = server[0].replace("a.txt", "a.zip")
    file = RemoteFile("train", "set/a.txt", address, DIGEST, 18, member="in/a.txt")
    with pytest.raises(ValueError, match=r"a zip archive with in/a\.txt in it"):
        locate(Dataset("set", (file,), "none", "none"), None, tmp_path / "cache")


def test_download_without_pooch_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ModuleNotFoundError) as error:
        locate(one_file(), None, tmp_path / "cache")
    assert str(error.value) == (
        "Downloading set/a.txt needs pooch: `pip install pooch`, or set JLSTM_DATA to "
        "a directory that holds it."
    )


def test_missing_page_is_one_line(tmp_path, server):
    with pytest.raises(FileNotFoundError, match=r"b\.txt \(HTTPError\): go online"):
        locate(one_file(server[0].replace("a.txt", "b.txt")), None, tmp_path / "cache")


def test_second_choice_serves_where_the_first_is_not(tmp_path):
    second = RemoteFile("train", "set/b.txt", None, DIGEST, len(CONTENT), "permuted")
    data = Dataset("set", (*one_file().files, second), "none", "none")
    path = put(tmp_path / "data", name="b.txt")
    assert locate(data, tmp_path / "data", tmp_path)["train"] == (second, path)
    first = put(tmp_path / "data")
    assert locate(data, tmp_path / "data", tmp_path)["train"][1] == first


def test_data_directory_must_be_one(tmp_path):
    assert data_directory({"JLSTM_DATA": str(tmp_path)}) == tmp_path
    assert data_directory({"JLSTM_DATA": ""}) is None
    with pytest.raises(FileNotFoundError) as error:
        data_directory({"JLSTM_DATA": f"{tmp_path}/no"})
    assert str(error.value) == (
        f"JLSTM_DATA={tmp_path}/no is not a directory: correct or unset it."
    )


def test_cache_directory_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.delenv("JLSTM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "jlstm"
    monkeypatch.setenv("JLSTM_CACHE", str(tmp_path / "here"))
    assert cache_directory() == tmp_path / "here"


@pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
def test_real_files_are_the_expected_ones(entry, data_dir, monkeypatch, tmp_path):
    monkeypatch.setenv("JLSTM_DATA", str(data_dir))
    monkeypatch.setenv("JLSTM_CACHE", str(tmp_path))
    found = fetch(entry.name)
    assert tuple(found) == entry.parts
    for part, path in found.items():
        (file,) = [one for one in entry.choices(part) if path == data_dir / one.path]
        if file.digest.startswith("sha256:"):
            assert path.stat().st_size == file.size
