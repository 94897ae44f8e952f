"""Three primitives: a sequence, its tangent and its backward pass.

``sequence`` runs the kernel. Its tangent is a primitive of its own, linear in what
moves, whose transpose is the kernel's backward pass: so ``jax.grad`` runs the kernel in
both directions, while forward mode and derivatives of second order go through the
formula in JAX. What the forward pass keeps is for the kernel only; a formula reads the
inputs, so nothing is differentiated through what is kept.
"""

import functools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array

from jlstm.native.inputs import Inputs, Kernel, Outputs, formula, formula_outputs
from jlstm.native.lower import backward_call, by_kernel_if_it_stays, forward_call
from jlstm.native.vmap import batch_backward, batch_formula, batch_sequence


def sequence(cell: Kernel, reverse: bool, inputs: Inputs) -> tuple[Array, Array | None]:
    """Return the hidden state after every step, and the last cell state, if any."""
    leaves, tree = jax.tree.flatten(inputs)
    out = sequence_p.bind(*leaves, cell=cell, reverse=reverse, keep=False, tree=tree)
    return out[0], out[1] if len(out) > 1 else None


# -- shapes


def _outputs(cell: Kernel, keep: bool, inputs: Inputs) -> Outputs:
    """Return the types of the outputs; they vary over the devices that ``xs`` does."""
    steps, rows, _ = inputs.xs.shape
    size = cell.hidden_size

    def wide(width: int) -> Any:
        return inputs.xs.update(shape=(steps, rows, width), weak_type=False)

    if not keep:
        return Outputs(wide(size), inputs.c)
    cs = None if inputs.c is None else wide(size)
    return Outputs(wide(size), inputs.c, cs, wide(4 * size))


def _sequence_types(*leaves: Any, cell: Kernel, reverse: bool, keep: bool, tree: Any):
    return jax.tree.leaves(_outputs(cell, keep, jax.tree.unflatten(tree, leaves)))


def _tangent_types(*leaves: Any, cell: Kernel, reverse: bool, tree: Any):
    inputs, _, _ = jax.tree.unflatten(tree, leaves)
    return jax.tree.leaves(_outputs(cell, False, inputs))


def _backward_types(
    *leaves: Any, cell: Kernel, reverse: bool, wanted: tuple[str, ...], tree: Any
):
    inputs, _, _ = jax.tree.unflatten(tree, leaves)
    return [getattr(inputs, name) for name in wanted]


# -- formulas


def _sequence_formula(
    *leaves: Array, cell: Kernel, reverse: bool, keep: bool, tree: Any
) -> list[Array]:
    inputs = jax.tree.unflatten(tree, leaves)
    return jax.tree.leaves(formula_outputs(cell, reverse, keep, inputs))


def _tangent_formula(
    *leaves: Array, cell: Kernel, reverse: bool, tree: Any
) -> list[Array]:
    inputs, _, moved = jax.tree.unflatten(tree, leaves)
    moved = _present(moved)
    run, at = _function_of(cell, reverse, inputs, tuple(moved))
    return jax.tree.leaves(jax.jvp(run, (at,), (moved,))[1])


def _backward_formula(
    *leaves: Array, cell: Kernel, reverse: bool, wanted: tuple[str, ...], tree: Any
) -> list[Array]:
    inputs, _, cotangents = jax.tree.unflatten(tree, leaves)
    run, at = _function_of(cell, reverse, inputs, wanted)
    (grads,) = jax.vjp(run, at)[1](cotangents)
    return [grads[name] for name in wanted]


def _function_of(
    cell: Kernel, reverse: bool, inputs: Inputs, names: tuple[str, ...]
) -> tuple[Callable, dict[str, Array]]:
    """Return the formula as a function of some inputs, and what these are."""

    def run(part: dict[str, Array]) -> tuple[Array, Array | None]:
        return formula(cell, reverse, inputs._replace(**part))

    return run, {name: getattr(inputs, name) for name in names}


def _present(inputs: Inputs) -> dict[str, Any]:
    return {name: leaf for name, leaf in inputs._asdict().items() if leaf is not None}


# -- derivatives


