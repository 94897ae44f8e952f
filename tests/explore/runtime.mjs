// Answers one question: value and gradients of a cell, or of a trained model, or a training.
import { readFileSync } from "node:fs";

import { Adam } from "../../docs/explore/js/adam.mjs";
import { Adder, problems } from "../../docs/explore/js/adding.mjs";
import { CELLS } from "../../docs/explore/js/cells.mjs";
import { LanguageModel } from "../../docs/explore/js/language.mjs";
import { uniform } from "../../docs/explore/js/random.mjs";
import { crossEntropy } from "../../docs/explore/js/softmax.mjs";
import { tape, unroll, unrollBack, zerosLike } from "../../docs/explore/js/unroll.mjs";

const floats = (list) => Float32Array.from(list.flat(Infinity));
const lists = (arrays) => Object.fromEntries(Object.entries(arrays).map(([k, v]) => [k, [...v]]));

const QUESTIONS = {
  // Outputs, and the gradients of the sum of outputs times weights.
  cell({ name, sizes, params, xs, weights }) {
    const cell = CELLS[name];
    const given = Object.fromEntries(Object.entries(params).map(([k, v]) => [k, floats(v)]));
    const [made, inputs] = [tape(cell, sizes), xs.map(floats)];
    const hs = unroll(cell, given, inputs, made);
    const outputs = hs.map((h) => [...h]);
    const [grads, dxs] = [zerosLike(given), inputs.map((x) => new Float32Array(x.length))];
    const byLag = unrollBack(cell, given, inputs, weights.map(floats), made, grads, dxs);
    return { outputs, grads: lists(grads), dxs: dxs.map((d) => [...d]), byLag };
  },

  model({ script, text, hold }) {
    globalThis.eval(readFileSync(script, "utf8"));
    const model = new LanguageModel(globalThis.jlstmModels.captions);
    const words = model.words(text);
    const { states, gates } = model.read(words, hold);
    const after = states.slice(1);
    return {
      words,
      h: after.map(([h]) => [...h]),
      c: after.map(([, c]) => [...c]),
      gates: gates.map((g) => [...g]),
      next: after.map(([h]) => [...model.next(h)]),
    };
  },

  softmax: ({ logits, target }) => {
    const { loss, grad } = crossEntropy(Float64Array.from(logits), target);
    return { loss, grad: [...grad] };
  },

  adam({ params, grads, rate, clip }) {
    const [moved, adam] = [{ p: Float64Array.from(params) }, new Adam({ p: params }, { rate, clip })];
    for (const g of grads) adam.update(moved, { p: g });
    return { params: [...moved.p] };
  },

  training({ cell, steps, hidden, updates, rate, forgetBias }) {
    const random = uniform(1);
    const model = new Adder(CELLS[cell], { steps, batch: 32, hidden, forgetBias }, uniform(2));
    const adam = new Adam(model.params, { rate });
    const losses = [];
    for (let n = 0; n < updates; n++) {
      const { loss, grads } = model.lossAndGrads(problems(steps, 32, random));
      adam.update(model.params, grads);
      losses.push(loss);
    }
    return { losses };
  },
};

const { question, ...rest } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(QUESTIONS[question](rest)));
