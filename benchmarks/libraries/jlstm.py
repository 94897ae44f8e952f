"""jlstm, with any of its backends, and by streams."""

import time
from typing import Any

import jax

import jlstm
from benchmarks.libraries._jax import Model, builder, in_jlstm, lengths_of
from benchmarks.problem import Problem, inputs, parts
from benchmarks.program import Program, Unsupported
from benchmarks.rows import GATES

PACKAGES = ("jax",)
OWN_CELLS = (
    *("PeepholeLSTMCell", "CIFGLSTMCell", "LayerNormLSTMCell", "MogrifierLSTMCell"),
    *("JANETCell", "MGUCell", "NASCell", "SLSTMCell", "IndRNNCell"),
    *("SRUCell", "QRNNCell", "MinLSTMCell", "MinGRUCell", "LRUCell"),
)
"""Cells that are timed though no other library here has them."""
STREAMS = {"stream": None, "stream_int8": "int8"}
"""What stands in place of a backend where steps go through ``jlstm.stream``, and what
that keeps weights as."""
OPTIONS = {"SLSTMCell": {"num_heads": 4}}


def model(problem: Problem) -> Model:
    """Build the layers with the backend that the problem names."""
    cell = cell_of(problem)
    note = chosen(cell, problem)
    layer, params = known(problem) if problem.cell in GATES else own(problem, cell)
    lengths = lengths_of(problem)

    def apply(params: Any, xs: jax.Array) -> tuple[jax.Array, Any]:
        carry, ys = layer.apply(params, xs, lengths=lengths)
        return ys, carry

    def advance(params: Any, carry: Any, x: jax.Array) -> tuple[Any, jax.Array]:
        carry, ys = layer.apply(params, x[None], carry)
        return carry, ys[0]

    if not problem.row.is_plain:
        return Model(params, apply, note=note)
    carry = layer.init_carry((problem.row.batch,))
    return Model(params, apply, advance, carry, note)


def cell_of(problem: Problem) -> jlstm.Cell:
    """Return the cell that the problem names."""
    name = {"lstm": "LSTMCell", "gru": "GRUCell"}.get(problem.cell, problem.cell)
    kind = getattr(jlstm, name, None)
    if kind is None:
        raise Unsupported(f"has no {name}")
    return kind(problem.row.hidden_size, **OPTIONS.get(name, {}))


def known(problem: Problem) -> tuple[Any, Any]:
    """Return the layers of an LSTM or GRU, with the weights that all libraries get."""
    layers, params = [], []
    for level in parts(problem):
        cells, own = zip(*(in_jlstm(problem, part) for part in level), strict=True)
        if problem.row.bidirectional:
            layers.append(jlstm.Bidirectional(*cells, backend=problem.backend))
            params.append(jlstm.BidirectionalParams(*own))
        else:
            layers.append(jlstm.Recurrent(cells[0], backend=problem.backend))
            params.append(own[0])
    if len(layers) == 1:
        return layers[0], params[0]
    return jlstm.Stack(tuple(layers)), tuple(params)


def own(problem: Problem, cell: jlstm.Cell) -> tuple[Any, Any]:
    """Return the layer of a cell that jlstm alone has, with its usual weights."""
    if not problem.row.is_plain:
        raise Unsupported(f"{problem.cell} is timed on plain rows only")
    init = jax.jit(cell.init, static_argnums=1)
    params = init(jax.random.key(0), problem.row.input_size)
    return jlstm.Recurrent(cell, backend=problem.backend), params


def chosen(cell: jlstm.Cell, problem: Problem) -> str:
    """Return which backend runs and why; raise ``Unsupported`` if it cannot."""
    row = problem.row
    steps = 1 if problem.mode == "step" else row.steps
    shape = (steps, row.batch, row.input_size)
    xs = jax.ShapeDtypeStruct(shape, problem.dtype)
    try:
        return str(jlstm.explain(cell, problem.backend, xs))
    except ValueError as error:
        # Without its sizes the cell is the same in all rows.
        reason = str(error).replace(repr(cell), type(cell).__name__)
        raise Unsupported(reason) from error


def streamed(problem: Problem) -> Program:
    """Build a stream; making it is what counts as compiling."""
    if problem.mode != "step":
        raise Unsupported("takes single steps")
    free = problem._replace(backend="auto")
    cell = cell_of(free)
    layer, params = known(free) if free.cell in GATES else own(free, cell)
    x, started = inputs(problem), time.perf_counter()
    quantize = STREAMS[problem.backend]
    session = jlstm.stream(layer, params, batch=problem.row.batch, quantize=quantize)
    seconds = time.perf_counter() - started
    return Program(lambda: (None, session.step(x)), seconds, str(session.backend))


def build(given: dict[str, Any]) -> Program:
    """Build what the problem asks for; the backend "stream" is a stream."""
    problem = Problem.read(given)
    return streamed(problem) if problem.backend in STREAMS else compute(given)


compute = builder(model)
