"""Image captions as running text: English sentences that say what one can see.

They are the English side of Multi30k, in small letters, cut into words, a caption a
line. Short, plain and much alike, they teach a small model a good deal in a minute.
"""

from collections.abc import Iterable

from jlstm.data.archive import read_lines
from jlstm.data.fetch import fetch
from jlstm.data.tokenize import tokenize

FILES = {"train": "train.en", "valid": "val.en", "test": "test_2016_flickr.en"}


def caption_texts() -> dict[str, str]:
    """Return the text of each part: ``"train"``, ``"valid"`` and ``"test"``.

    Raises:
        FileNotFoundError, ValueError: as ``jlstm.data.fetch``.
    """
    paths = fetch("multi30k", *FILES.values())
    return {part: as_text(read_lines(paths[name])) for part, name in FILES.items()}


def as_text(sentences: Iterable[str]) -> str:
    r"""Return English sentences as lines of words in small letters.

    Example:
        >>> as_text(["A cat sat.", "It's a mat."])
        "a cat sat .\nit 's a mat .\n"
    """
    return "".join(" ".join(tokenize(line, "en")) + "\n" for line in sentences)
