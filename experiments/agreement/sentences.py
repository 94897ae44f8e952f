"""Sentences whose verb agrees with a subject far before it; nothing else tells.

    the cats , which the dog near the birds chased , jump .

The clause has nouns of its own, each singular or plural by the toss of a coin, and a
verb in the past, which is the same for both. So only the subject says which form the
last verb has, and it stands ``3 n + 4`` words before it, where n nouns are in the
clause.

Source of the question: T. Linzen, E. Dupoux and Y. Goldberg, "Assessing the Ability of
LSTMs to Learn Syntax-Sensitive Dependencies", 2016 (arXiv:1611.01368).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

NOUNS = ("cat", "dog", "bird", "girl", "boy", "horse", "hen", "duck")
VERBS = ("jump", "run", "sleep", "sing")
WORDS = (
    *(".", "the", ",", "which"),
    *(noun + end for noun in NOUNS for end in ("", "s")),
    *(verb + end for verb in VERBS for end in ("s", "")),
    *("near", "behind", "above", "below"),
    *("chased", "saw", "heard", "followed"),
)
STOP, THE, COMMA, WHICH = range(4)
NOUN, VERB = WORDS.index("cat"), WORDS.index("jumps")
PLACE, PAST = WORDS.index("near"), WORDS.index("chased")


class Sentences(NamedTuple):
    """A batch of them, time first.

    Attributes:
        words: numbers of :data:`WORDS`; after the end there are full stops.
        verb: at which step of each the verb stands that is asked for.
        plural: 1 where subject and verb are plural.
    """

    words: Int[Array, "t b"]
    verb: Int[Array, " b"]
    plural: Int[Array, " b"]


def steps_of(nouns: int) -> int:
    """Return the words of a sentence with so many nouns in its clause.

    Example:
        >>> steps_of(0), steps_of(2)
        (4, 13)
    """
    return 4 if nouns == 0 else 7 + 3 * nouns


def draw(
    key: Array, nouns: Int[Array, " b"], longest: int, *, opposed: bool = False
) -> Sentences:
    """Draw one sentence for each number of nouns in the clause; 0 is no clause.

    Args:
        key: a random key.
        nouns: how many nouns are in the clause of each.
        longest: the largest of these numbers, which sets how many steps there are.
        opposed: give every noun of the clause the number that the subject has not.

    Example:
        >>> made = draw(jax.random.key(1), jnp.array([1]), longest=1)
        >>> " ".join(WORDS[n] for n in made.words[:, 0])
        'the ducks , which the cat followed , sing .'
    """
    keys = jax.random.split(key, 6)
    size = (steps_of(longest), len(nouns))
    step = jnp.arange(size[0])[:, None]
    plural = jax.random.randint(keys[0], size[1:], 0, 2)
    numbers = jax.random.randint(keys[1], size, 0, 2)
    numbers = jnp.where(opposed, 1 - plural, numbers)
    verb = jnp.where(nouns > 0, 5 + 3 * nouns, 2)
    noun = NOUN + 2 * jax.random.randint(keys[2], size, 0, len(NOUNS))
    place = PLACE + jax.random.randint(keys[3], size, 0, 4)
    past = PAST + jax.random.randint(keys[4], size, 0, 4)
    main = VERB + 2 * jax.random.randint(keys[5], size, 0, len(VERBS)) + plural
    clause = jnp.stack(
        [jnp.where(step == 3, WHICH, place), 0 * noun + THE, noun + numbers]
    )
    words = jnp.take_along_axis(clause, (step % 3 + 0 * place)[None], axis=0)[0]
    words = jnp.where(step == 0, THE, words)
    words = jnp.where(step == 1, noun + plural, words)
    words = jnp.where((step == 2) | (step == verb - 1) & (step > 1), COMMA, words)
    words = jnp.where((step == verb - 2) & (step > 1), past, words)
    words = jnp.where(step == verb, main, words)
    return Sentences(jnp.where(step > verb, STOP, words), verb, plural)
