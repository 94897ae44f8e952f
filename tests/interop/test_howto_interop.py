"""The code of the page on weights runs, section by section, where the peer is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from tests.interop.peers import need, usual_jax

PAGE = Path(__file__).parents[2] / "docs/howto-interop.md"
SECTIONS = {
    title: "\n".join(re.findall(r"```python\n(.*?)```", text, re.S))
    for title, text in re.findall(
        r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.S | re.M
    )
}
PEERS = {
    "PyTorch": ("torch", "safetensors"),
    "Flax": (),
    "Haiku": ("haiku",),
    "Equinox": ("equinox",),
    "cuDNN through JAX": (),
}


def test_every_section_is_run():
    written = {title for title, code in SECTIONS.items() if code}
    assert written == {*PEERS, "Keras"}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("section", PEERS)
def test_the_section_runs(section):
    for peer in PEERS[section]:
        need(peer)
    with usual_jax(), jax.enable_x64(False):
        exec(SECTIONS[section], {})


@pytest.mark.slow
def test_the_section_on_keras_runs():
    """Keras wants a process of its own: the section names its backend, nobody else."""
    need("keras", load=False)
    paths = os.pathsep.join(path for path in sys.path if path)
    names = os.environ | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": paths}
    names.pop("KERAS_BACKEND", None)
    subprocess.run([sys.executable, "-c", SECTIONS["Keras"]], env=names, check=True)
