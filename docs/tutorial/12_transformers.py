# %% [markdown]
# # Transformers and the parallel cells
#
# A Transformer (Vaswani et al., 2017) has no carry. Each step looks at all steps before
# it, so all of them are computed at once, and the way from one to any other is one step
# long. The price: $T$ steps are $T^2$ pairs. Here both read the same random sequence;
# the Transformer is made with Flax's attention.

# %%
import jax
import jax.numpy as jnp
from flax import nnx

import jlstm
from jlstm.nnx.transformer import Transformer, TransformerConfig

config = TransformerConfig(num_layers=1, width=64, num_heads=4)
transformer = Transformer(64, config, rngs=nnx.Rngs(0))
xs = jax.random.normal(jax.random.key(0), (50, 2, 64))  # time, batch, features
changed = xs.at[30].set(0.0)


def moved(function):
    """Return the first and the last step whose output another input 30 changes."""
    different = jnp.abs(function(changed) - function(xs)).max(axis=(1, 2)) > 1e-7
    steps = jnp.flatnonzero(different)
    return int(steps[0]), int(steps[-1])


cell = jlstm.LSTMCell(64)
params = cell.init(jax.random.key(1), input_size=64)
attend = jax.jit(lambda xs: transformer(xs))
print("Transformer, changed from and to:", moved(attend))
print("LSTM, changed from and to:", moved(lambda xs: jlstm.unroll(cell, params, xs)[1]))

# %% [markdown]
# Neither sees the future. What was read at a time is in the keys and values of the one,
# and in the carry of the other. How far the way back is, the gradient says: of the last
# output, with respect to the input so many steps before.

# %%
from jlstm.analysis.plots import LagCurve, plot_lags

direction = jax.random.normal(jax.random.key(3), (64,))


def reach(function):
    """Return the norm of the last output's gradient by the input at each lag."""
    slope = jax.jit(jax.grad(lambda xs: (function(xs)[-1] * direction).sum()))(xs)
    return jax.device_get(jnp.linalg.norm(slope, axis=(1, 2))[::-1])


attention_reach = reach(lambda xs: transformer(xs))
lstm_reach = reach(lambda xs: jlstm.unroll(cell, params, xs)[1])
for name, norms in (("Transformer", attention_reach), ("LSTM", lstm_reach)):
    print(f"{name:11} 1 step back {norms[1]:.0e}, 40 steps back {norms[40]:.0e}")

reach_plot = plot_lags(
    {
        "gradient with respect to the input": {
            "Transformer": LagCurve(attention_reach),
            "LSTM, forget bias 1": LagCurve(lstm_reach, family=2),
        }
    }
)
reach_plot

# %% [markdown]
# Untrained, attention reaches every earlier step alike: one step, however far. The way
# through the LSTM fades with the lag.
#
# ## Gates that do not look back
#
# The loop is sequential because the gates read $h_{t-1}$. A cell whose gates read the
# input alone is linear in its state,
#
# $$h_t = a_t \odot h_{t-1} + b_t,$$
#
# and such steps can be joined: two of them are one of the same kind. So $T$ steps take
# $\log_2 T$ rounds of `jax.lax.associative_scan` instead of $T$ turns of a loop.
# minLSTM and minGRU (Feng et al., 2024) and LRU (Orvieto et al., 2023) are made so.
# jlstm runs them either way, with the same result:

# %%
linear = jlstm.MinLSTMCell(64)
linear_params = linear.init(jax.random.key(2), input_size=64)
_, in_turns = jlstm.unroll(linear, linear_params, xs, backend="scan")
_, at_once = jlstm.unroll(linear, linear_params, xs, backend="parallel")
print("in turns and at once differ by", float(jnp.abs(in_turns - at_once).max()))
print(jlstm.explain(linear, xs=xs))

# %% [markdown]
# ## What it costs
#
# Measured by `experiments/limits/sequential.py` on two CPU cores: one sequence, about
# 130 000 parameters each, forward and backward. The numbers are read from its file.

# %%
import json
from pathlib import Path

from jlstm.analysis.plots.points import plot_points

here = Path.cwd()
root = next(p for p in (here, *here.parents) if (p / "experiments").is_dir())
lines = (root / "experiments/limits/sequential.jsonl").read_text().splitlines()
rows = [row for row in map(json.loads, lines) if row.get("ms")]
names = ("LSTM", "LSTM, plain loop", "minLSTM", "Transformer")
curves = {
    name: [(row["x"], row["ms"]) for row in rows if row["name"] == name]
    for name in names
}
grows = {
    name: dict(points)[4096] / dict(points)[512] for name, points in curves.items()
}
for name, factor in grows.items():
    print(f"{name:17} eight times the steps take {factor:5.0f} times as long")

plot = plot_points(curves, x_label="steps", y_label="ms", log_y=True)
plot

# %% [markdown]
# On a CPU, where nothing is idle, the sequential loop is no disadvantage. Eight times
# the steps are 64 times the pairs, and the Transformer takes even more than that. Where
# does it come from?

# %%
doublings = {}
for name in ("LSTM", "Transformer"):
    times = dict(curves[name])
    doublings[name] = [times[2 * x] / times[x] for x in (512, 1024, 2048)]
    print(
        f"{name:11} at each doubling from 512 on:",
        *(f"{r:.1f}" for r in doublings[name]),
    )

megabytes = {r["x"]: r["bytes"] / 1e6 for r in rows if r["name"] == "Transformer"}
print(
    f"memory of a step: {megabytes[512]:.0f} MB at 512, {megabytes[1024]:.0f} at 1024"
)

# %% [markdown]
# A square is 4 at each doubling, and so are the later ones. The first is 7: between 512
# and 1 024 steps what attention keeps grows from 20 to 73 MB, which no longer fits the
# processor's cache. That is the likely reason; it was not measured by itself. On a GPU
# the opposite is expected up to lengths of thousands: a step of an LSTM is too little
# work to fill it, and large language models are Transformers. That was not measured
# here. Both are compared on one text at equal parameters in [the
# limits](../../experiments/limits/README.md).
