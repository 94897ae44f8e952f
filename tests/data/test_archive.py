"""What is packed comes out as it went in."""

import gzip
import zipfile

import pytest

from jlstm.data.archive import members, read_lines


def test_lines_end_where_a_newline_is(tmp_path):
    path = tmp_path / "a.txt"
    # NEL, form feed and the line separator are ends to str.splitlines.
    path.write_bytes(
        b"\xef\xbb\xbfone\x85\x0c\r\n\r\ntwo".replace(b"\x85", b"\xc2\x85")
    )
    assert read_lines(path) == ["one\x85\x0c", "", "two"]
    packed = tmp_path / "a.txt.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_lines(packed) == read_lines(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No file at "),
        (b"caf\xe9", "is not utf-8: byte 0xe9 at offset 3. Convert it"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path, content, message):
    path = tmp_path / "a.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
        read_lines(path)
    assert "\n" not in str(error.value)


def test_members_are_named_from_their_end(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("top/in/a.wav", "top/in/b.txt", "in/deep/c.wav", "in/d.wav"):
            archive.writestr(name, name)
    found = dict(members(path, "in/*.wav"))
    assert found == {"in/a.wav": b"top/in/a.wav", "in/d.wav": b"in/d.wav"}


TEXT = b"t\n" + b"".join(b"%d\n" % (n * n) for n in range(900))
GOOD = gzip.compress(TEXT, mtime=0)  # the same bytes in every process


@pytest.mark.parametrize(
    "content",
    [
        *(GOOD[:n] for n in (5, 12, len(GOOD) // 2, len(GOOD) - 4)),
        *(GOOD[:n] + bytes([GOOD[n] ^ 255]) + GOOD[n + 1 :] for n in (0, 2, 60, -3)),
        b"not packed at all",
        GOOD + b"something after it",
    ],
)
def test_a_damaged_gzip_file_is_one_line(tmp_path, content):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a whole gzip file") as error:
        read_lines(path)
    assert "\n" not in str(error.value)


def test_several_packed_parts_and_an_empty_one_are_read(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(GOOD + gzip.compress(b"more\n") + gzip.compress(b""))
    assert read_lines(path)[-2:] == [str(899**2), "more"]
    path.write_bytes(gzip.compress(b"yes\n" * 100_000))  # repeats a lot, and is meant
    assert len(read_lines(path)) == 100_000


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip"])
def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch, name):
    monkeypatch.setattr("jlstm.data.archive.MOST_BYTES", 3 << 20)
    path = tmp_path / name
    if name.endswith("gz"):
        path.write_bytes(gzip.compress(bytes(8 << 20)))
        with pytest.raises(ValueError, match=r"holds more than .* bytes"):
            read_lines(path)
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.txt", bytes(8 << 20))
    with pytest.raises(ValueError, match="has 8,388,608 bytes, 3,145,728 at most"):
        list(members(path, "*.txt"))
