"""The compiled kernel is loaded from where nobody else could have put another one."""

import os
import shlex
import stat
from pathlib import Path

import pytest

from jlstm._backends.native import BuildError, build, cache, compiler
from tests.backends.native.samples import needs_kernel
from tests.messages import message_of

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid"), reason="owners and modes of POSIX"
)
FAKE = """#!/bin/sh
# a compiler that only copies: what follows -o is the last argument
for last; do :; done
cp "$SOURCE_OF_FAKE" "$last"
"""


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A directory of kernels of its own, with the kernel of this machine in it."""
    folder = tmp_path / "kernels"
    whole = build.built()
    monkeypatch.setenv("SOURCE_OF_FAKE", str(whole))
    fake = tmp_path / "fake compiler"
    fake.write_text(FAKE)
    fake.chmod(0o700)
    monkeypatch.setenv("CXX", str(fake))
    monkeypatch.setenv("JLSTM_CACHE_DIR", str(folder))
    return build.built()


def refusal(folder):
    """Return why a directory is refused."""
    return message_of(BuildError, lambda: cache.make_private(Path(folder)))


# -- what is kept


def truncate(path):
    os.truncate(path, 1000)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def link(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def make_directory(path):
    path.unlink()
    path.mkdir()


def seal(path):
    return path.with_suffix(".sha256")


DAMAGES = {
    "truncated": truncate,
    "bit flipped": flip,
    "emptied": lambda path: path.write_bytes(b""),
    "another file": lambda path: path.write_bytes(b"something else" * 1000),
    "removed": lambda path: path.unlink(),
    "a link": link,
    "writable for the group": lambda path: path.chmod(0o620),
    "writable for everyone": lambda path: path.chmod(0o602),
    "digest removed": lambda path: seal(path).unlink(),
    "digest emptied": lambda path: seal(path).write_text(""),
    "digest of another": lambda path: seal(path).write_text("0" * 64),
    "digest that is no text": lambda path: seal(path).write_bytes(b"\xff\x00"),
    "digest in a directory": lambda path: make_directory(seal(path)),
}


@needs_kernel
@pytest.mark.parametrize("damage", [*DAMAGES, "of another user"])
def test_what_is_damaged_is_compiled_again(kept, damage):
    whole = kept.read_bytes()
    assert cache.is_kept(kept)
    if damage == "of another user":
        if os.geteuid() != 0:
            pytest.skip("only root can give a file away")
        os.chown(kept, 65534, 65534)
    else:
        DAMAGES[damage](kept)
    assert not cache.is_kept(kept)
    if damage == "digest in a directory":
        assert "cannot be compiled: " in message_of(BuildError, build.built)
        return
    assert build.built() == kept
    assert kept.read_bytes() == whole and cache.is_kept(kept)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


@needs_kernel
def test_damage_without_a_compiler_is_a_reason(kept, monkeypatch):
    truncate(kept)
    monkeypatch.setenv("SOURCE_OF_FAKE", "/nothing")
    assert "cannot compile the kernel: cp: " in message_of(BuildError, build.built)
    assert not cache.is_kept(kept)
    assert {path.name for path in kept.parent.iterdir()} == {kept.name, seal(kept).name}


# -- where it is kept


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777, 0o720])
def test_a_directory_that_others_can_change_is_refused(tmp_path, mode):
    tmp_path.chmod(mode)
    assert "can change" in refusal(tmp_path)
    assert "JLSTM_CACHE_DIR" in refusal(tmp_path)
    tmp_path.chmod(0o700)
    cache.make_private(tmp_path)


def test_a_parent_that_everyone_can_change_is_refused_unless_it_is_sticky(tmp_path):
    shared, folder = tmp_path / "shared", tmp_path / "shared" / "kernels"
    shared.mkdir()
    shared.chmod(0o777)
    assert f"under {shared}, which everyone can change" in refusal(folder)
    shared.chmod(0o1777)
    cache.make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_new_directories_are_private_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        cache.make_private(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("what", ["the directory", "its parent", "a link to it"])
def test_what_belongs_to_another_user_is_refused(tmp_path, what):
    parent, link = tmp_path / "parent", tmp_path / "link"
    folder = parent / "kernels"
    folder.mkdir(parents=True, mode=0o700)
    link.symlink_to(folder)
    cache.make_private(link)
    given = {"the directory": folder, "its parent": parent, "a link to it": link}
    os.lchown(given[what], 65534, 65534)
    assert f"{given[what]}, which belongs to user 65534" in refusal(link)


def test_a_link_through_a_directory_that_everyone_can_change_is_refused(tmp_path):
    shared, folder, link = (tmp_path / name for name in ("shared", "own", "link"))
    shared.mkdir()
    shared.chmod(0o777)
    folder.mkdir()
    (shared / "link").symlink_to(folder)
    link.symlink_to(shared / "link")
    assert f"under {shared}, which everyone can change" in refusal(link)


@pytest.mark.parametrize("kind", ["a file", "under a file", "a loop", "a dead link"])
def test_no_directory_is_a_reason(tmp_path, monkeypatch, kind):
    place = tmp_path / "place"
    if kind in ("a file", "under a file"):
        place.write_text("")
    else:
        place.symlink_to(place if kind == "a loop" else tmp_path / "a" / "dead" / "end")
    folder = place / "kernels" if kind == "under a file" else place
    monkeypatch.setenv("JLSTM_CACHE_DIR", str(folder))
    monkeypatch.setenv("CXX", "false")  # whatever happens, nothing is compiled
    said = message_of(BuildError, build.built)
    assert "the kernel cannot be compiled: " in said and str(place) in said


def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for given, wanted in {
        "~/own": tmp_path / "own",
        "near": tmp_path / "near",
        "/ein/Ordner/für Kerne": Path("/ein/Ordner/für Kerne"),
    }.items():
        monkeypatch.setenv("JLSTM_CACHE_DIR", given)
        assert cache.cache_dir() == wanted
    monkeypatch.delenv("JLSTM_CACHE_DIR")
    monkeypatch.setattr("sys.platform", "linux")
    for given, wanted in {"/x": Path("/x"), "x": tmp_path / ".cache"}.items():
        monkeypatch.setenv("XDG_CACHE_HOME", given)  # a relative one counts not
        assert cache.cache_dir() == wanted / "jlstm"


def test_no_home_is_a_reason(monkeypatch):
    def nobody():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    for name in ("JLSTM_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert "no place for the compiled kernel" in message_of(BuildError, cache.cache_dir)
    monkeypatch.setenv("JLSTM_CACHE_DIR", "~no-such-user/kernels")
    assert "no place for the compiled kernel" in message_of(BuildError, cache.cache_dir)


# -- the compiler


@pytest.mark.parametrize(
    ("form", "arguments"),
    [
        ("{}", []),
        ("'{}'", []),
        ("'{}' -O3 -DX='a b'", ["-O3", "-DX=a b"]),
        ("  {}  ", []),
    ],
)
def test_the_compiler_may_have_arguments_and_blanks(
    tmp_path, monkeypatch, form, arguments
):
    program = tmp_path / "my compilers" / "g++"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    monkeypatch.setenv("CXX", form.format(program))
    assert compiler.find_compiler() == [str(program), *arguments]
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CXX", form.format("~/my compilers/g++"))
    assert compiler.find_compiler() == [str(program), *arguments]


def test_flags_are_part_of_the_name(monkeypatch):
    monkeypatch.delenv("JLSTM_KERNEL_FLAGS", raising=False)
    plain = build.library_path()
    monkeypatch.setenv("JLSTM_KERNEL_FLAGS", "-O3 -DNAME='a b'")
    assert compiler.flags()[-2:] == ["-O3", "-DNAME=a b"]
    assert build.library_path() != plain
    monkeypatch.setenv("CXX", "'unended")
    assert 'CXX="\'unended" cannot be read: No closing quotation' in message_of(
        BuildError, compiler.find_compiler
    )


SCRIPTS = {
    "exit 3": "cannot compile the kernel: it says nothing",
    "echo Warnung; echo 'x.cc:1: error: no'; exit 1": "kernel: x.cc:1: error: no",
    r"printf 'b\377d\n' >&2; exit 1": "kernel: b\N{REPLACEMENT CHARACTER}d",
    "kill -SEGV $$": "cannot compile the kernel: it says nothing",
    "exit 0": "made no library",
    "sleep 1000 & sleep 1000": "did not end within 1 seconds",
    "read line || exit 1": "cannot compile the kernel",
    'for last; do :; done; echo no library > "$last"': "cannot be loaded: ",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_compiler_that_fails_is_a_reason(tmp_path, monkeypatch, script):
    folder, program = tmp_path / "kernels", tmp_path / "cc"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setenv("JLSTM_CACHE_DIR", str(folder))
    monkeypatch.setenv("CXX", shlex.quote(str(program)))
    monkeypatch.setattr(compiler, "TIMEOUT", 1)
    assert SCRIPTS[script] in message_of(BuildError, build.built)
    assert not list(folder.iterdir())
