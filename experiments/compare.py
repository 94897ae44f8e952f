"""Compare runs: ``python experiments/compare.py RUN RUN … [--out compare.html]``.

The same as ``jlstm compare``, which comes with the package. Exit codes: 0 done, 2
something is wrong with what was asked for.
"""

import sys

from jlstm.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["compare", *sys.argv[1:]]))
