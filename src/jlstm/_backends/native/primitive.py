"""Three primitives: a routine, its tangent and its backward pass.

``routine_p`` runs the kernel. Its tangent is a primitive of its own, linear in what
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
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array

from jlstm._backends.native.routine import Routine
from jlstm._backends.native.vmap import batch_backward, batch_formula, batch_forward
from jlstm._internal.tree import vary_like


def run(routine: Routine, inputs: Any) -> list[Array]:
    """Return what the routine shows."""
    # Inside shard_map the operands of a primitive must vary over the same axes.
    leaves, tree = jax.tree.flatten(vary_like(inputs, inputs))
    return routine_p.bind(*leaves, routine=routine, keep=False, tree=tree)


# -- types


def _types(*leaves: Any, routine: Routine, keep: bool, tree: Any) -> list:
    return routine.outputs(jax.tree.unflatten(tree, leaves), keep)


def _tangent_types(*leaves: Any, routine: Routine, tree: Any) -> list:
    return routine.shown(jax.tree.unflatten(tree, leaves)[0])


def _backward_types(
    *leaves: Any, routine: Routine, wanted: tuple[str, ...], tree: Any
) -> list:
    inputs, _, _ = jax.tree.unflatten(tree, leaves)
    return [getattr(inputs, name) for name in wanted]


# -- formulas


def _formula(*leaves: Array, routine: Routine, keep: bool, tree: Any) -> list[Array]:
    """Compute the outputs; what is kept is zero, for no formula reads it."""
    inputs = jax.tree.unflatten(tree, leaves)
    shown = routine.formula(inputs)
    if not keep:
        return shown
    kept = routine.kept(jax.tree.map(jax.typeof, inputs))
    zeros = [jnp.zeros(leaf.shape, leaf.dtype) for leaf in kept]
    return shown + vary_like(zeros, shown)


def _tangent_formula(*leaves: Array, routine: Routine, tree: Any) -> list[Array]:
    inputs, _, moved = jax.tree.unflatten(tree, leaves)
    moved = _present(moved)
    function, at = _function_of(routine, inputs, tuple(moved))
    return jax.jvp(function, (at,), (moved,))[1]


def _backward_formula(
    *leaves: Array, routine: Routine, wanted: tuple[str, ...], tree: Any
) -> list[Array]:
    inputs, _, cotangents = jax.tree.unflatten(tree, leaves)
    function, at = _function_of(routine, inputs, wanted)
    (grads,) = jax.vjp(function, at)[1](cotangents)
    return [grads[name] for name in wanted]


def _function_of(
    routine: Routine, inputs: Any, names: tuple[str, ...]
) -> tuple[Callable, dict[str, Array]]:
    """Return the formula as a function of some inputs, and what these are."""

    def function(part: dict[str, Array]) -> list[Array]:
        return routine.formula(inputs._replace(**part))

    return function, {name: getattr(inputs, name) for name in names}


def _present(inputs: Any) -> dict[str, Any]:
    return {name: leaf for name, leaf in inputs._asdict().items() if leaf is not None}


# -- derivatives


def _jvp(
    primals: Sequence, tangents: Sequence, *, routine: Routine, keep: bool, tree: Any
) -> tuple[list, list]:
    inputs = jax.tree.unflatten(tree, primals)
    # Kept though the tangent may never be transposed: that is not known here yet.
    outputs = routine_p.bind(*primals, routine=routine, keep=True, tree=tree)
    moved = jax.tree.unflatten(
        tree, [None if isinstance(d, ad.Zero) else d for d in tangents]
    )
    operands, along = jax.tree.flatten((inputs, outputs, moved))
    moves = tangent_p.bind(*operands, routine=routine, tree=along)
    if not keep:
        return outputs[: len(moves)], moves
    still = [ad.Zero(jax.typeof(leaf).to_tangent_aval()) for leaf in outputs]
    return outputs, [*moves, *still[len(moves) :]]


def _tangent_transpose(
    cotangents: Sequence, *leaves: Any, routine: Routine, tree: Any
) -> list:
    inputs, outputs, moved = jax.tree.unflatten(tree, leaves)
    wanted = tuple(_present(moved))
    given = [ad.instantiate_zeros(ct) for ct in cotangents]
    operands, along = jax.tree.flatten((inputs, outputs, given))
    grads = backward_p.bind(*operands, routine=routine, wanted=wanted, tree=along)
    # Only what moves is linear, and it was flattened last.
    return [None] * (len(leaves) - len(wanted)) + list(grads)


def _jvp_of_formula(primitive: Primitive, formula: Callable) -> Callable:
    """Return a rule that differentiates the formula in place of the kernel."""

    def rule(primals: Sequence, tangents: Sequence, **params: Any) -> tuple[list, list]:
        moving = [n for n, d in enumerate(tangents) if not isinstance(d, ad.Zero)]

        def of_moving(*values: Array) -> list[Array]:
            args = list(primals)
            for n, value in zip(moving, values, strict=True):
                args[n] = value
            return formula(*args, **params)

        at = tuple(primals[n] for n in moving)
        along = tuple(tangents[n] for n in moving)
        _, moves = jax.jvp(of_moving, at, along)
        return primitive.bind(*primals, **params), moves

    return rule


# -- lowering


def _call(
    ctx: mlir.LoweringRuleContext,
    *operands: Any,
    routine: Routine,
    keep: bool,
    tree: Any,
) -> list:
    inputs, types = map(tree.unflatten, (operands, ctx.avals_in))
    return routine.forward(ctx, inputs, types, keep)


def _call_backward(
    ctx: mlir.LoweringRuleContext,
    *operands: Any,
    routine: Routine,
    wanted: tuple[str, ...],
    tree: Any,
) -> list:
    values, types = map(tree.unflatten, (operands, ctx.avals_in))
    return routine.backward(ctx, values, types, wanted)


def _if_it_stays(call: Callable, by_formula: Callable) -> Callable:
    """Return a lowering rule that calls the kernel unless the program leaves here.

    A program that is exported runs elsewhere, where there may be no kernel; and where
    XLA itself splits a program over devices it must see what it splits. There the
    formula is lowered. Inside ``jax.shard_map`` and ``jax.pmap`` each device has a
    program of its own, and the kernel runs.
    """

    def rule(ctx: mlir.LoweringRuleContext, *operands: Any, **params: Any) -> Any:
        module = ctx.module_context
        axes = module.axis_context
        split = isinstance(axes, mlir.ShardingContext) and axes.num_devices > 1
        leaves = split or module.lowering_parameters.for_export
        return (by_formula if leaves else call)(ctx, *operands, **params)

    return rule


# -- registration


def _primitive(
    name: str, types: Callable, formula: Callable, call: Callable | None
) -> Primitive:
    """Make a primitive that lowers to the kernel's call, where there is one."""
    made = Primitive(name)
    made.multiple_results = True
    made.def_abstract_eval(types)

    # To jax.jit every partial is a new function, to be compiled again.
    @functools.lru_cache(maxsize=256)
    def compiled(params: tuple) -> Callable:
        return jax.jit(partial(made.bind, **dict(params)))

    def eager(*args: Array, **params: Any) -> list[Array]:
        # Without jit, JAX would come here again.
        with jax.disable_jit(False):
            return compiled(tuple(params.items()))(*args)

    made.def_impl(eager)
    by_formula = mlir.lower_fun(formula, multiple_results=True)
    mlir.register_lowering(made, by_formula)
    if call is not None:
        rule = _if_it_stays(call, by_formula)
        mlir.register_lowering(made, rule, platform="cpu")
    return made


routine_p = _primitive("jlstm_routine", _types, _formula, _call)
tangent_p = _primitive("jlstm_tangent", _tangent_types, _tangent_formula, None)
backward_p = _primitive(
    "jlstm_backward", _backward_types, _backward_formula, _call_backward
)
ad.primitive_jvps[routine_p] = _jvp
ad.primitive_jvps[tangent_p] = _jvp_of_formula(tangent_p, _tangent_formula)
ad.primitive_jvps[backward_p] = _jvp_of_formula(backward_p, _backward_formula)
ad.primitive_transposes[tangent_p] = _tangent_transpose
batching.primitive_batchers[routine_p] = partial(batch_forward, routine_p)
batching.primitive_batchers[tangent_p] = batch_formula(_tangent_formula)
batching.primitive_batchers[backward_p] = partial(
    batch_backward, backward_p, batch_formula(_backward_formula)
)
