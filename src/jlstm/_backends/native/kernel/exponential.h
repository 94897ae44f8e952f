// exp and log, from which the functions of gates are made: all that differs between float
// and double but for its width.

#pragma once

#include "vectors.h"

namespace {

// exp(x) = scale * (1 + rest), rest accurate also where it is small. NaN passes through.
struct Exponential {
  V scale, rest;
};

#if defined(JLSTM_DOUBLE)

// Beyond these bounds the bits of 2^n would not be those of a number.
constexpr Real LEAST = -708.0, MOST = 709.0;
// Where 1 - tanh is less than a rounding.
constexpr Real SATURATED = 20.0;

INLINE Exponential exponential(V x) {
  const Real magic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
  V shifted = x * 1.4426950408889634 + magic;
  V n = shifted - magic;
  // log(2) in two parts, of which n times the first is exact.
  V r = x - n * 0.693145751953125;
  r = r - n * 1.4286068203094172e-6;
  // The series: |r| is at most log(2) / 2, and the first term left out below 2^-55.
  V p = r * (1.0 / 6227020800.0) + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * (r * r) + r;
  VI bits = ((VI)shifted << 52) + 0x3ff0000000000000;  // the bits of 2^n
  return {(V)bits, p};
}

// log(x) for finite x above zero: x = m * 2^n with m between sqrt(1/2) and sqrt(2), and
// log(1 + f) = f - f²/2 + s (f²/2 + R), where s = f / (2 + f) and R is the rest of the
// series of 2 atanh(s) over s.
INLINE V logarithm(V x) {
  VI bits = (VI)x;
  VI n = (bits - 0x3fe6a09e667f3bcd) >> 52;
  V f = (V)(bits - (n << 52)) - 1.0, exponent = __builtin_convertvector(n, V);
  V s = f / (f + 2.0), square = s * s, half = 0.5 * f * f;
  V p = square * (2.0 / 23.0) + 2.0 / 21.0;
  p = p * square + 2.0 / 19.0;
  p = p * square + 2.0 / 17.0;
  p = p * square + 2.0 / 15.0;
  p = p * square + 2.0 / 13.0;
  p = p * square + 2.0 / 11.0;
  p = p * square + 2.0 / 9.0;
  p = p * square + 2.0 / 7.0;
  p = p * square + 2.0 / 5.0;
  p = p * square + 2.0 / 3.0;
  V low = s * (half + p * square) + exponent * 1.4286068203094172e-6;
  return exponent * 0.693145751953125 - ((half - low) - f);
}

#else

constexpr Real LEAST = -87.0f, MOST = 88.0f;
constexpr Real SATURATED = 15.0f;

// The polynomial is that of Cephes' expf.
INLINE Exponential exponential(V x) {
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  V shifted = x * 1.44269504f + magic;
  V n = shifted - magic;
  // log(2) in two parts, of which n times the first is exact.
  V r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  V p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r;
  VI bits = ((VI)shifted << 23) + 0x3f800000;  // the bits of 2^n
  return {(V)bits, p};
}

// log(x) for finite x above zero: x = m * 2^n with m between sqrt(1/2) and sqrt(2); the
// polynomial for log(m) is that of Cephes' logf.
INLINE V logarithm(V x) {
  VI bits = (VI)x;
  VI n = (bits - 0x3f3504f3) >> 23;
  V m = (V)(bits - (n << 23)) - 1.0f, exponent = __builtin_convertvector(n, V);
  V p = m * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  V y = p * m * (m * m) - exponent * 2.12194440e-4f;
  return y - 0.5f * (m * m) + m + exponent * 0.693359375f;
}

#endif

}  // namespace
