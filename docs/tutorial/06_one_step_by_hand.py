# %% [markdown]
# # One step by hand
#
# The four pages before set every weight by hand. Here they are learned: a language
# model has read 29,000 captions of photographs, and says after each word what may come
# next. It reads *the cat sat on the mat*.
#
# The model is that of `jlstm run experiment=captions_cpu`, three
# minutes of training; its weights lie in a file of 0.7 MB next to this page.

# %%
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jlstm.tasks.language.export import load_model
from jlstm.tasks.language.model import generate_tokens

here = Path.cwd()
root = next(p for p in (here, *here.parents) if (p / "experiments/limits").is_dir())
weights = root / "docs/tutorial/weights"
model, vocab = load_model(weights / "captions_cpu.npz")
print(model.config.title, f"- {len(vocab):,} words")

# %% [markdown]
# A step takes the vector $x$ of one word and what the step before left, $h$ and
# $c$:
#
# $$z = x W_{ih} + h W_{hh} + b \qquad i, f, o = \sigma(z_i, z_f, z_o) \qquad g =
# \tanh(z_g)$$
#
# $$c' = f \odot c + i \odot g \qquad h' = o \odot \tanh(c')$$
#
# In numpy, from the end of the sentence before, `<eos>`, to the third word:

# %%
params = jax.device_get(model.layer_params()[0])
table = jax.device_get(model.table.embedding[...])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(word, h, c):
    x = table[vocab.index[word]]
    z = np.einsum("x,xgh->gh", x, params.w_ih) + np.einsum("k,kgh->gh", h, params.w_hh)
    zi, zf, zg, zo = z + params.b
    i, f, g, o = sigmoid(zi), sigmoid(zf), np.tanh(zg), sigmoid(zo)
    c = f * c + i * g
    return o * np.tanh(c), c


h = c = np.zeros(96)
for word in ["<eos>", "the", "cat", "sat"]:
    h, c = step(word, h, c)

# %% [markdown]
# The same by the model, which says what it expects next as well:

# %%
words = ["<eos>", "the", "cat", "sat", "on", "the", "mat", "."]


def read(words, carry=None):
    ids = jnp.array([vocab.index[word] for word in words])
    carry, logits = model(ids, carry)
    return carry, np.asarray(jax.nn.softmax(logits))


carry, _ = read(words[:4])
difference = float(np.abs(carry[0].c - c).max())
print(f"by hand and by the model, c differs by {difference:.0e}")

_, sentence = read(words)
for word, row in zip(words, sentence, strict=True):
    best = np.argsort(-row)[:4]
    print(f"{word:>6} →", ", ".join(f"{vocab.symbols[n]} {row[n]:.0%}" for n in best))

# %% [markdown]
# After *sat* it expects *on*, *in* or *down*, though it has met that word three times
# in all; *sits* and *sitting* it knows well. After *mat* the sentence may end, and
# after the full stop it has ended.
#
# What did the gates do?

# %%
from jlstm.analysis.layer_inputs import trace_top
from jlstm.analysis.plots import plot_dots, plot_steps

ids = jnp.array([vocab.index[word] for word in words])
carries, gates = trace_top(model.top_layer_inputs(ids))
means = {name: np.asarray(getattr(gates, name)).mean(axis=1) for name in "ifo"}
print("word     input  forget  output")
for n, word in enumerate(words):
    print(f"{word:6}", *(f"{means[name][n]:7.2f}" for name in "ifo"))

every = np.stack([gates.i, gates.f, gates.o])
extreme = float(((every < 0.1) | (every > 0.9)).mean())
print(f"below 0.1 or above 0.9: {extreme:.0%} of all gates")

# %% [markdown]
# Averages over 96 units, and an average of a half does not mean gates that are half
# open. Three units, those whose cell state moves most over this sentence:

# %%
most = np.argsort(-np.ptp(carries.c, axis=0))[:3]


def by_unit(values):
    return {f"unit {n}": values[:, n] for n in most}


plot = plot_steps({"cell state": by_unit(carries.c), "forget": by_unit(gates.f)}, words)
plot

# %% [markdown]
# Two of them keep most of what they have at every word and add to it, up or down. The
# third lets go of it almost at once, except around the verb.
#
# ## What the gates do at which word
#
# One sentence does not make a rule. The model can write its own: it draws a word from
# what it expects, reads that word, and goes on. Some hundred captions, of which the
# first three:

# %%
start = jnp.full((1, 64), vocab.index["<eos>"])
captions = jnp.concatenate(
    [start, generate_tokens(model, start, 80, jax.random.key(0))]
)
for column in np.asarray(captions[1:, :3]).T:
    written = " ".join(vocab.symbols[n] for n in column)
    print(written.split(" <eos>")[0])

