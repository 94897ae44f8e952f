"""ScannedRNN takes the place of the class that reinforcement learning code pastes."""

import functools
import operator
import re
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm.linen import ScannedLSTM, ScannedRNN
from tests.zoo import assert_close, assert_same

T, B, X, H, ACTIONS = 9, 3, 2, 4, 5
EPISODES = [[(0, 3), (3, 6), (6, 9)], [(0, 9)], [(0, 6), (6, 9)]]  # of each env
TOL = 1e-5
HOWTO = Path(__file__).parents[1] / "docs" / "howto-rl.md"


class ClassicScannedRNN(nn.Module):
    """nn.scan over nn.GRUCell with resets: what ScannedRNN must compute."""

    @functools.partial(
        nn.scan,
        variable_broadcast="params",
        split_rngs={"params": False},
    )
    @nn.compact
    def __call__(self, carry, x):
        ins, resets = x
        fresh = jnp.zeros_like(carry)
        carry = jnp.where(resets[:, None], fresh, carry)
        return nn.GRUCell(carry.shape[-1], name="cell")(carry, ins)


class ActorCritic(nn.Module):
    """An embedding, a recurrent layer, a policy head and a value head."""

    rnn: nn.Module

    @nn.compact
    def __call__(self, hidden, x):
        obs, resets = x
        embedding = nn.relu(nn.Dense(H)(obs))
        hidden, embedding = self.rnn(hidden, (embedding, resets))
        return hidden, nn.Dense(ACTIONS)(embedding), nn.Dense(1)(embedding)[..., 0]


def linen_gru_of(weights):
    """Name the parameters of a jlstm GRU as nn.GRUCell does."""
    names = {}
    for gate, name in enumerate("rzn"):
        kernel, bias = weights["w_ih"][:, gate], weights["b"][gate]
        names[f"i{name}"] = {"kernel": kernel, "bias": bias}
        names[f"h{name}"] = {"kernel": weights["w_hh"][:, gate]}
    names["hn"]["bias"] = weights["b_hn"]
    return names


def episodes():
    """Return observations, dones and the resets that belong to them."""
    random = np.random.default_rng(0)
    obs = jnp.asarray(random.normal(size=(T, B, X)), jnp.float32)
    dones = np.zeros((T, B), bool)
    for env, spans in enumerate(EPISODES):
        dones[[end - 1 for _, end in spans], env] = True
    return obs, jnp.asarray(dones), jlstm.resets_from_dones(jnp.asarray(dones))


def variables_of(network, hidden):
    """Return random parameters, biases included."""
    random = np.random.default_rng(1)
    obs, _, resets = episodes()
    shapes = jax.eval_shape(
        lambda: network.init(jax.random.key(0), hidden, (obs, resets))
    )
    return jax.tree.map(
        lambda a: jnp.asarray(0.5 * random.normal(size=a.shape), a.dtype), shapes
    )


def start(kind):
    """Return a carry that is not fresh, so that a wrong reset shows."""
    return jax.tree.map(lambda a: a + 0.7, kind.initialize_carry(B, H))


@functools.partial(jax.jit, static_argnums=0)
def apply(network, variables, hidden, x):
    return network.apply(variables, hidden, x)


@pytest.mark.long
def test_equals_the_class_that_it_replaces_in_value_and_gradient():
    obs, _, resets = episodes()
    ours, classic = ActorCritic(ScannedRNN()), ActorCritic(ClassicScannedRNN())
    hidden = start(ScannedRNN)

    def loss(network, params, hidden):
        done = network.apply({"params": params}, hidden, (obs, resets))
        return sum(jnp.sum(jnp.square(leaf)) for leaf in done), done

    both = jax.jit(jax.value_and_grad(loss, (1, 2), has_aux=True), static_argnums=0)
    params = variables_of(ours, hidden)["params"]
    cell = {"cell": linen_gru_of(params["rnn"]["rnn"]["weights"])}
    (_, came), (grads, grad_hidden) = both(ours, params, hidden)
    (_, wanted), (classic_grads, classic_grad_hidden) = both(
        classic, {**params, "rnn": cell}, hidden
    )
    assert_close(came, wanted, TOL)
    assert_close(grad_hidden, classic_grad_hidden, 1e-4)
    rnn_grads = linen_gru_of(grads["rnn"]["rnn"]["weights"])
    assert_close({**grads, "rnn": {"cell": rnn_grads}}, classic_grads, 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [ScannedRNN, ScannedLSTM])
