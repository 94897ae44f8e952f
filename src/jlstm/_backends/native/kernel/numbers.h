// Which numbers a weight is of, and how a panel holds them.
//
// A panel is vectors as wide as the registers, whatever its numbers are: narrow ones of
// several rows share a lane, so a row of the panel stands for DEPTH rows of the weight.
// A tile takes the numbers of one of these rows out of a vector just before it multiplies.
// Sums and operands are Real, always. More numbers are a new `Packed` and a line in
// `Numbers`, `with_numbers` and `TABLES` (tiles.h).

#pragma once

#include "vectors.h"

namespace {

// A float32 without its lower half.
struct Bfloat {
  uint16_t bits;
};

enum Numbers : int32_t { REAL, BFLOAT };

template <class T>
struct Packed;

template <>
struct Packed<Real> {
  static constexpr Index DEPTH = 1;
  // The numbers of the i-th row that a vector of a panel holds.
  template <int I>
  INLINE static V row(V word) {
    return word;
  }
  // A vector of the panel, from the first n numbers of `rows` rows of a weight.
  static V word(const Real* from, Index, Index, Index n) { return load(from, n); }
  // One lane of it, from numbers that follow each other.
  static Real lane(const Real* from, Index) { return *from; }
  // What a sum is in memory.
  static void round(Real* to, V sum, Index n) { store(to, sum, n); }
};

#if !defined(JLSTM_DOUBLE)
typedef uint16_t Halves __attribute__((vector_size(2 * L)));

// Two rows a lane, the first below: a shift or a mask makes float32 of either. It is also
// how processors with products of bfloat16 read them.
template <>
struct Packed<Bfloat> {
  static constexpr Index DEPTH = 2;
  template <int I>
  INLINE static V row(V word) {
    return I == 0 ? (V)((VI)word << 16) : (V)((VI)word & int32_t(0xffff0000));
  }
  static V word(const Bfloat* from, Index step, Index rows, Index n) {
    VI low = widened(from, n);
    return (V)(rows > 1 ? low | widened(from + step, n) << 16 : low);
  }
  static Real lane(const Bfloat* from, Index count) {
    uint32_t bits = from[0].bits | (count > 1 ? uint32_t(from[1].bits) << 16 : 0);
    Real lane;
    std::memcpy(&lane, &bits, sizeof(lane));
    return lane;
  }
  // To the nearest, of two as near to the even one; NaN stays.
  static void round(Bfloat* to, V sum, Index n) {
    VI bits = (VI)sum, odd = bits >> 16 & 1;
    VI rounded = sum == sum ? bits + (odd + 0x7fff) : bits | 0x400000;
    Halves halves = __builtin_convertvector(rounded >> 16, Halves);
    std::memcpy(to, &halves, n < L ? n * sizeof(Bfloat) : sizeof(halves));
  }

 private:
  static VI widened(const Bfloat* from, Index n) {
    Halves halves{};
    std::memcpy(&halves, from, n < L ? n * sizeof(Bfloat) : sizeof(halves));
    return __builtin_convertvector(halves, VI);
  }
};
#endif

// Calls body with a number of the kind.
template <class Body>
auto with_numbers(Numbers numbers, Body body) {
#if !defined(JLSTM_DOUBLE)
  if (numbers == BFLOAT) return body(Bfloat{});
#endif
  return body(Real{});
}

Index depth_of(Numbers numbers) {
  return with_numbers(numbers, [](auto n) { return Packed<decltype(n)>::DEPTH; });
}
// Memory of some numbers from the first on; null stays null.
const void* from_number(Numbers numbers, const void* at, Index first) {
  return with_numbers(numbers, [&](auto n) -> const void* {
    return at ? static_cast<const decltype(n)*>(at) + first : nullptr;
  });
}
// The rows of a panel for K rows of a weight; of the last one a part may be empty.
Index rows_of_panel(Numbers numbers, Index K) {
  Index depth = depth_of(numbers);
  return (K + depth - 1) / depth;
}

}  // namespace
