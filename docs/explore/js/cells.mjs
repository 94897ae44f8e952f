// One step of a cell and its way back, for a batch.
//
// A cell reads two shares of its pre-activations, `zx` of the input (with the bias) and
// `zh` of the previous output, each [batch][gate][unit], and the old state. So all cells
// share the matrix products, as those of `jlstm.cells` do, in the same order of gates.
//
//   step(zx, zh, old, next, gates, sizes)      fills `next` and `gates`
//   back(zh, old, next, gates, grads, sizes)   fills `grads.zx` and `grads.zh`, and turns
//                                              the gradients of the new state in
//                                              `grads.state` into those of the old one
//
// A state is an array of [batch][unit] arrays; the first one is the output h. In `hold` a
// reader may clamp gates: { f: 1 } keeps all that was there.

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

export const RNN = {
  name: "RNN",
  gates: ["h"],
  state: ["h"],

  step(zx, zh, [], [h], gates, { batch, hidden }) {
    for (let n = 0; n < batch * hidden; n++) h[n] = gates[n] = Math.tanh(zx[n] + zh[n]);
  },

  back(zh, [], [h], gates, grads, { batch, hidden }) {
    const [dh] = grads.state;
    for (let n = 0; n < batch * hidden; n++) {
      grads.zx[n] = grads.zh[n] = dh[n] * (1 - h[n] * h[n]);
      dh[n] = 0; // all of it goes by way of zh
    }
  },
};

export const LSTM = {
  name: "LSTM",
  gates: ["i", "f", "g", "o"],
  state: ["h", "c"],

  step(zx, zh, [, before], [h, c], gates, { batch, hidden, hold = {} }) {
    each(batch, hidden, 4, (n, i, f, g, o) => {
      gates[i] = hold.i ?? sigmoid(zx[i] + zh[i]);
      gates[f] = hold.f ?? sigmoid(zx[f] + zh[f]);
      gates[g] = hold.g ?? Math.tanh(zx[g] + zh[g]);
      gates[o] = hold.o ?? sigmoid(zx[o] + zh[o]);
      c[n] = gates[f] * before[n] + gates[i] * gates[g];
      h[n] = gates[o] * Math.tanh(c[n]);
    });
  },

  back(zh, [, before], [, c], gates, grads, { batch, hidden }) {
    const [dh, dc] = grads.state;
    each(batch, hidden, 4, (n, i, f, g, o) => {
      const shown = Math.tanh(c[n]);
      const through = dc[n] + dh[n] * gates[o] * (1 - shown * shown);
      grads.zx[i] = through * gates[g] * gates[i] * (1 - gates[i]);
      grads.zx[f] = through * before[n] * gates[f] * (1 - gates[f]);
      grads.zx[g] = through * gates[i] * (1 - gates[g] * gates[g]);
      grads.zx[o] = dh[n] * shown * gates[o] * (1 - gates[o]);
      dc[n] = through * gates[f];
      dh[n] = 0;
    });
    grads.zh.set(grads.zx);
  },
};

export const GRU = {
  name: "GRU",
  gates: ["r", "z", "n"],
  state: ["h"],

  step(zx, zh, [before], [h], gates, { batch, hidden }) {
    each(batch, hidden, 3, (u, r, z, n) => {
      gates[r] = sigmoid(zx[r] + zh[r]);
      gates[z] = sigmoid(zx[z] + zh[z]);
      gates[n] = Math.tanh(zx[n] + gates[r] * zh[n]); // reset after the product
      h[u] = (1 - gates[z]) * gates[n] + gates[z] * before[u];
    });
  },

  back(zh, [before], [h], gates, grads, { batch, hidden }) {
    const [dh] = grads.state;
    each(batch, hidden, 3, (u, r, z, n) => {
      const candidate = dh[u] * (1 - gates[z]) * (1 - gates[n] * gates[n]);
      grads.zx[n] = candidate;
      grads.zh[n] = candidate * gates[r];
      grads.zx[r] = grads.zh[r] = candidate * zh[n] * gates[r] * (1 - gates[r]);
      grads.zx[z] = grads.zh[z] =
        dh[u] * (before[u] - gates[n]) * gates[z] * (1 - gates[z]);
      dh[u] *= gates[z];
    });
  },
};

export const CELLS = { RNN, LSTM, GRU };

/** Call `body` with the index of each unit, and with that of each of its gates. */
function each(batch, hidden, count, body) {
  for (let b = 0; b < batch; b++) {
    const first = b * count * hidden;
    for (let u = 0; u < hidden; u++) {
      const at = first + u;
      body(b * hidden + u, at, at + hidden, at + 2 * hidden, at + 3 * hidden);
    }
  }
}
