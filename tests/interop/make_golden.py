"""Write the golden files of the peers that are installed.

    KERAS_BACKEND=jax python -m tests.interop.make_golden torch keras

One ``.npz`` a peer: a vector for each case, and the peer's version.
"""

import importlib
import sys
from importlib.metadata import version

import numpy as np

from tests.interop.peers import GOLDEN


def main():
    """Write the golden file of each peer that the command line names."""
    for peer in sys.argv[1:]:
        runner = importlib.import_module(f"tests.interop.run_{peer}")
        cases = runner.golden_cases()
        if peer == "keras":
            runner.write_configs()
        package = {"haiku": "dm-haiku"}.get(peer, peer)
        np.savez(GOLDEN / f"{peer}.npz", version=np.array(version(package)), **cases)


if __name__ == "__main__":
    main()