_, met = trace_top(model.top_layer_inputs(captions))
input_gate, forget_gate = (np.asarray(gate).mean(axis=-1) for gate in (met.i, met.f))
asked = "red white black a the his water shirt in on with man woman sitting holding"
gate_means = {}
for word in [*asked.split(), ".", "<eos>"]:
    here = np.asarray(captions) == vocab.index[word]
    gate_means[word] = float(forget_gate[here].mean()), float(input_gate[here].mean())

ordered = dict(sorted(gate_means.items(), key=lambda pair: -pair[1][0]))
dots = plot_dots(
    {word: [forget] for word, (forget, _) in ordered.items()},
    {word: written for word, (_, written) in ordered.items()},
    label="mean gate: forget as a ring, input as a bar",
)
dots

# %% [markdown]
# The **forget gate** is highest at colors and articles, where a noun is still to come:
# it holds until the noun has been read. It is lowest where one sentence ends and
# another begins, at the full stop and at `<eos>`: what was said is settled. The **input
# gate** opens most for actions, *holding* and *sitting*, then for *with* and for those
# who act; *shirt* and *water* get no more than an article does.
#
# ## Where the subject is
#
# Does the cell state hold *the cat*, the one that acts? Here is a test that can fail.
# Two sentences differ in their subject only; three words later the model may say *his*
# or *her*. After the subject we exchange the cell states, and leave $h$ as it is:


# %%
def exchanged(carry, other):
    return tuple(a._replace(c=b.c) for a, b in zip(carry, other, strict=True))


def chance(carry, words, one, other):
    """Return how likely ``other`` is rather than ``one`` after more words."""
    ids = jnp.array([[vocab.index[word]] * len(carry[0].c) for word in words])
    logits = model(ids, carry)[1][-1]
    return np.asarray(jax.nn.sigmoid(logits[:, other] - logits[:, one]))


def subjects(nouns):
    """Return the carries after *the* and each of the nouns, side by side."""
    ids = [[vocab.index[word]] * len(nouns) for word in ("<eos>", "the")]
    return model(jnp.array([*ids, [vocab.index[noun] for noun in nouns]]))[0]


def by_state(nouns, others, words, forms):
    """Return the chance of the second form after each noun, own c and exchanged."""
    pair = [vocab.index[form] for form in forms]
    own, other = subjects(nouns), subjects(others)
    states = (own, exchanged(own, other), other, exchanged(other, own))
    return np.array([chance(state, words, *pair) for state in states])


males = ["man", "boy", "guy", "men", "boys", "father", "gentleman"]
females = ["woman", "girl", "lady", "women", "girls", "mother", "lady"]
her = by_state(males, females, ["is", "holding"], ("his", "her"))
names = "the man", "the man, with the woman's c", "the woman", "the woman, the man's c"
for name, share in zip(names, her[:, 0], strict=True):
    print(f"{name:28} is holding … her rather than his: {share:.0%}")

# %% [markdown]
# The answer goes with the cell state, not with $h$. One pair is an anecdote, so here
# are seven, each with five continuations. How often does the exchanged state answer
# more like the one that its $c$ is from than like the one that its $h$ is from?

# %%
continuations = (
    "is holding",
    "is wearing",
    "is standing with",
    "is sitting on",
    "in a shirt is holding",
)
follows_c = 0
for text in continuations:
    own, with_c, other, back = by_state(males, females, text.split(), ("his", "her"))
    middle = (own + other) / 2
    follows_c += int(((with_c > middle) == (other > middle)).sum())
    follows_c += int(((back > middle) == (own > middle)).sum())
print(f"the answer follows c in {follows_c} of {2 * len(males) * len(continuations)}")

# %% [markdown]
# Always. But it is not so for all that the network knows. Whether the subject was one
# or many decides between *is* and *are*:

# %%
singular, plural = ["man", "boy", "dog", "girl"], ["men", "boys", "dogs", "girls"]
are = by_state(singular, plural, ["in", "a", "park"], ("is", "are"))
print("are rather than is, after … in a park")
for noun, one, with_c, many, back in zip(singular, *are, strict=True):
    print(f"{noun:5} {one:4.0%}, with the plural's c {with_c:4.0%}", end="")
    print(f" | plural {many:4.0%}, with the singular's c {back:4.0%}")

# %% [markdown]
# Here $c$ alone does not decide: it brings a fifth where the plural itself has more
# than a half, and the plural's $h$ alone brings a twentieth. The number of the subject
# is in both, more of it in $c$, and only together do they give the answer. *The cell
# state is the memory* is how an LSTM is built; what a trained one keeps where must be
# measured.
# Nor is it strong: after *the man is holding* this model finds *her* likelier than
# *his*. It is small, and so is what it has read.
#
# The sentence of the introductions, *the cat, which was sitting on the mat, jumped*, is
# measured with models that learn nothing else on the [page of the
# limits](11_limits.py).
