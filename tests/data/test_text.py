"""Reading text: what comes back, and one clear line for each bad file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlstm.data.text import (
    language_reference,
    read_blocks,
    read_table_text,
    read_text,
)

# No surrogates, which UTF-8 cannot hold, no "\r", which is translated, and no NUL.
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"))


def write(folder, content):
    path = folder / "a.txt"
    path.write_bytes(content)
    return path


@given(text=plain, size=st.integers(1, 9))
def test_blocks_joined_are_the_text(tmp_path_factory, text, size):
    path = write(tmp_path_factory.mktemp("text"), ("x" + text).encode())
    blocks = list(read_blocks(path, block_bytes=size))
    assert "".join(blocks) == "x" + text
    assert all(len(block.encode()) <= size + 3 for block in blocks)


@pytest.mark.parametrize("size", range(1, 8))
def test_line_ends_and_byte_order_mark(tmp_path, size):
    path = write(tmp_path, b"\xef\xbb\xbfa\r\nb\r\r\n\rc\r")
    assert "".join(read_blocks(path, block_bytes=size)) == "a\nb\r\n\rc\r"


def test_mark_inside_a_text_is_kept(tmp_path):
    assert read_text(write(tmp_path, "a\ufeffb".encode())) == "a\ufeffb"


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"ol\xe9 ole",
            "byte 0xe9 at offset 2 (invalid continuation byte). It seems to be CP1252: "
            "convert it by `iconv -f CP1252 -t UTF-8` and look at the result.",
        ),
        (
            "é€ ".encode() + b"\xff",
            "byte 0xff at offset 6 (invalid start byte). Nearly all of it is UTF-8: "
            "look at that line, or drop what is bad by `iconv -c -f UTF-8 -t UTF-8`.",
        ),
        (
            "aé".encode() + b"\xe2\x82",
            "byte 0xe2 at offset 3 (unexpected end of data). The file is cut off in "
            "the middle of a symbol: get the whole file.",
        ),
    ],
)
def test_bad_bytes_are_named_with_their_offset(tmp_path, content, message, size):
    path = write(tmp_path, content)
    with pytest.raises(ValueError) as error:
        list(read_blocks(path, block_bytes=size))
    assert str(error.value) == f"{path} is not UTF-8: {message}"


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"]
)
def test_a_mark_says_the_encoding(tmp_path, encoding, size):
    text = "größer\r\n今天\n"
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""
    path = write(tmp_path, (mark + text).encode(encoding))
    blocks = read_blocks(path, block_bytes=size)
    assert "".join(blocks) == text.replace("\r", "") == read_table_text(path)


def test_lines_that_end_as_on_an_old_mac(tmp_path):
    assert read_text(write(tmp_path, b"to be\ror not\r")) == "to be\nor not\n"


def test_a_nul_far_into_a_text_is_found(tmp_path):
    path = write(tmp_path, b"ab" * 40_000 + b"\0")
    with pytest.raises(ValueError, match="holds a NUL byte at offset 80000"):
        read_text(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        read_text(tmp_path / "nowhere.txt")
    assert str(error.value).startswith(
        f"No file at {tmp_path / 'nowhere.txt'} (looked "
    )


def test_directory(tmp_path):
    with pytest.raises(IsADirectoryError) as error:
        read_text(tmp_path)
    assert str(error.value) == (
        f"{tmp_path} is a directory: give the path of one text file in it."
    )


def test_empty_file(tmp_path):
    path = write(tmp_path, b"")
    with pytest.raises(ValueError) as error:
        read_text(path)
    assert str(error.value) == (
        f"{path} is empty: give a text file with some text in it."
    )


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"aaaa", "1 distinct symbol(s), 'a':"),
        (b"\xef\xbb\xbf", "0 distinct symbol(s), "),
    ],
)
def test_text_without_variety(tmp_path, content, found):
    with pytest.raises(ValueError) as error:
        read_text(write(tmp_path, content))
    assert found in str(error.value)
    assert str(error.value).endswith("needs at least two. Give another file.")


def test_language_reference_is_the_sorted_topics():
    from pydoc_data.topics import topics

    text = language_reference()
    places = [text.index(topics[name].strip("\n")) for name in sorted(topics)]
    assert text == language_reference()
    assert len(text) > 400_000
    assert places[0] == 0
    assert text.endswith(topics[max(topics)].strip("\n") + "\n")
    assert sum(map(len, topics.values())) <= len(text) + 4 * len(topics)
