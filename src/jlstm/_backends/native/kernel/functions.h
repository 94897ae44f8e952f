// The functions of gates that are rarer than sigmoid and tanh, on vectors.

#pragma once

#include "vectors.h"

namespace {

INLINE V full(float c) { return V{} + c; }
INLINE VI truth(bool c) { return VI{} - int32_t(c); }

INLINE V exp_of(V x) {
  Exponential e = exponential(between(x, -87.0f, 88.0f));
  V y = e.scale * e.rest + e.scale;
  y = x < full(-87.0f) ? full(0.0f) : y;
  return x > full(88.0f) ? full(__builtin_inff()) : y;
}
INLINE V exp2_of(V x) { return exp_of(x * 0.693147181f); }

// Near zero the rest alone is left: no digit is lost.
INLINE V expm1_of(V x) {
  Exponential e = exponential(between(x, -87.0f, 88.0f));
  V y = e.scale * e.rest + (e.scale - 1.0f);
  return x > full(88.0f) ? full(__builtin_inff()) : y;
}

// x = m * 2^n with m between sqrt(1/2) and sqrt(2); the polynomial for log(m) is that of
// Cephes' logf.
INLINE V log_of(V x) {
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
  y = y - 0.5f * (m * m) + m + exponent * 0.693359375f;
  y = x == full(0.0f) ? full(-__builtin_inff()) : y;
  y = x < full(0.0f) ? full(__builtin_nanf("")) : y;
  return x < full(3.4e38f) ? y : x;  // infinity, and what is no number
}
// What rounding took from 1 + x is put back by the quotient.
INLINE V log1p_of(V x) {
  V u = x + 1.0f, d = u - 1.0f;
  V y = log_of(u) * (x / d);
  y = d == full(0.0f) ? x : y;
  return x < full(3.4e38f) ? y : x;
}

// As JAX has them: what is no number stays.
INLINE V larger(V a, V b) {
  V y = a > b ? a : b;
  return a == a ? y : a;
}
INLINE V smaller(V a, V b) {
  V y = a < b ? a : b;
  return a == a ? y : a;
}
INLINE V absolute(V a) { return (V)((VI)a & 0x7fffffff); }
INLINE V sign_of(V a) {
  V y = a < full(0.0f) ? full(-1.0f) : a;
  return a > full(0.0f) ? full(1.0f) : y;
}
INLINE V root(V a) {
  V y;
  for (int l = 0; l < L; ++l) y[l] = __builtin_sqrtf(a[l]);
  return y;
}
INLINE V inverse_root(V a) { return 1.0f / root(a); }

// The sum of the first n.
INLINE float add_up(V v, Index n) {
  float sum = 0.0f;
  for (int l = 0; l < L; ++l) sum += l < n ? v[l] : 0.0f;
  return sum;
}

}  // namespace
