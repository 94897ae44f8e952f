// Adam (Kingma and Ba, 2015) on a dictionary of arrays, with the gradient's length
// clipped, as in `optax.chain(clip_by_global_norm(clip), adam(rate))`.

import { norm } from "./dense.mjs";
import { zerosLike } from "./unroll.mjs";

export class Adam {
  constructor(params, { rate = 1e-2, clip = 1 } = {}) {
    Object.assign(this, { rate, clip, count: 0 });
    this.mean = zerosLike(params);
    this.square = zerosLike(params);
  }

  /** Move the parameters, in place, against the gradients. */
  update(params, grads) {
    this.count += 1;
    const scale = Math.min(1, this.clip / norm(Object.values(grads)));
    const [first, second] = [1 - 0.9 ** this.count, 1 - 0.999 ** this.count];
    for (const name of Object.keys(params)) {
      const [p, g, m, v] = [params, grads, this.mean, this.square].map((of) => of[name]);
      for (let n = 0; n < p.length; n++) {
        const slope = g[n] * scale;
        m[n] = 0.9 * m[n] + 0.1 * slope;
        v[n] = 0.999 * v[n] + 0.001 * slope * slope;
        p[n] -= (this.rate * (m[n] / first)) / (Math.sqrt(v[n] / second) + 1e-8);
      }
    }
  }
}
