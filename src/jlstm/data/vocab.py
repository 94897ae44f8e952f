r"""A vocabulary: which symbols there are, and the number of each.

Two levels. At level ``"char"`` a symbol is one character. At level ``"word"`` a symbol
is what stands between white space, and every newline is one symbol ``<eos>``, which is
counted and predicted like any other (the protocol of PTB and WikiText-2). Symbols too
rare to keep become one symbol, ``<unk>`` among words and ``\ufffd`` among characters.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Int64, Integer, UInt

from jlstm._internal.files import write_atomically

Level = Literal["char", "word"]
EOS = "<eos>"
UNKNOWN = {"char": "\ufffd", "word": "<unk>"}


def split_symbols(text: str, level: Level) -> Sequence[str]:
    r"""Cut a text into symbols.

    Example:
        >>> split_symbols("no it was\nn't black\n", "word")
        ['no', 'it', 'was', '<eos>', "n't", 'black', '<eos>']
    """
    return text if level == "char" else text.replace("\n", f" {EOS} ").split()


def count_symbols(texts: Iterable[str], level: Level) -> Counter[str]:
    """Count the symbols of several texts together.

    Example:
        >>> count_symbols(["abba", "b"], "char") == {"b": 3, "a": 2}
        True
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(split_symbols(text, level))
    return counts


