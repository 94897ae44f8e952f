// A cell over a sequence, and backpropagation through time.
//
// Parameters are flat arrays in the layout of jlstm: w_ih [input][gate][unit],
// w_hh [unit][gate][unit], b [gate][unit]. Sequences lead with time: xs[t] is
// [batch][input].

import {
  addRows,
  multiply,
  multiplyBackInputs,
  multiplyBackWeights,
  norm,
  sumRows,
} from "./dense.mjs";

const zeros = (length) => new Float32Array(length);
const listOf = (length, make) => Array.from({ length }, (_, n) => make(n));

/** Arrays of zeros with the shapes of some parameters. */
export function zerosLike(params) {
  return Object.fromEntries(Object.entries(params).map(([k, v]) => [k, zeros(v.length)]));
}

/** What is written down on the way, for `steps` steps; it is used again and again. */
export function tape(cell, { steps, batch, input, hidden }) {
  const width = batch * cell.gates.length * hidden;
  const state = () => cell.state.map(() => zeros(batch * hidden));
  return {
    sizes: { steps, batch, input, hidden, width: cell.gates.length * hidden },
    zx: listOf(steps, () => zeros(width)),
    zh: listOf(steps, () => zeros(width)),
    gates: listOf(steps, () => zeros(width)),
    states: listOf(steps + 1, state), // states[0] is the start
    grads: { zx: zeros(width), zh: zeros(width), state: state() },
  };
}

/** Run a cell over xs; return the outputs h of each step. */
export function unroll(cell, params, xs, tape, hold = {}) {
  const { steps, batch, input, hidden, width } = tape.sizes;
  for (let t = 0; t < steps; t++) {
    const [zx, zh, old] = [tape.zx[t].fill(0), tape.zh[t].fill(0), tape.states[t]];
    multiply(zx, xs[t], params.w_ih, batch, input, width);
    addRows(zx, params.b, batch);
    multiply(zh, old[0], params.w_hh, batch, hidden, width);
    cell.step(zx, zh, old, tape.states[t + 1], tape.gates[t], { batch, hidden, hold });
  }
  return tape.states.slice(1).map(([h]) => h);
}

/**
 * Pull gradients of the outputs back through time.
 *
 * Adds to `grads`, and to dxs if it is given. Returns how long the gradient by the state
 * before each step is, the last step first: what is left of it after so many steps.
 */
export function unrollBack(cell, params, xs, dhs, tape, grads, dxs) {
  const { steps, batch, input, hidden, width } = tape.sizes;
  const flow = tape.grads;
  flow.state.forEach((part) => part.fill(0));
  const lengths = [];
  for (let t = steps - 1; t >= 0; t--) {
    const [dh] = flow.state;
    if (dhs[t]) for (let n = 0; n < dh.length; n++) dh[n] += dhs[t][n];
    if (t === steps - 1) lengths.push(norm(flow.state));
    const [old, next] = [tape.states[t], tape.states[t + 1]];
    cell.back(tape.zh[t], old, next, tape.gates[t], flow, { batch, hidden });
    multiplyBackWeights(grads.w_ih, xs[t], flow.zx, batch, input, width);
    sumRows(grads.b, flow.zx, batch);
    multiplyBackWeights(grads.w_hh, old[0], flow.zh, batch, hidden, width);
    multiplyBackInputs(dh, flow.zh, params.w_hh, batch, hidden, width);
    if (dxs) multiplyBackInputs(dxs[t], flow.zx, params.w_ih, batch, input, width);
    lengths.push(norm(flow.state));
  }
  return lengths;
}
