"""``python experiments/compare.py …`` is ``jlstm compare …`` of the package."""

import sys

from jlstm.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["compare", *sys.argv[1:]]))