@dataclass(frozen=True)
class Vocab:
    r"""The symbols of a corpus in the order of their ids; frozen and hashable.

    Args:
        symbols: all symbols; the id of a symbol is its place.
        level: ``"char"`` or ``"word"``.

    Example:
        >>> vocab = Vocab.from_text("a rose is a rose\n", level="word")
        >>> vocab.symbols
        ('a', 'rose', '<eos>', 'is')
        >>> vocab.encode("a rose is a rose\n")
        array([0, 1, 3, 0, 1, 2], dtype=uint8)
        >>> vocab.decode([0, 1, 2, 3])
        'a rose\nis'
    """

    symbols: tuple[str, ...]
    level: Level

    def __post_init__(self):
        if self.level not in UNKNOWN:
            raise ValueError(f"level must be 'char' or 'word', got {self.level!r}.")
        if len(set(self.symbols)) != len(self.symbols):
            twice = Counter(self.symbols).most_common(1)[0][0]
            raise ValueError(f"The symbol {twice!r} occurs twice in a vocabulary.")
        if not self.symbols:
            raise ValueError("A vocabulary needs a symbol: give a text that has one.")

    @classmethod
    def from_text(
        cls, text: str, level: Level, *, max_size: int | None = None, min_count: int = 1
    ) -> "Vocab":
        """Build the vocabulary of one text, with the options of ``from_counts``."""
        counts = count_symbols([text], level)
        return cls.from_counts(counts, level, max_size=max_size, min_count=min_count)

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        level: Level,
        *,
        max_size: int | None = None,
        min_count: int = 1,
    ) -> "Vocab":
        """Build a vocabulary from symbol counts.

        Symbols are kept from the most frequent one down (ties in alphabetical order)
        and the others become the unknown symbol, which is in the vocabulary only if
        something became it or the text held it already. Ids follow frequency among
        words and code points among characters.

        Args:
            counts: how often each symbol occurs.
            level: ``"char"`` or ``"word"``.
            max_size: keep at most so many symbols, the unknown one included.
            min_count: keep symbols that occur at least so often.

        Raises:
            ValueError: an option is out of range.

        Example:
            >>> counts = {"the": 9, "cat": 2, "sat": 1, "mat": 1}
            >>> Vocab.from_counts(counts, "word", min_count=2).symbols
            ('the', '<unk>', 'cat')
        """
        kept = _kept_counts(counts, UNKNOWN[level], max_size, min_count)
        if level == "char":
            return cls(tuple(sorted(kept)), level)
        return cls(tuple(sorted(kept, key=lambda s: (-kept[s], s))), level)

    def __len__(self) -> int:
        return len(self.symbols)

    @cached_property
    def index(self) -> dict[str, int]:
        """The id of each symbol."""
        return {symbol: id_ for id_, symbol in enumerate(self.symbols)}

    @property
    def dtype(self) -> np.dtype:
        """The smallest unsigned integer type that holds every id."""
        return np.min_scalar_type(len(self.symbols) - 1)

    def encode(self, text: str) -> UInt[np.ndarray, " n"]:
        """Turn a text into ids.

        Raises:
            ValueError: the text has a symbol that the vocabulary lacks, and there is
                no unknown symbol to stand for it.
        """
        symbols = split_symbols(text, self.level)
        ids = self._char_ids(text) if self.level == "char" else self._word_ids(symbols)
        if len(ids) and ids.min() < 0:
            self._refuse(symbols[int(ids.argmin())])
        return ids.astype(self.dtype)

    def decode(self, ids: Iterable[int] | Integer[np.ndarray, " n"]) -> str:
        """Turn ids back into text; words are joined by one blank."""
        symbols = [self.symbols[id_] for id_ in ids]
        if self.level == "char":
            return "".join(symbols)
        lines = " ".join(symbols).split(EOS)
        return "\n".join(line.strip() for line in lines)

    def save(self, path: str | Path) -> None:
        """Write the vocabulary to a JSON file that ``Vocab.load`` reads."""
        text = json.dumps(self.to_json(), ensure_ascii=False)
        write_atomically(Path(path), text)

    @classmethod
    def load(cls, path: str | Path) -> "Vocab":
        """Read a vocabulary that ``save`` wrote.

        Raises:
            ValueError: the file is not such a file.
        """
        try:
            return cls.from_json(json.loads(Path(path).read_text("utf-8")))
        except ValueError as error:
            raise ValueError(
                f"{path} is not a vocabulary file ({error}): give one that Vocab.save "
                "wrote."
            ) from None

    def to_json(self) -> dict[str, object]:
        """Return the vocabulary as what ``json.dumps`` takes."""
        return {"level": self.level, "symbols": list(self.symbols)}

    @classmethod
    def from_json(cls, data: Any) -> "Vocab":
        """Build the vocabulary that ``to_json`` described.

        Raises:
            ValueError: the data is something else.
        """
        match data:
            case {"level": "char" | "word" as level, "symbols": [*symbols]}:
                _check_symbols(symbols, level)
                return cls(tuple(symbols), level)
        raise ValueError("it lacks a level or a list of symbols")

    @property
    def _unknown(self) -> int:
        """The id of the unknown symbol, -1 if there is none."""
        return self.index.get(UNKNOWN[self.level], -1)

    def _word_ids(self, words: Sequence[str]) -> Int64[np.ndarray, " n"]:
        index, unknown = self.index, self._unknown
        ids = (index.get(word, unknown) for word in words)
        return np.fromiter(ids, np.int64, count=len(words))

    def _char_ids(self, text: str) -> Int64[np.ndarray, " n"]:
        """Look code points up in a table, much faster than one by one."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        table = np.full(max(map(ord, self.symbols)) + 2, self._unknown, np.int64)
        table[[ord(symbol) for symbol in self.symbols]] = range(len(self))
        return table[np.minimum(codes, len(table) - 1)]

    def _refuse(self, symbol: str) -> None:
        raise ValueError(
            f"The {self.level} {symbol!r} is not among the {len(self)} symbols of the "
            f"vocabulary, which has no {UNKNOWN[self.level]!r} to stand for it: leave "
            "it out, or build the vocabulary with min_count or max_size."
        )


def _check_symbols(symbols: list[Any], level: Level) -> None:
    for symbol in symbols:
        if not isinstance(symbol, str) or (level == "char" and len(symbol) != 1):
            raise ValueError(f"{str(symbol)[:40]!r} is no {level}")


def _kept_counts(
    counts: Mapping[str, int], unknown: str, max_size: int | None, min_count: int
) -> dict[str, int]:
    """Return the counts of the kept symbols, the rest summed under ``unknown``."""
    if min_count < 1:
        raise ValueError(f"min_count must be at least 1, got {min_count}.")
    if max_size is not None and max_size < 2:
        raise ValueError(f"max_size must be at least 2, got {max_size}.")
    frequent = (s for s, n in counts.items() if n >= min_count and s != unknown)
    ranked = sorted(frequent, key=lambda s: (-counts[s], s))
    others = len(ranked) < len(counts)
    if max_size is not None and len(ranked) + others > max_size:
        ranked = ranked[: max_size - 1]
    kept = {s: counts[s] for s in ranked}
    rest = sum(counts.values()) - sum(kept.values())
    return kept | ({unknown: rest} if rest else {})
