r"""Cutting running text into words, and putting it together again.

The words are those of Moses' tokenizer in the common cases: punctuation stands alone,
numbers with points and hyphenated words stay whole, and an elision is cut where its
language cuts it: English ``it | 's``, French ``l' | homme``.
"""

import re
from collections.abc import Sequence

_CORE = r"\d+(?:[.,:]\d+)+|\w+(?:[-‐]\w+)*"
_OTHER = r"[^\w\s]"
_WORDS = {
    "en": re.compile(rf"(?<=\w)['’]\w+|{_CORE}|{_OTHER}"),
    "de": re.compile(rf"{_CORE}|{_OTHER}"),
    "fr": re.compile(rf"\w+['’](?=\w)|{_CORE}|{_OTHER}"),
}
_NO_SPACE_BEFORE = re.compile(r" +([.,;:!?)\]}%…])")
_NO_SPACE_AFTER = re.compile(r"([(\[{]) +")
_ELISION = {
    "en": (re.compile(r"(?<=\w) (?=['’]\w)"), ""),
    "de": (re.compile(r"(?!)"), ""),
    "fr": (re.compile(r"(?<=\w)(['’]) (?=\w)"), r"\1"),
}
_QUOTED = re.compile(r'" ([^"]*) "')


def tokenize(text: str, language: str, lowercase: bool = True) -> tuple[str, ...]:
    """Cut a sentence into words.

    Args:
        text: the sentence.
        language: ``"en"``, ``"de"`` or ``"fr"``.
        lowercase: turn capital letters into small ones.

    Raises:
        ValueError: the language is another one.

    Example:
        >>> tokenize("It's a well-known fact: 1,000 men.", "en")
        ('it', "'s", 'a', 'well-known', 'fact', ':', '1,000', 'men', '.')
        >>> tokenize("L'homme est là.", "fr")
        ("l'", 'homme', 'est', 'là', '.')
    """
    _check(language)
    return tuple(_WORDS[language].findall(text.lower() if lowercase else text))


def detokenize(words: Sequence[str], language: str) -> str:
    r"""Join words as running text has them.

    What two tokens stood together for is lost, so this is a guess where a sign may
    belong to both sides: right for full stops, commas, brackets, elisions, and for
    straight double quotes in pairs.

    Raises:
        ValueError: the language is not one of ``tokenize``.

    Example:
        >>> detokenize(("it", "'s", "a", '"', "fact", '"', "(", "here", ")", "."), "en")
        'it\'s a "fact" (here).'
    """
    _check(language)
    text = _NO_SPACE_BEFORE.sub(r"\1", " ".join(words))
    pattern, kept = _ELISION[language]
    return _QUOTED.sub(r'"\1"', pattern.sub(kept, _NO_SPACE_AFTER.sub(r"\1", text)))


def _check(language: str) -> None:
    if language not in _WORDS:
        raise ValueError(
            f"language must be one of {', '.join(_WORDS)}, got {language!r}."
        )
