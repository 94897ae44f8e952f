"""Statistics of parameters and gates are those of NumPy; traces have their names."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import LRUCell, LSTMCell, trace
from jlstm.analysis.statistics import gate_saturation, parameter_statistics
from jlstm.analysis.traces import named_traces
from jlstm.cells.lstm import LSTMParams

NUMBERS = np.random.default_rng(10)


def normal(*shape):
    return jnp.asarray(NUMBERS.normal(size=shape))


def test_each_gate_has_numbers_of_its_own():
    params = LSTMParams(normal(2, 4, 3), normal(3, 4, 3), normal(4, 3))
    found = parameter_statistics({"layer": params}, gates="ifgo")
    assert len(found) == 12
    for n, gate in enumerate("ifgo"):
        for name in params._fields:
            part = np.asarray(getattr(params, name))[..., n, :]
            own = found[f"layer.{name}.{gate}"]
            wanted = part.mean(), part.std(), part.min(), part.max()
            np.testing.assert_allclose(own[:4], wanted, rtol=1e-12)
            if name == "w_hh":
                norm = np.sqrt(np.linalg.eigvalsh(part.T @ part).max())
                np.testing.assert_allclose(own.spectral_norm, norm, rtol=1e-9)
            else:
                assert own.spectral_norm is None


def test_without_names_arrays_stay_whole_and_the_largest_head_counts():
    params = LSTMParams(normal(2, 4, 6), normal(2, 3, 4, 3), None)
    assert list(parameter_statistics(params)) == ["w_ih", "w_hh"]
    forget = parameter_statistics(params, gates="ifgo")["w_hh.f"]
    norms = [np.linalg.svd(head[:, 1])[1].max() for head in np.asarray(params.w_hh)]
    np.testing.assert_allclose(forget.spectral_norm, max(norms), rtol=1e-12)


def test_bfloat16_and_vectors():
    found = parameter_statistics({"w_hh": jnp.full(3, -0.5, jnp.bfloat16)})["w_hh"]
    assert found == (-0.5, 0.0, -0.5, -0.5, None)


def test_saturation_counts_steps_that_count():
    gate = NUMBERS.uniform(size=(7, 3, 4))
    mask = NUMBERS.uniform(size=(7, 3)) < 0.7
    found = gate_saturation(jnp.asarray(gate), jnp.asarray(mask), low=0.2, high=0.7)
    np.testing.assert_allclose(found.left, (gate[mask] < 0.2).mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.right, (gate[mask] > 0.7).mean(0), rtol=1e-12)
    assert found.left.min() > 0 and found.right.min() > 0
    every = gate_saturation(jnp.asarray(gate))
    np.testing.assert_allclose(every.left, (gate < 0.1).mean((0, 1)), rtol=1e-12)
    with pytest.raises(ValueError, match=r"low is 0\.9 and high is 0\.1; give 0 <="):
        gate_saturation(jnp.asarray(gate), low=0.9, high=0.1)


def test_traces_have_the_names_of_carry_and_gates():
    cell = LSTMCell(3)
    params = LSTMParams(normal(2, 4, 3), normal(3, 4, 3), normal(4, 3))
    xs, lengths = normal(5, 2, 2), jnp.array([5, 3])

    @jax.jit
    def both(params, xs, lengths):
        traced = trace(cell, params, xs, lengths=lengths)[1]
        return named_traces(cell, params, xs, lengths=lengths), traced

    found, (carries, gates) = both(params, xs, lengths)
    assert found.keys() == {f"carry.{n}" for n in "hc"} | {f"gates.{n}" for n in "ifgo"}
    for name, values in found.items():
        tree = carries if name.startswith("carry") else gates
        np.testing.assert_array_equal(values, getattr(tree, name[-1]))
    assert not found["gates.f"][3:, 1].any() and found["gates.f"][:3].all()


def test_parts_of_the_same_name_are_told_apart():
    cell = LRUCell(2)
    names = jax.eval_shape(
        lambda: named_traces(cell, cell.init(jax.random.key(0), 1), jnp.ones((3, 1)))
    )
    assert {"carry.h", "carry.re", "gates.re"} <= names.keys()
