"""BLEU and chrF by sacrebleu; BLEU in two ways that are never compared to each other.

``words`` is BLEU of lower-cased words as the model writes them, against references cut
the same way: what papers on Multi30k call tokenized BLEU. ``detokenized`` is that of
running text against the references as they are, cut by sacrebleu, capitals ignored if
the model knows none.
"""

from collections.abc import Sequence
from typing import NamedTuple

from jlstm.data.tokenize import detokenize
from jlstm.data.words import Words


class Bleu(NamedTuple):
    """Scores from 0 to 100, and how they were computed.

    Attributes:
        words: of words as the model writes them.
        detokenized: of running text.
        chrf: chrF2 of running text: letters in place of words.
        signature: of ``detokenized``, sacrebleu's own.
    """

    words: float
    detokenized: float
    chrf: float
    signature: str


def score(
    written: Sequence[Words],
    reference_words: Sequence[Words],
    references: Sequence[str],
    language: str,
    lowercase: bool,
) -> Bleu:
    """Return the BLEU of translations.

    Args:
        written: words of each translation.
        reference_words: words of each reference.
        references: the references as running text.
        language: of both, for putting words together.
        lowercase: whether the model writes small letters only.
    """
    from sacrebleu.metrics import BLEU, CHRF

    as_words = BLEU(tokenize="none", force=True)
    words = as_words.corpus_score(
        [" ".join(words) for words in written],
        [[" ".join(words) for words in reference_words]],
    )
    as_text = BLEU(lowercase=lowercase)
    texts, wanted = [detokenize(own, language) for own in written], [list(references)]
    text = as_text.corpus_score(texts, wanted)
    chrf = CHRF(lowercase=lowercase).corpus_score(texts, wanted)
    return Bleu(words.score, text.score, chrf.score, str(as_text.get_signature()))
