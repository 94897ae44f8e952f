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
from jlstm.analysis.plots import plot_gates

ids = jnp.array([vocab.index[word] for word in words])
carries, gates = trace_top(model.top_layer_inputs(ids))
means = {name: np.asarray(getattr(gates, name)).mean(axis=1) for name in "ifo"}
print("word     input  forget  output")
for n, word in enumerate(words):
    print(f"{word:6}", *(f"{means[name][n]:7.2f}" for name in "ifo"))

every = np.stack([gates.i, gates.f, gates.o])
extreme = float(((every < 0.1) | (every > 0.9)).mean())
print(f"below 0.1 or above 0.9: {extreme:.0%} of all gates")

plot = plot_gates(gates._asdict(), words, carries.c)
plot

# %% [markdown]
# Averages over 96 units, so read them with care. In this sentence the **input gate**
# opens most for *cat* and *sat*; one sentence does not make a rule. The **forget gate**
# is lowest where one sentence ends and another begins, at `<eos>` and at the full stop:
# what was said is settled. It is highest at *the*, when the noun is still to come. An
# average of a half does not mean gates that are half open: in the plot units are
# open next to others that are shut, and each word has its own pattern.
#
# Does the cell state hold *the cat*, the one that acts? Here is a test that can fail.
# Two sentences differ in their subject only; three words later the model may say *his*
# or *her*. After the subject we exchange the cell states, and leave $h$ as it is:

# %%
man, _ = read(["<eos>", "the", "man"])
woman, _ = read(["<eos>", "the", "woman"])


def exchanged(carry, other):
    return tuple(a._replace(c=b.c) for a, b in zip(carry, other, strict=True))


states = {
    "the man": man,
    "the man, with the woman's c": exchanged(man, woman),
    "the woman": woman,
    "the woman, with the man's c": exchanged(woman, man),
}
her = {}
for name, carry in states.items():
    _, chances = read(["is", "holding"], carry)
    his_chance, her_chance = (chances[-1][vocab.index[w]] for w in ("his", "her"))
    her[name] = float(her_chance / (his_chance + her_chance))
    print(f"{name:28} is holding … her rather than his: {her[name]:.0%}")

# %% [markdown]
# The answer goes with the cell state, not with $h$: $c$ carries the subject past the
# words between. It does not do so strongly. After *the man is holding* this model still
# finds *her* likelier than *his*; it is small, and so is what it has read.
