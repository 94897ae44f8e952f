// Arrays that `python -m docs.explore.weights` wrote: base64 of little-endian numbers.

/** Turn { shape, dtype, data } into a Float32Array. */
export function decode({ shape, dtype, data }) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const array = READERS[dtype](bytes.buffer);
  const wanted = shape.reduce((product, size) => product * size, 1);
  if (array.length !== wanted) {
    throw new Error(`${array.length} numbers came for the shape [${shape}]: the file is cut off`);
  }
  return array;
}

/** Decode a dictionary of arrays. */
export function decodeAll(arrays) {
  return Object.fromEntries(Object.entries(arrays).map(([k, v]) => [k, decode(v)]));
}

const READERS = {
  float32: (buffer) => new Float32Array(buffer),
  float16: (buffer) => Float32Array.from(new Uint16Array(buffer), half),
};

/** The number that 16 bits stand for (IEEE 754). */
function half(bits) {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}
