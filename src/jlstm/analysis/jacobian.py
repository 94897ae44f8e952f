"""The Jacobian of each step along a trajectory, and what its spectrum is."""

from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Complex, Float

from jlstm._internal.types import Carry, Params
from jlstm.analysis.trajectory import (
    VectorStep,
    carries_before,
    check_differentiable,
    vector_step,
)
from jlstm.cell import Cell


class Spectra(NamedTuple):
    """Spectrum of each matrix of a stack.

    Attributes:
        singular_values: the largest first.
        eigenvalues: the largest magnitude first.
    """

    singular_values: Float[np.ndarray, "*b n"]
    eigenvalues: Complex[np.ndarray, "*b n"]

    @property
    def magnitudes(self) -> Float[np.ndarray, "*b n"]:
        """The magnitudes of the eigenvalues; the first is the spectral radius."""
        return np.abs(self.eigenvalues)


def step_jacobians(
    cell: Cell,
    params: Params,
    xs: Float[Array, "t *bx"],
    carry: Carry | None = None,
) -> Float[Array, "t *b n n"]:
    r"""Return the Jacobian of every step by the carry before it.

    Entry :math:`ij` of step :math:`t` is :math:`\partial s_{t,i} / \partial s_{t-1,j}`
    with :math:`s` the vector of the whole carry;
    :func:`~jlstm.analysis.trajectory.carry_parts` says which part of it is ``h`` and
    which is ``c``. The trajectory is that of ``xs``; all steps and rows are
    differentiated at once, forward, by one vmapped program.

    Args:
        cell: what happens in a step; its gradient must be that of its equations.
        params: made by ``cell.init``.
        xs: inputs, time first, all steps of all rows. The result holds t·b·n² numbers.
        carry: where to start; ``None`` is ``cell.fresh_carry``.

    Raises:
        ValueError, TypeError: an argument does not fit, before anything is computed.

    Example:
        >>> import jax.numpy as jnp
        >>> from jlstm import LSTMCell
        >>> from jlstm.analysis.trajectory import carry_parts
        >>> cell = LSTMCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> jacobians = step_jacobians(cell, params, jnp.ones((7, 5, 2)))
        >>> jacobians.shape
        (7, 5, 6, 6)
        >>> c = carry_parts(cell)["c"]
        >>> from_c_to_c = jacobians[..., c, c]  # the forget gates, on the diagonal
        >>> from_c_to_c.shape
        (7, 5, 3, 3)
    """
    check_differentiable(cell)
    before = carries_before(cell, params, xs, carry)
    return jacobians_at(cell, params, before, xs)


@partial(jax.jit, static_argnums=0)
def jacobians_at(
    cell: Cell, params: Params, vectors: Float[Array, "*b n"], xs: Float[Array, "*bx"]
) -> Float[Array, "*b n n"]:
    """Return the Jacobian of a step from each of the given carries.

    Args:
        cell: what happens in a step.
        params: made by ``cell.init``.
        vectors: carries, each flattened.
        xs: the input of each step.

    Example:
        >>> import jax.numpy as jnp
        >>> from jlstm import RNNCell
        >>> from jlstm.cells.rnn import RNNParams
        >>> params = RNNParams(jnp.ones((1, 1)), jnp.full((1, 1), 2.0), b=None)
        >>> zeros = jnp.zeros((4, 1))
        >>> jacobians_at(RNNCell(1), params, zeros, zeros)[:, 0, 0].tolist()
        [2.0, 2.0, 2.0, 2.0]
    """
    jacobian: VectorStep = jax.jacfwd(vector_step(cell, params))
    for _ in vectors.shape[:-1]:
        jacobian = jax.vmap(jacobian)
    return jacobian(vectors, xs)


def jacobian_spectra(
    jacobians: Float[Array, "*b n n"] | Float[np.ndarray, "*b n n"],
) -> Spectra:
    """Return the singular values and the eigenvalues of every matrix.

    The largest singular value is by how much a step can stretch a small change; the
    largest magnitude of an eigenvalue, by how much the same step stretches one in the
    long run if it is repeated. Both run on the CPU, by NumPy: few accelerators have
    eigenvalues of matrices that are not symmetric.

    Args:
        jacobians: what :func:`step_jacobians` returned, or some of them.

    Example:
        >>> spectra = jacobian_spectra(np.array([[0.0, -0.5], [0.5, 0.0]]))
        >>> spectra.magnitudes.round(6).tolist()
        [0.5, 0.5]
    """
    matrices = np.asarray(jacobians)
    eigenvalues = np.linalg.eigvals(matrices)
    # NumPy returns real numbers where all of the eigenvalues happen to be real.
    eigenvalues = eigenvalues.astype(np.result_type(eigenvalues, np.complex64))
    order = np.argsort(-np.abs(eigenvalues), axis=-1, kind="stable")
    return Spectra(
        np.linalg.svd(matrices, compute_uv=False),
        np.take_along_axis(eigenvalues, order, axis=-1),
    )
