# %% [markdown]
# # Cost, data, one step after the other, and very long texts
#
# What an LSTM is not good at, measured. The plots of data and of very long texts are
# made by scripts of `experiments/limits`, which train for some minutes each; this page
# reads their files.
#
# ## Cost
#
# Four affine maps where a plain network has one: four times the parameters and the
# work.

# %%
import jax

import jlstm


def parameters(cell):
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), 256))
    return sum(leaf.size for leaf in jax.tree.leaves(params))


plain = parameters(jlstm.RNNCell(256))
relative = {
    cell.__name__: parameters(cell(256)) / plain
    for cell in (jlstm.RNNCell, jlstm.GRUCell, jlstm.LSTMCell)
}
print({name: round(factor, 2) for name, factor in relative.items()})

# %% [markdown]
# ## Data
#
# The first 1/256, 1/128, … of tiny Shakespeare: an LSTM, a Transformer of as many
# parameters, and an n-gram model, which only counts.

# %%
import json
from pathlib import Path

from jlstm.analysis.plots.points import plot_points

here = Path.cwd()
root = next(p for p in (here, *here.parents) if (p / "experiments").is_dir())


def curves_of(name, value):
    """Return the points of a script of experiments/limits, by what they are of."""
    text = (root / "experiments" / "limits" / f"{name}.jsonl").read_text()
    curves = {}
    for row in map(json.loads, text.splitlines()):
        if row.get(value) is not None:
            curves.setdefault(row["name"], []).append((row["x"], row[value]))
    return curves


hunger = curves_of("data_hunger", "nats")
ends = {name: (min(points), max(points)) for name, points in hunger.items()}
for name, ((least, worst), (most, best)) in ends.items():
    print(f"{name:12} {worst:.2f} nats from {least:,}, {best:.2f} from {most:,}")

data_plot = plot_points(
    hunger, x_label="characters to train on", y_label="nats per character"
)
data_plot

# %% [markdown]
# Hungry for data? From a page of text (4 000 characters) counting is better. From 8 000
# on the LSTM is ahead of it, and of a Transformer of its size everywhere. With each
# doubling it gains, to the end of the text: nothing flattens, and that is the hunger.
# At a million characters counting is ahead again, because every point here had at most
# 1 500 updates, three passes over that text. Trained on, the LSTM comes to 1.56
# ([results](../results.md), `char_shakespeare`).

# %%
by_size = {name: dict(points) for name, points in hunger.items()}
ahead = [x for x, nats in by_size["LSTM"].items() if nats < by_size["n-gram"][x]]
print(f"the LSTM is ahead of counting from {min(ahead):,} to {max(ahead):,} characters")

# %% [markdown]
# ## A clause between subject and verb
#
# *The cat, which was sitting on the mat, jumped*: would a plain RNN still know what
# jumped? [experiments/agreement](../../experiments/agreement/README.md) asks for *jump*
# or *jumps* after a clause whose nouns have numbers of their own, so that only the
# subject tells. Three seeds each, trained on clauses of up to eight nouns:

# %%
path = root / "experiments/agreement/agreement.jsonl"
agreement = {}
for row in map(json.loads, path.read_text().splitlines()):
    agreement.setdefault(row["name"], {})[row["x"]] = row["percent"]
for name, by_nouns in agreement.items():
    asked = ", ".join(f"{n} nouns {by_nouns[n]:.0f} %" for n in (1, 4, 8, 16))
    print(f"{name:23} {asked}")

agreement_plot = plot_points(
    {
        name: [(n, percent) for n, percent in by_nouns.items() if n]
        for name, by_nouns in agreement.items()
    },
    x_label="nouns in the clause",
    y_label="verbs that agree (%)",
    baseline=("a guess", 50.0),
)
agreement_plot

# %% [markdown]
# It would. The tanh RNN with an orthogonal start agrees in every sentence, also after
# clauses twice as long as those of its training, and so do GRU and LSTM; the
# Transformer misses 4 % of the longest. With the small weights of the first page one
# seed in three never learns it. One bit over fifty words does not need gates. Two
# numbers, kept exactly, are another matter ([GRU and other
# variants](10_gru_and_variants.py)).
#
# ## One step after the other
#
# A step needs the one before, so a long sequence cannot be spread over many processors.
# The parallel cells and Transformers can: [next page](12_transformers.py).
#
# ## Very long texts
#
# How much does a character model gain from what lies further back? Each model predicts
# the same characters after it has read the $T$ characters before them:

# %%
reach = curves_of("very_long", "nats")


def gain(points, near, far):
    return dict(points)[near] - dict(points)[far]


for name, points in reach.items():
    near, far = gain(points, 16, 128), gain(points, 128, 1024)
    print(f"{name:27} to 128 characters {near:+.3f} nats, to 1024 {far:+.3f}")

reach_plot = plot_points(
    reach, x_label="characters read before", y_label="nats per character", highest=2.1
)
reach_plot

# %% [markdown]
# What lies more than a few dozen characters back makes no difference to models of this
# size, though the state has room for it: nothing has taught them to keep it. Beyond the
# windows that it was trained on the Transformer leaves the plot: it has never seen
# such positions.
