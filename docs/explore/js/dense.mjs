// Matrix products on flat arrays, rows first: y[row] += x[row] W, and their way back.

/** y += x W, where x is [rows][inputs], W [inputs][outputs] and y [rows][outputs]. */
export function multiply(y, x, w, rows, inputs, outputs) {
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < inputs; k++) {
      const a = x[r * inputs + k];
      if (a === 0) continue; // a one-hot row, or a state that is still empty
      for (let j = 0, at = r * outputs, of = k * outputs; j < outputs; j++) {
        y[at + j] += a * w[of + j];
      }
    }
  }
}

/** dw += xᵀ dy. */
export function multiplyBackWeights(dw, x, dy, rows, inputs, outputs) {
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < inputs; k++) {
      const a = x[r * inputs + k];
      if (a === 0) continue;
      for (let j = 0, at = r * outputs, of = k * outputs; j < outputs; j++) {
        dw[of + j] += a * dy[at + j];
      }
    }
  }
}

/** dx += dy Wᵀ. */
export function multiplyBackInputs(dx, dy, w, rows, inputs, outputs) {
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < inputs; k++) {
      let sum = 0;
      for (let j = 0, at = r * outputs, of = k * outputs; j < outputs; j++) {
        sum += dy[at + j] * w[of + j];
      }
      dx[r * inputs + k] += sum;
    }
  }
}

/** y[row] += b. */
export function addRows(y, b, rows) {
  for (let r = 0, n = 0; r < rows; r++) for (let j = 0; j < b.length; j++) y[n++] += b[j];
}

/** db += the sum of the rows of dy. */
export function sumRows(db, dy, rows) {
  for (let r = 0, n = 0; r < rows; r++) for (let j = 0; j < db.length; j++) db[j] += dy[n++];
}

/** Euclidean length of all numbers of some arrays. */
export function norm(arrays) {
  let sum = 0;
  for (const array of arrays) for (const value of array) sum += value * value;
  return Math.sqrt(sum);
}
