// Random numbers that a seed decides, so that a page shows every reader the same run.

/** A generator of numbers in [0, 1): mulberry32, 32 bits of state. */
export function uniform(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Numbers drawn from U(-bound, bound). */
export function drawn(length, bound, random) {
  return Float32Array.from({ length }, () => (2 * random() - 1) * bound);
}
