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