def _sequence_jvp(
    primals: Sequence,
    tangents: Sequence,
    *,
    cell: Kernel,
    reverse: bool,
    keep: bool,
    tree: Any,
) -> tuple[list, list]:
    inputs = jax.tree.unflatten(tree, primals)
    leaves = sequence_p.bind(*primals, cell=cell, reverse=reverse, keep=True, tree=tree)
    structure = jax.tree.structure(
        _outputs(cell, True, jax.tree.map(jax.typeof, inputs))
    )
    outputs = jax.tree.unflatten(structure, leaves)
    moved = jax.tree.unflatten(
        tree, [None if isinstance(d, ad.Zero) else d for d in tangents]
    )
    operands, along = jax.tree.flatten((inputs, outputs, moved))
    moves = tangent_p.bind(*operands, cell=cell, reverse=reverse, tree=along)
    if not keep:
        return leaves[: len(moves)], moves
    still = [ad.Zero(jax.typeof(leaf).to_tangent_aval()) for leaf in leaves]
    return leaves, [*moves, *still[len(moves) :]]


def _tangent_transpose(
    cotangents: Sequence, *leaves: Any, cell: Kernel, reverse: bool, tree: Any
) -> list:
    inputs, outputs, moved = jax.tree.unflatten(tree, leaves)
    wanted = tuple(_present(moved))
    given = (cotangents[0], cotangents[1] if len(cotangents) > 1 else None)
    given = tuple(None if ct is None else ad.instantiate_zeros(ct) for ct in given)
    operands, along = jax.tree.flatten((inputs, outputs, given))
    grads = backward_p.bind(
        *operands, cell=cell, reverse=reverse, wanted=wanted, tree=along
    )
    return [None] * (len(leaves) - len(wanted)) + list(grads)


def _jvp_of_formula(primitive: Primitive, run: Callable) -> Callable:
    """Return a rule that differentiates the formula in place of the kernel."""

    def rule(primals: Sequence, tangents: Sequence, **params: Any) -> tuple[list, list]:
        moving = [n for n, d in enumerate(tangents) if not isinstance(d, ad.Zero)]

        def of_moving(*values: Array) -> list[Array]:
            args = list(primals)
            for n, value in zip(moving, values, strict=True):
                args[n] = value
            return run(*args, **params)

        at = tuple(primals[n] for n in moving)
        along = tuple(tangents[n] for n in moving)
        _, moves = jax.jvp(of_moving, at, along)
        return primitive.bind(*primals, **params), moves

    return rule


# -- registration


def _primitive(name: str, types: Callable, run: Callable, call: Callable | None):
    """Make a primitive that lowers to the kernel's call on one CPU, else to ``run``."""
    made = Primitive(name)
    made.multiple_results = True
    made.def_abstract_eval(types)

    @functools.lru_cache(maxsize=256)
    def compiled(params: tuple) -> Callable:
        return jax.jit(partial(made.bind, **dict(params)))

    made.def_impl(lambda *args, **params: compiled(tuple(params.items()))(*args))
    by_formula = mlir.lower_fun(run, multiple_results=True)
    mlir.register_lowering(made, by_formula)
    if call is not None:
        rule = by_kernel_if_it_stays(call, by_formula)
        mlir.register_lowering(made, rule, platform="cpu")
    return made


sequence_p = _primitive(
    "jlstm_sequence", _sequence_types, _sequence_formula, forward_call
)
tangent_p = _primitive("jlstm_tangent", _tangent_types, _tangent_formula, None)
backward_p = _primitive(
    "jlstm_backward", _backward_types, _backward_formula, backward_call
)
ad.primitive_jvps[sequence_p] = _sequence_jvp
ad.primitive_jvps[tangent_p] = _jvp_of_formula(tangent_p, _tangent_formula)
ad.primitive_jvps[backward_p] = _jvp_of_formula(backward_p, _backward_formula)
ad.primitive_transposes[tangent_p] = _tangent_transpose
batching.primitive_batchers[sequence_p] = partial(batch_sequence, sequence_p)
batching.primitive_batchers[tangent_p] = batch_formula(_tangent_formula)
batching.primitive_batchers[backward_p] = partial(
    batch_backward, backward_p, batch_formula(_backward_formula)
)
