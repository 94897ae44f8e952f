"""Arrays that are mapped from a file: what is not there any more is an error.

To read beyond the end of a mapped file ends the process, by SIGBUS and without a word.
So its size is looked at before each read, which takes microseconds.
"""

from pathlib import Path

import numpy as np


class ChangedFileError(ValueError):
    """A file is not what it was when the reading of it began."""


def check_still_there(array: np.ndarray) -> None:
    """Raise ChangedFileError if the file of a mapped array became too short for it.

    Args:
        array: mapped, a view of what is mapped, or any other, which is always there.

    Example:
        >>> check_still_there(np.arange(3))
    """
    while isinstance(array.base, np.ndarray):
        array = array.base
    if not isinstance(array, np.memmap) or array.filename is None:
        return
    path, needed = Path(array.filename), array.offset + array.nbytes
    if path.exists() and path.stat().st_size < needed:  # one that is removed lives on
        raise ChangedFileError(
            f"{path} has {path.stat().st_size} bytes and had {needed} when the reading "
            "of it began: bring it back, and resume the run."
        )
