"""How far it is from a module to the kernel, counted in functions.

python -m tests.backends.test_path
"""

import sys
from pathlib import Path

import jax.numpy as jnp
import pytest
from flax import nnx

import jlstm
import jlstm.nnx
from jlstm._backends.native.primitive import routine_p
from tests.backends.native.samples import needs_kernel

PACKAGE = Path(jlstm.__file__).parent
MOST = 9


def frames_to_the_kernel(monkeypatch):
    """Return file and function of each frame of jlstm that waits for the kernel."""
    found, bind = [], routine_p.bind

    def seen(*operands, **params):
        if not found:
            found.extend(_frames())
        return bind(*operands, **params)

    model = jlstm.nnx.LSTM(3, 4, rngs=nnx.Rngs(0))
    monkeypatch.setattr(routine_p, "bind", seen)
    model(jnp.ones((8, 32, 3), jnp.float32))
    return found[::-1]


def _frames():
    frame = sys._getframe()
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE):
            yield str(path.relative_to(PACKAGE)), frame.f_code.co_name
        frame = frame.f_back


@needs_kernel
def test_few_functions_lie_between_a_module_and_the_kernel(monkeypatch):
    found = frames_to_the_kernel(monkeypatch)
    assert found[0] == ("nnx/rnn.py", "__call__")
    assert found[-1] == ("_backends/native/primitive.py", "run")
    assert len(found) <= MOST, found


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        frames = frames_to_the_kernel(patch)
    print(*(f"{path}  {name}" for path, name in frames), sep="\n")
    print(len(frames), "functions,", len({path for path, _ in frames}), "files")
