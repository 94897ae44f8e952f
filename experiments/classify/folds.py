"""Print the mean over the folds of a sweep, next to that of the baselines.

jlstm sweep experiment=mr_cpu data.fold=0,1,2,3,4,5,6,7,8,9
python experiments/classify/folds.py runs/sweep-mr_cpu/TIME
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from jlstm.training.report.table import table


def fold_table(results: Sequence[dict[str, Any]]) -> str:
    """Return mean and standard deviation over folds of the test accuracy.

    Example:
        >>> results = [{"test": {"accuracy": share}, "name": "mr_cpu",
        ...             "baselines": {"naive Bayes": {"test": 0.75}}}
        ...            for share in (0.74, 0.78)]
        >>> print(fold_table(results))
        | test accuracy (%), 2 folds | mean | std |
        |----------------------------|-----:|----:|
        | the network                | 76.0 | 2.8 |
        | naive Bayes                | 75.0 | 0.0 |
    """
    found = {"the network": [result["test"]["accuracy"] for result in results]}
    for name in results[0]["baselines"]:
        found[name] = [result["baselines"][name]["test"] for result in results]
    rows = [
        [name, f"{100 * np.mean(own):.1f}", f"{100 * np.std(own, ddof=1):.1f}"]
        for name, own in found.items()
    ]
    return table([f"test accuracy (%), {len(results)} folds", "mean", "std"], rows)


def read_folds(folder: Path) -> list[dict[str, Any]]:
    """Return the results of the jobs of a sweep.

    Raises:
        ValueError: there are not two or more.
    """
    paths = sorted(folder.glob("*/*/result.json"))
    if len(paths) < 2:
        raise ValueError(
            f"{folder} has {len(paths)} results: give the folder of a sweep over "
            "data.fold, as the sweep printed it."
        )
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    try:
        print(fold_table(read_folds(parser.parse_args().folder)))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
