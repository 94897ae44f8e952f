"""Reading weights of one library must not load the others."""

import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
PEERS = {"equinox", "flax", "haiku", "keras", "onnx", "safetensors", "torch"}


def test_import_of_interop_loads_no_peer():
    done = subprocess.run(
        [sys.executable, "-c", "import jlstm.interop, sys; print(*sys.modules)"],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not PEERS & set(done.stdout.split())
