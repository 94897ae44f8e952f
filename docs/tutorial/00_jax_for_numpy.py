# %% [markdown]
# # JAX for readers of numpy
#
# This tutorial is for those who know numpy. JAX looks the same and differs in six
# things, which the pages use all the time. Each is a few lines here, next to its
# numpy. After this page you can read every code cell of the tutorial.
#
# ## Arrays do not change
#
# `jax.numpy` has the functions of numpy. An array cannot be written to; `.at[...]`
# makes a new one with a part of it changed, and leaves the old one as it was:

# %%
import jax
import jax.numpy as jnp
import numpy as np

ours = np.zeros((2, 3))
ours[0, 1] = 5.0

zeros = jnp.zeros((2, 3))
theirs = zeros.at[0, 1].set(5.0)
print("numpy, changed:", ours[0], " JAX, a new one:", theirs[0], " the old:", zeros[0])

# %% [markdown]
# ## Random numbers have a key
#
# numpy's generator has a state that each draw changes. JAX has a **key**, which you
# hand over. The same key gives the same numbers, so a key is used once and split for
# more:

# %%
key = jax.random.key(0)
first, second = jax.random.split(key)
once, again = jax.random.normal(first, (2,)), jax.random.normal(first, (2,))
other = jax.random.normal(second, (2,))
print("one key, twice:", once, again, " another:", other)

# %% [markdown]
# ## Parameters are trees of arrays
#
# The weights of a cell are a tuple with names, and a model is tuples of tuples. Such a
# **pytree** is one value to JAX: `jax.tree.map` applies a function to each array in it.

# %%
import jlstm

cell = jlstm.LSTMCell(hidden_size=4)
params = cell.init(jax.random.key(1), input_size=3)
print(jax.tree.map(jnp.shape, params))
print("numbers in all:", sum(leaf.size for leaf in jax.tree.leaves(params)))

# %% [markdown]
# `w_ih` has the shape input, gate, unit. The gates stand in the order input, forget,
# candidate, output, so `params.w_ih[:, 1]` are the weights from the input to the forget
# gate. `params._replace(b=...)` gives a copy with another `b`.
#
# ## A loop is a scan
#
# A loop over time in Python is slow. `jax.lax.scan` runs a function over the first
# axis: it takes what the step before left (the **carry**) and one element, and gives
# the next carry and an output. It is compiled once, whatever the length. A running sum:

# %%
numbers = jnp.arange(1.0, 6.0)


def add(total, number):
    return total + number, total + number


total, sums = jax.lax.scan(add, 0.0, numbers)
print("scan:", sums, " numpy:", np.cumsum(np.arange(1.0, 6.0)))

# %% [markdown]
# ## `grad`, `jit`, `vmap`: functions of functions
#
# `jax.grad(f)` is the function that gives the gradient of `f` with respect to its first
# argument. `jax.jit(f)` is `f`, compiled at its first call. `jax.vmap(f)` is `f` for
# many inputs at once, along a new first axis.


# %%
def square(x):
    return (x**2).sum()


x = jnp.array([1.0, 2.0, 3.0])
slope = jax.grad(square)(x)
compiled = jax.jit(square)(x)
rows = jax.vmap(square)(jnp.stack([x, 2 * x]))
print("gradient", slope, " compiled", compiled, " two rows at once", rows)

# %% [markdown]
# ## Where the numbers live
#
# JAX may keep an array on a GPU. `jax.device_get` brings a tree of them back as numpy
# arrays, for a plot say. `jax.eval_shape` tells the shapes of a result and computes
# nothing; `jax.ShapeDtypeStruct` is an array that is only a shape.

# %%
shape = jax.eval_shape(square, jax.ShapeDtypeStruct((1_000_000,), jnp.float32))
print(type(jax.device_get(x)).__name__, shape)

# %% [markdown]
# **You know now:** `.at[].set`, keys, pytrees, `scan`, `grad`, `jit`, `vmap`. Words
# that come up later are in the [glossary](../glossary.md). **Next:** [a network that
# reads one step after the other](01_recurrent_networks.py).
