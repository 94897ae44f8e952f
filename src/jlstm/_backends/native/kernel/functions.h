// The functions of gates, on vectors.

#pragma once

#include <limits>

#include "exponential.h"

namespace {

constexpr Real INFINITE = __builtin_inff();

INLINE V sigmoid(V z) {
  Exponential e = exponential(between(-z, LEAST, MOST));
  return Real(1) / ((e.scale * e.rest + e.scale) + Real(1));
}
// From exp(2z) - 1 without a difference of near numbers, so small z keep their digits.
INLINE V hyperbolic_tangent(V z) {
  Exponential e = exponential(between(z + z, -2 * SATURATED, 2 * SATURATED));
  V minus_one = e.scale * e.rest + (e.scale - Real(1));  // exp(2z) - 1
  return minus_one / (minus_one + Real(2));
}

INLINE V exp_of(V x) {
  Exponential e = exponential(between(x, LEAST, MOST));
  V y = e.scale * e.rest + e.scale;
  y = x < full(LEAST) ? full(0) : y;
  return x > full(MOST) ? full(INFINITE) : y;
}
INLINE V exp2_of(V x) { return exp_of(x * Real(0.6931471805599453)); }

// Near zero the rest alone is left: no digit is lost.
INLINE V expm1_of(V x) {
  Exponential e = exponential(between(x, LEAST, MOST));
  V y = e.scale * e.rest + (e.scale - Real(1));
  return x > full(MOST) ? full(INFINITE) : y;
}

INLINE V log_of(V x) {
  V y = logarithm(x);
  y = x == full(0) ? full(-INFINITE) : y;
  y = x < full(0) ? full(__builtin_nanf("")) : y;
  return x < full(INFINITE) ? y : x;  // infinity, and what is no number
}
// What rounding took from 1 + x is put back by the quotient.
INLINE V log1p_of(V x) {
  V u = x + Real(1), d = u - Real(1);
  V y = log_of(u) * (x / d);
  y = d == full(0) ? x : y;
  return x < full(INFINITE) ? y : x;
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
INLINE V absolute(V a) { return (V)((VI)a & std::numeric_limits<Bits>::max()); }
INLINE V sign_of(V a) {
  V y = a < full(0) ? full(-1) : a;
  return a > full(0) ? full(1) : y;
}
INLINE V root(V a) {
  V y;
  for (int l = 0; l < L; ++l) {
    if constexpr (sizeof(Real) == sizeof(float))
      y[l] = __builtin_sqrtf(a[l]);
    else
      y[l] = __builtin_sqrt(a[l]);
  }
  return y;
}
INLINE V inverse_root(V a) { return Real(1) / root(a); }

// The sum of the first n.
INLINE Real add_up(V v, Index n) {
  Real sum = 0;
  for (int l = 0; l < L; ++l) sum += l < n ? v[l] : Real(0);
  return sum;
}

}  // namespace
