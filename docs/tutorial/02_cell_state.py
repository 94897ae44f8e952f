# %% [markdown]
# # The cell state: a path that no matrix multiplies
#
# A long short-term memory (Hochreiter and Schmidhuber, 1997) carries a second vector
# next to $h$, the **cell state** $c$. A step does not compute it again; it keeps a part
# and adds something:
#
# $$c_t = f_t \odot c_{t-1} + i_t \odot g_t \qquad h_t = o_t \odot \tanh(c_t)$$
#
# $f$, $i$ and $o$ are **gates**, numbers between 0 and 1, one for each unit; $g$ is
# what a step would like to add. No matrix stands between $c_{t-1}$ and $c_t$.
#
# ## How to read the symbols
#
# | here | elsewhere | PyTorch | what it is | the array |
# | --- | --- | --- | --- | --- |
# | $x_t$ | $x_t$ | `input` | the input of a step | `xs[t]` |
# | $h_t$ | $h_t$ | `output`, `h_n` | hidden state, the output of a step | `carry.h` |
# | $c_t$ | $C_t$ | `c_n` | cell state | `carry.c` |
# | $i, f, o$ | $i, f, o$ | $i, f, o$ | the gates | `gates.i`, `gates.f`, `gates.o` |
# | $g_t$ | $\tilde C_t$ | $g$ | candidate | `gates.g` |
# | $W_f, b_f$ | $W_f, b_f$ | in `weight_ih_l0` | weights of a gate | `w_ih[:, 1]` |
# | $\odot$ | $\cdot$ or $*$ | `*` | product number by number | `*` |
# | $W[h, x]$ | $W \cdot [h, x]$ | | matrix product | `h @ w_hh + x @ w_ih` |
#
# ## The equation, checked

# %%
import jax
import jax.numpy as jnp

import jlstm
from jlstm.analysis.gradients import gradients_by_lag, norms_by_lag

cell = jlstm.LSTMCell(hidden_size=64, forget_bias=3.0)
params = cell.init(jax.random.key(0), input_size=2)
xs = jax.random.normal(jax.random.key(1), (100, 2))

carry, (carries, gates) = jlstm.trace(cell, params, xs)
again = gates.f[1:] * carries.c[:-1] + gates.i[1:] * gates.g[1:]
difference = float(jnp.abs(again - carries.c[1:]).max())
print(f"the equation and the cell differ by {difference:.0e}")
print("shapes over time: c", carries.c.shape, "f", gates.f.shape)

# %% [markdown]
# Along $c$ the factor of a step is the forget gate, which the network sets itself:
#
# $$\frac{\partial c_T}{\partial c_s} \approx \prod_{t=s+1}^{T} f_t$$
#
# Approximately, as $c$ also acts through $h$ on the gates to come; how much that adds
# is measured below. With the recurrent weights at zero it is exact. Here the forget
# gates are $\sigma(3) = 0.953$:

# %%
still = params._replace(w_ih=0 * params.w_ih, w_hh=0 * params.w_hh)
direction = jnp.ones(64) / 8
forget = float(jax.nn.sigmoid(3.0))


def by_cell_state(params):
    return norms_by_lag(gradients_by_lag(cell, params, xs, direction)).c


alone = by_cell_state(still)
a_step = float((alone[81] / alone[1]) ** (1 / 80))
print(f"forget gate {forget:.4f}, measured factor of a step {a_step:.4f}")

# %% [markdown]
# With the weights as they are drawn, and next to the network of the [page
# before](01_recurrent_networks.py):

# %%
from jlstm.analysis.plots import LagCurve, plot_lags
from jlstm.initializers import HiddenUniform

plain = jlstm.RNNCell(64, w_hh_init=HiddenUniform())
plain_params = plain.init(jax.random.key(0), input_size=2)
plain_norms = norms_by_lag(gradients_by_lag(plain, plain_params, xs, direction)).h
lstm_norms = by_cell_state(params)
rnn, lstm = float(plain_norms[50]), float(lstm_norms[50])
print(f"50 steps back: RNN {rnn:.0e}, LSTM {lstm:.2f}")

gates_alone = jnp.cumprod(gates.f[:0:-1], axis=0)  # each unit's, the last step first
products = jnp.linalg.norm(gates_alone * direction, axis=1)

plot = plot_lags(
    {
        "gradient of the last output": {
            "tanh RNN, with respect to h": LagCurve(jax.device_get(plain_norms)),
            "LSTM, with respect to c": LagCurve(jax.device_get(lstm_norms), family=1),
            "product of its forget gates": LagCurve(
                jax.device_get(jnp.append(1.0, products)), family=2
            ),
        }
    }
)
plot

# %% [markdown]
# The measured curve of the LSTM does not fall with its forget gates: it rises. The way
# through $h$ gives back more than the gates forget:

# %%
product, measured = float(products[97]), float(lstm_norms[98])
print(
    f"98 steps back: product of the forget gates {product:.3f}, measured {measured:.1f}"
)

# %% [markdown]
# So this LSTM, untrained, *explodes*, if slowly. The forget gate sets how long the
# direct path lasts; that is what the [next page](03_forget_gate.py) is about. Nothing
# in an LSTM keeps the other path from growing. That is why its gradients are clipped in
# training, while those of the plain network were beyond help.
