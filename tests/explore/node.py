"""Run the JavaScript of docs/explore by node: JSON in, JSON out."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "docs" / "explore"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None, reason="no `node` here: the JavaScript of docs/explore is not run"
)


def call(script: str, question: object) -> dict:
    """Give a script of this folder a question on its stdin; return its answer."""
    done = subprocess.run(
        [NODE, HERE / script],
        input=json.dumps(question, default=np.ndarray.tolist),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
