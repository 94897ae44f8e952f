# %% [markdown]
# # What gates learn to keep
#
# Nobody tells an LSTM what to remember. Karpathy, Johnson and Li (2016,
# arXiv:1506.02078) looked through the units of character models and found some that a
# reader can name: one was on inside quotes, another counted the depth of brackets. Here
# is the same search, in the model of `python3 dev.py demo`: one minute of training on
# the language reference of Python, prose with much code in it.

# %%
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jlstm.analysis.layer_inputs import trace_top
from jlstm.data.text import language_reference
from jlstm.tasks.language.export import load_model

here = Path.cwd()
root = next(p for p in (here, *here.parents) if (p / "experiments/limits").is_dir())
model, vocab = load_model(root / "docs/tutorial/weights/demo.npz")

text = language_reference()
text = text[-len(text) // 10 :]  # it was not trained on the last tenth
ids = vocab.encode(text)
carries, gates = jax.device_get(
    trace_top(model.top_layer_inputs(jnp.asarray(ids, jnp.int32)))
)
print(f"{model.config.title} reads {len(text):,} characters")

# %% [markdown]
# ## The search
#
# Where is the text between two quotation marks, or between two brackets? A unit that
# knows has higher values inside than outside. The measure is the area under the ROC
# curve: the chance that a character inside has the higher value when one inside and one
# outside are drawn; 0.5 says nothing, and 1 is perfect.
#
# Of 192 units the best will look good by luck. So the unit is chosen on the first half
# of the text, and judged on the second.


# %%
def inside(text, opening, closing):
    """Whether each character stands behind an opening sign that is not closed."""
    found, is_open = np.zeros(len(text), bool), False
    for n, sign in enumerate(text):
        if sign == closing and is_open:
            is_open = False
        elif sign == opening or text[n - 1 : n + 1] == "\n\n":  # a new paragraph
            is_open = sign == opening
        found[n] = is_open
    return found


def area(values, where):
    """Return the area under the ROC curve of each column."""
    ranks = values.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    ones = where.sum()
    least = ones * (ones - 1) / 2
    return (ranks[where].sum(axis=0) - least) / (ones * (len(where) - ones))


half = len(text) // 2
chosen, areas = {}, {}
for name in ('""', "[]", "()"):
    where = inside(text, *name)
    first, second = where[:half], where[half:]
    unit = int(area(carries.h[:half], first).argmax())
    by_unit = float(area(carries.h[half:, [unit]], second)[0])

    # What a look at the character alone says, without any memory.
    share = np.bincount(ids[:half], first) / np.maximum(np.bincount(ids[:half]), 1)
    share = np.pad(share, (0, len(vocab)))[: len(vocab)]
    by_sign = float(area(share[ids[half:], None], second)[0])

    chosen[name], areas[name] = unit, (by_unit, by_sign)
    print(f"{name}  unit {unit}: {by_unit:.2f}, the character alone {by_sign:.2f}")

# %% [markdown]
# There is a unit for quotes, and it is the one for square brackets too. For round
# brackets there is none: the best of 192 is hardly better than a look at the character
# itself. A bracket in prose soon closes, and what comes next depends little on it; a
# quote in this text begins code, and everything is different in code.
#
# ## What the unit does
#
# The text, each character shaded by $h$ of that unit:

# %%
from jlstm.analysis.plots import plot_text

unit = chosen['""']
start = text.index("An example of dictionary view usage")
start = text.rindex("\n\n", 0, start - 2) + 2
part = slice(start, start + 1000)
plot = plot_text(text[part], carries.h[part, unit], limits=(0.0, 1.0))
plot

# %% [markdown]
# It is on in quoted signs and names, off in the prose around them; on in code, and off
# in a comment within the code. Its name is *this is code* rather than *inside quotes*:
# the search found what we asked for, and only a look at the text says what it is.
#
# ## How it does it
#
# Its gates, where a quote opens, inside, and elsewhere:

# %%
quoted = inside(text, *'""')
opens = quoted & ~np.roll(quoted, 1)
places = {"opening": opens, "inside": quoted & ~opens, "elsewhere": ~quoted}
kept = {}
print("           input gate  forget gate      c")
for name, where in places.items():
    i, f = gates.i[where, unit].mean(), gates.f[where, unit].mean()
    kept[name] = (float(i), float(f))
    print(f"{name:10} {i:11.2f} {f:12.2f} {carries.c[where, unit].mean():6.2f}")

# %% [markdown]
# That is the notebook of a single fact. At the sign that opens a quote the **input
# gate** opens and the unit is written; inside the **forget gate** is nearly 1, and it
# is kept, with nothing in the weights that says for how long; elsewhere the gate is
# lower, and what is left of it fades.
#
# A name for a unit is a description, no proof. Most of the 192 have none that we could
# find, and what the model knows of a sentence is spread over many.
