"""Splitting one text into training, validation and test parts.

``tail_split`` holds out the end of the text, as most code does. ``char_rnn_split``
holds out the end of each of the parallel streams, as char-rnn does: its validation text
lies between stretches of training text, so its losses are lower and not comparable.
"""

import numpy as np
from jaxtyping import UInt

Parts = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def tail_split(
    ids: UInt[np.ndarray, " n"], valid_fraction: float, test_fraction: float = 0.0
) -> Parts:
    """Cut ids into a head to train on, then validation, then test.

    The parts are views. Test is None when its fraction is 0.

    Raises:
        ValueError: a part would have fewer than two tokens.

    Example:
        >>> train, valid, test = tail_split(np.arange(20, dtype=np.uint8), 0.1, 0.1)
        >>> len(train), valid, test
        (16, array([16, 17], dtype=uint8), array([18, 19], dtype=uint8))
    """
    first = int(len(ids) * (1 - valid_fraction - test_fraction))
    second = int(len(ids) * (1 - test_fraction))
    test = ids[second:] if test_fraction else None
    return _checked(len(ids), ids[:first], ids[first:second], test)


def char_rnn_split(
    ids: UInt[np.ndarray, " n"],
    valid_fraction: float,
    test_fraction: float = 0.0,
    *,
    streams: int = 50,
    window: int = 50,
) -> Parts:
    """Hold out the last windows of each stream, as char-rnn does.

    The ids are cut to whole windows and laid out as ``streams`` rows. A part is a run
    of columns, written row after row and with the symbol that follows each row at its
    end (the last target; after the very last row comes the first symbol of the text, as
    in char-rnn). So ``TokenStream(part, streams, window)`` gives char-rnn's batches
    with all their targets: of tiny Shakespeare 423 of 446 windows for training at 0.05.
    Read with other numbers of streams, a part is text with joins in it. The parts are
    copies, made once.

    Source: karpathy/char-rnn, util/CharSplitLMMinibatchLoader.lua.

    Raises:
        ValueError: a part would have no window.

    Example:
        >>> ids = np.arange(13, dtype=np.uint8)
        >>> train, valid, _ = char_rnn_split(ids, 0.4, streams=2, window=2)
        >>> train
        array([0, 1, 2, 6, 7, 8], dtype=uint8)
        >>> valid
        array([ 2,  3,  4,  5,  6,  8,  9, 10, 11,  0], dtype=uint8)
    """
    windows = len(ids) // (streams * window)
    first = int(windows * (1 - valid_fraction - test_fraction))
    second = first + int(windows * valid_fraction) if test_fraction else windows
    if not 0 < first < second or (test_fraction and second == windows):
        raise ValueError(
            f"{len(ids)} tokens make {windows} windows of {window} in {streams} "
            "streams, too few to hold some out: give a longer text, or a smaller "
            "window or number of streams."
        )
    rows = ids[: windows * streams * window].reshape(streams, -1)
    test = _columns(rows, second * window, windows * window) if test_fraction else None
    train = _columns(rows, 0, first * window)
    return train, _columns(rows, first * window, second * window), test


def _columns(rows: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Return columns ``start`` to ``stop``, each row followed by its next symbol."""
    following = np.roll(rows.ravel(), -1).reshape(rows.shape)
    return np.hstack([rows[:, start:stop], following[:, stop - 1 : stop]]).ravel()


def _checked(
    total: int, train: np.ndarray, valid: np.ndarray, test: np.ndarray | None
) -> Parts:
    """Return the parts if in each at least one token can be predicted."""
    for name, part in (("train", train), ("valid", valid), ("test", test)):
        if part is not None and len(part) < 2:
            raise ValueError(
                f"A text of {total} tokens leaves {len(part)} for the {name} part, "
                "which needs at least 2: give a longer text or other fractions."
            )
    return train, valid, test
