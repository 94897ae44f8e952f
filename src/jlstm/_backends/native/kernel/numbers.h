// Which numbers a weight is of, and how a panel holds them.
//
// A panel is vectors as wide as the registers, whatever its numbers are: narrow ones of
// several rows share a lane, so a row of the panel stands for DEPTH rows of the weight.
// A tile takes the numbers of one of these rows out of a vector just before it multiplies.
// Sums and operands are Real, always. More numbers are a new `Packed` and a line in
// `Numbers` and in `with_panel`, and in `with_numbers` if arrays of a call have them.

#pragma once

#include <algorithm>

#include "vectors.h"

namespace {

// A float32 without its lower half.
struct Bfloat {
  uint16_t bits;
};

// A float32 of which a panel keeps one byte, and for each column a scale.
struct Byte {
  float wide;
};

enum Numbers : int32_t { REAL, BFLOAT, BYTE };

template <class T>
struct Packed;

template <>
struct Packed<Real> {
  static constexpr Index DEPTH = 1;
  static constexpr bool SCALED = false;
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
  static constexpr bool SCALED = false;
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

// Four rows a lane, the first below, as signed bytes: the number over the scale of its
// column, which makes 127 of the largest. A last row of the panel has the scales.
template <>
struct Packed<Byte> {
  static constexpr Index DEPTH = 4;
  static constexpr bool SCALED = true;
  template <int I>
  INLINE static V row(V word) {
    VI bits = (VI)word;
    return __builtin_convertvector((I == 3 ? bits : bits << (24 - 8 * I)) >> 24, V);
  }
  static V scale(const Byte* from, Index step, Index rows, Index n) {
    V most{};
    for (Index k = 0; k < rows; ++k) {
      V w = load(&from[k * step].wide, n);
      w = w < V{} ? -w : w;
      most = w > most ? w : most;
    }
    return most / 127.0f;
  }
  static V word(const Byte* from, Index step, Index rows, Index n, V scale) {
    VI bits{};
    for (Index i = 0; i < std::min(rows, DEPTH); ++i)
      bits |= (nearest(load(&from[i * step].wide, n), scale) & 0xff) << int(8 * i);
    return (V)bits;
  }

 private:
  static VI nearest(V w, V scale) {
    const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
    V rounded = (scale > V{} ? w / scale : V{}) + magic;
    return (VI)rounded - (VI)(V{} + magic);
  }
};
#endif

// Calls body with a number of the kind, of an array.
template <class Body>
auto with_numbers([[maybe_unused]] Numbers numbers, Body body) {
#if !defined(JLSTM_DOUBLE)
  if (numbers == BFLOAT) return body(Bfloat{});
#endif
  return body(Real{});
}

// The same, of a panel.
template <class Body>
auto with_panel(Numbers numbers, Body body) {
#if !defined(JLSTM_DOUBLE)
  if (numbers == BYTE) return body(Byte{});
#endif
  return with_numbers(numbers, body);
}

Index depth_of(Numbers numbers) {
  return with_panel(numbers, [](auto n) { return Packed<decltype(n)>::DEPTH; });
}
// Memory of some numbers from the first on; null stays null.
const void* from_number(Numbers numbers, const void* at, Index first) {
  return with_panel(numbers, [&](auto n) -> const void* {
    return at ? static_cast<const decltype(n)*>(at) + first : nullptr;
  });
}
// The rows of a panel for K rows of a weight; of the last one a part may be empty.
Index rows_of_panel(Numbers numbers, Index K) {
  Index depth = depth_of(numbers), scales = numbers == BYTE;
  return (K + depth - 1) / depth + scales;
}

}  // namespace
