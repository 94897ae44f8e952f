"""What tagged sentences hold: lengths, tags, examples."""

from jlstm.tasks.tagging.data import Data
from jlstm.training.overview import Overview, binned, counted, repeated, unbalanced

_FEW, _WORDS = 2, 12


def make_overview(data: Data) -> Overview:
    """Return the tags, the lengths and a few sentences."""
    parts = {name: part.words.tagged for name, part in data.parts.items()}
    tags = {
        name: [tag for some in part.tags for tag in some]
        for name, part in parts.items()
    }
    lengths = [len(some) for part in parts.values() for some in part.sentences]
    pairs = zip(data.train.words.tagged.sentences, data.train.words.tagged.tags,
                strict=True)  # fmt: skip
    return Overview(
        counts={name: len(part.sentences) for name, part in parts.items()},
        examples=[
            (f"sentence {n}", " ".join(f"{w}/{t}" for w, t in _start(*pair)))
            for n, pair in zip(range(1, _FEW + 1), pairs, strict=False)
        ],
        bars=[
            counted("tags", [tag for part in tags.values() for tag in part]),
            binned("words of a sentence", lengths),
        ],
        problems=[
            *unbalanced(tags),
            *repeated({name: part.sentences for name, part in parts.items()}),
        ],
    )


def _start(words: tuple[str, ...], tags: tuple[str, ...]) -> list[tuple[str, str]]:
    return [*zip(words, tags, strict=True)][:_WORDS]
