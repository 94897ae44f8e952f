"""What is installed: the wheel and the sdist, and the environment that dev.py makes."""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The names of the files in the wheel and in the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with tarfile.open(sdist) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    return {"wheel": set(zipfile.ZipFile(wheel).namelist()), "sdist": names}


@pytest.mark.long
@pytest.mark.parametrize(("kind", "root"), [("wheel", ""), ("sdist", "src/")])
def test_the_marker_of_types_and_the_sources_of_the_kernel_are_packed(
    built, kind, root
):
    packed = built[kind]
    tracked = [
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src/jlstm").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert "jlstm/py.typed" in tracked and len(tracked) > 200
    assert {root + name for name in tracked} <= packed


@pytest.mark.long
def test_the_wheel_has_the_launcher_and_its_configurations(built):
    configs = {f"jlstm/{path}" for path in _tracked("configs")}
    assert {"jlstm/cli/run.py", *configs} <= built["wheel"]
    assert not [name for name in built["wheel"] if name.startswith("experiments/")]


def _tracked(folder):
    paths = (ROOT / folder).rglob("*.yaml")
    return [path.relative_to(ROOT).as_posix() for path in paths]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_a_lock_has_hashes_no_address_and_pip(path):
    text = path.read_text("utf-8")
    pinned = re.findall(r"^(\S+)==\S+", text, re.MULTILINE)
    assert all(text.split(f"{name}==")[1].count("--hash=sha256:") for name in pinned)
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", text)
    assert path.stem == "uv" or "pip" in pinned


def test_pip_installs_into_the_environment_that_dev_py_made():
    """Whoever activates it types ``pip``, which must not be that of another Python."""
    if not list(Path(sys.prefix).glob("jlstm-*.stamp")):
        pytest.skip(f"{sys.prefix} was not made by dev.py: it need not have pip")
    command = [sys.executable, "-m", "pip", "--version"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert f"from {Path(sys.prefix)}" in done.stdout, done.stderr
