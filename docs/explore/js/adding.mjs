// The adding problem (Hochreiter and Schmidhuber, 1997), and a model that learns it.
//
// Of a sequence of random numbers two are marked, one in each half; the answer, asked for
// at the end, is their sum. Who always says 1 has a squared error of 1/6.

import { drawn } from "./random.mjs";
import { tape, unroll, unrollBack, zerosLike } from "./unroll.mjs";

export const CHANCE = 1 / 6;
export const SOLVED = 0.01;

/** Draw sequences: xs[t] is [batch][number, mark], ys [batch] the sums. */
export function problems(steps, batch, random) {
  const xs = Array.from({ length: steps }, () => new Float32Array(2 * batch));
  const ys = new Float32Array(batch);
  const half = steps >> 1;
  for (let b = 0; b < batch; b++) {
    for (const x of xs) x[2 * b] = random();
    const marked = [random() * half, half + random() * (steps - half)];
    for (const t of marked.map(Math.floor)) {
      xs[t][2 * b + 1] = 1;
      ys[b] += xs[t][2 * b];
    }
  }
  return { xs, ys };
}

/** A cell and a line from its last output to one number. */
export class Adder {
  constructor(cell, { steps, batch, hidden, forgetBias = 1 }, random) {
    this.cell = cell;
    this.tape = tape(cell, { steps, batch, input: 2, hidden });
    const [width, bound] = [cell.gates.length * hidden, 1 / Math.sqrt(hidden)];
    this.params = {
      w_ih: drawn(2 * width, bound, random),
      w_hh: drawn(hidden * width, bound, random),
      b: new Float32Array(width),
      w: drawn(hidden, bound, random),
      bias: new Float32Array(1),
    };
    const forget = cell.gates.indexOf("f");
    if (forget >= 0) this.params.b.fill(forgetBias, forget * hidden, (forget + 1) * hidden);
  }

  /** Squared error, its gradients, and the length of the gradient by lag. */
  lossAndGrads({ xs, ys }) {
    const { steps, batch, hidden } = this.tape.sizes;
    const last = unroll(this.cell, this.params, xs, this.tape)[steps - 1];
    const grads = zerosLike(this.params);
    const dh = new Float32Array(batch * hidden);
    let loss = 0;
    for (let b = 0; b < batch; b++) {
      const miss = this.answer(last, b) - ys[b];
      loss += (miss * miss) / batch;
      this.backFrom((2 * miss) / batch, last, dh, grads, b);
    }
    const dhs = { [steps - 1]: dh };
    const byLag = unrollBack(this.cell, this.params, xs, dhs, this.tape, grads);
    return { loss, grads, byLag };
  }

  answer(last, b) {
    const { w, bias } = this.params;
    return w.reduce((sum, weight, u) => sum + weight * last[b * w.length + u], bias[0]);
  }

  backFrom(slope, last, dh, grads, b) {
    const { w } = this.params;
    grads.bias[0] += slope;
    for (let u = 0; u < w.length; u++) {
      grads.w[u] += slope * last[b * w.length + u];
      dh[b * w.length + u] = slope * w[u];
    }
  }
}