def test_replay_with_resets_equals_separate_episodes(kind):
    obs, _, resets = episodes()
    network, hidden = ActorCritic(kind()), start(kind)
    variables = variables_of(network, hidden)
    _, logits, values = apply(network, variables, hidden, (obs, resets))
    for env, spans in enumerate(EPISODES):
        row = slice(env, env + 1)
        state = jax.tree.map(operator.itemgetter(row), hidden)
        for begin, end in spans:
            no_resets = jnp.zeros((end - begin, 1), bool)
            episode = (obs[begin:end, row], no_resets)
            _, alone, value = apply(network, variables, state, episode)
            assert_close(alone, logits[begin:end, row], TOL)
            assert_close(value, values[begin:end, row], TOL)
            state = kind.initialize_carry(1, H)


@pytest.mark.long
@pytest.mark.parametrize("kind", [ScannedRNN, ScannedLSTM])
def test_steps_of_a_rollout_equal_the_replay(kind):
    obs, dones, resets = episodes()
    network, hidden = ActorCritic(kind()), start(kind)
    variables = variables_of(network, hidden)
    last_done, acted, state = jnp.zeros(B, bool), [], hidden
    for t in range(T):
        x = (obs[t : t + 1], last_done[None])
        state, logits, _ = apply(network, variables, state, x)
        acted.append(logits[0])
        last_done = dones[t]
    replay_state, replayed, _ = apply(network, variables, hidden, (obs, resets))
    assert_close(jnp.stack(acted), replayed, TOL)
    assert_close(state, replay_state, TOL)


@pytest.mark.long
def test_no_gradient_passes_a_reset():
    obs, _, _ = episodes()
    resets = jnp.zeros((T, B), bool).at[4, 1].set(True)
    network, hidden = ScannedRNN(), start(ScannedRNN)
    variables = variables_of(network, hidden)

    def last_output(obs, hidden):
        return jnp.sum(network.apply(variables, hidden, (obs, resets))[1][-1])

    grad_obs, grad_hidden = jax.jit(jax.grad(last_output, (0, 1)))(obs, hidden)
    assert not np.any(grad_obs[:4, 1]) and not np.any(grad_hidden[1])
    assert np.all(grad_obs[4:, 1]) and np.all(grad_obs[:, 0]) and np.all(grad_hidden[0])


def test_carry_is_the_array_that_the_pasted_class_makes():
    carry = ScannedRNN.initialize_carry(B, H)
    old = nn.GRUCell(H).initialize_carry(jax.random.key(0), (B, X))
    assert (carry.shape, carry.dtype) == (old.shape, old.dtype)
    assert_same(carry, old)
    h, c = ScannedLSTM.initialize_carry(B, H)
    assert h.shape == c.shape == (B, H)


@pytest.mark.long
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_resets_may_be_numbers(dtype):
    obs, _, resets = episodes()
    network, hidden = ScannedRNN(), start(ScannedRNN)
    variables = variables_of(network, hidden)
    as_flags = apply(network, variables, hidden, (obs, resets))
    as_numbers = apply(network, variables, hidden, (obs, resets.astype(dtype)))
    assert_same(as_numbers, as_flags)


@pytest.mark.long
@pytest.mark.usefixtures("user_defaults")
def test_the_page_for_reinforcement_learning_runs():
    blocks = re.findall(r"```python\n(.*?)```", HOWTO.read_text("utf-8"), re.DOTALL)
    names = {"__name__": "howto"}
    exec(compile("\n".join(blocks), str(HOWTO), "exec"), names)
    assert len(blocks) == 5
    assert bool(names["dones"].any())
    assert names["acted"].shape == names["replayed"].shape == (12, 4, 5)
    assert names["memory"].c.shape == (4, 32)
