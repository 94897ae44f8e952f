# %% [markdown]
# # The output gate: what to show
#
# $$o_t = \sigma(W_o\,[h_{t-1}, x_t] + b_o) \qquad h_t = o_t \odot \tanh(c_t)$$
#
# The cell state may hold something long before it matters. The **output gate** decides
# at each step what of it becomes the hidden state $h$, which the next layer sees and
# which the gates of the next step see. By hand: a unit that holds a value and shows it
# only when it is asked.

# %%
import jax.numpy as jnp
import numpy as np

import jlstm

np.set_printoptions(precision=2, suppress=True)

cell = jlstm.LSTMCell(hidden_size=1, forget_bias=0.0)
i, f, g, o = range(4)
w_ih = jnp.zeros((3, 4, 1)).at[0, g].set(1.0).at[1, i].set(20.0).at[2, o].set(20.0)
b = jnp.zeros((4, 1)).at[f, 0].set(10.0).at[jnp.array([i, o]), 0].set(-10.0)
params = jlstm.LSTMParams(w_ih, jnp.zeros((1, 4, 1)), b)

values = jnp.array([0.2, 1.5, -0.6, 0.1, 0.9, -0.3, 0.4])
store = jnp.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
ask = jnp.array([0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0])
xs = jnp.stack([values, store, ask], axis=1)
_, (carries, gates) = jlstm.trace(cell, params, xs)
print("cell state  ", np.asarray(carries.c[:, 0]))
print("output gate ", np.asarray(gates.o[:, 0]))
print("hidden state", np.asarray(carries.h[:, 0]))

# %% [markdown]
# The cell state holds $\tanh(1.5) = 0.91$ from the second step on; $h$ is zero until
# the fifth, which asks, and then $\tanh(0.91) = 0.72$.
#
# An error at the end of a sequence reaches the stored value through $c$. In the steps
# between, the shut output gate keeps the rest of the network from reading the value,
# and the shut input gate keeps the inputs from spoiling it. What each part of an LSTM
# is worth, measured by leaving it out, stands in
# [experiments/odyssey](../../experiments/odyssey/README.md).

# %%
from jlstm.analysis.plots import plot_steps

labels = ["·", "store", "·", "·", "ask", "·", "ask"]
shown = {
    "input gate": gates.i,
    "cell state": carries.c,
    "output gate": gates.o,
    "hidden state": carries.h,
}
plot = plot_steps({name: {"": v[:, 0]} for name, v in shown.items()}, labels)
plot

# %% [markdown]
# Is it the input gate that protects the value? Hold it open and see. The output gate
# stays as it is, and what is shown is no longer what was stored:

# %%
held_open = params._replace(b=params.b.at[i, 0].set(10.0))
_, (spoiled, _) = jlstm.trace(cell, held_open, xs)
print("cell state  ", np.asarray(spoiled.c[:, 0]))
print("hidden state", np.asarray(spoiled.h[:, 0]))
