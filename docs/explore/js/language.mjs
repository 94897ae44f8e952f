// A language model of jlstm with one layer of LSTM, a projection and a tied softmax:
// what `jlstm.tasks.language.export.save_model` wrote, read word by word.

import { LSTM } from "./cells.mjs";
import { multiply } from "./dense.mjs";
import { softmax } from "./softmax.mjs";
import { tape, unroll } from "./unroll.mjs";
import { decodeAll } from "./weights.mjs";

export class LanguageModel {
  constructor({ symbols, weights }) {
    const arrays = decodeAll(weights);
    this.symbols = symbols;
    this.index = new Map(symbols.map((symbol, n) => [symbol, n]));
    this.table = arrays["table.embedding"];
    this.down = arrays["down.kernel"];
    this.bias = arrays["softmax.bias"];
    this.hidden = arrays["rnn.weights.0.b"].length / 4;
    this.embedding = this.table.length / symbols.length;
    this.params = {
      w_ih: arrays["rnn.weights.0.w_ih"],
      w_hh: arrays["rnn.weights.0.w_hh"],
      b: arrays["rnn.weights.0.b"],
    };
  }

  /** The symbols of a sentence; what the model has not met becomes <unk>. */
  words(text) {
    const found = text.toLowerCase().match(/<\w+>|[\p{L}\p{N}'-]+|[.,!?]/gu) ?? [];
    return found.map((word) => (this.index.has(word) ? word : "<unk>"));
  }

  /** Read words; return the tape, with what each step did. `hold` clamps gates. */
  read(words, hold = {}) {
    const sizes = { steps: words.length, batch: 1, input: this.embedding, hidden: this.hidden };
    const made = tape(LSTM, sizes);
    unroll(LSTM, this.params, words.map((word) => this.row(word)), made, hold);
    return made;
  }

  /** The chances of the next word, given the output h of a step. */
  next(h) {
    const features = new Float32Array(this.embedding);
    multiply(features, h, this.down, 1, this.hidden, this.embedding);
    return softmax(this.bias.map((bias, n) => bias + dot(features, this.table, n)));
  }

  /** The likeliest next words, as [word, chance]. */
  likeliest(h, count) {
    const chances = this.next(h);
    const order = [...chances.keys()].sort((a, b) => chances[b] - chances[a]);
    return order.slice(0, count).map((n) => [this.symbols[n], chances[n]]);
  }

  row(word) {
    const at = this.index.get(word) * this.embedding;
    return this.table.subarray(at, at + this.embedding);
  }
}

function dot(features, table, row) {
  let sum = 0;
  const at = row * features.length;
  for (let n = 0; n < features.length; n++) sum += features[n] * table[at + n];
  return sum;
}
