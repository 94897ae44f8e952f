// Matrix products of a few rows and vectors that stay in the registers.

#pragma once

#include <algorithm>
#include "vectors.h"

namespace {

// z[r][n] += sum over k of x[r][k] * w[k][n] for R rows and N vectors, all packed
// without gaps but for the rows of x, to which there are pointers.
template <int R, int N>
void multiply(const float* const* x, Index K, const float* w, float* z) {
  V acc[R][N];
  const float* rows[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    rows[r] = x[r];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) acc[r][n] = load(z + (r * N + n) * L);
  }
  for (Index k = 0; k < K; ++k, w += N * L) {
    V weight[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) weight[n] = load(w + n * L);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) acc[r][n] += rows[r][k] * weight[n];
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) store(z + (r * N + n) * L, acc[r][n]);
}

// How far ahead rows are fetched; tables of rows are longer by as much.
constexpr Index AHEAD = 16;

// z[r][n] = sum over k of x[k][column + r] * w[k][n]: the same, x transposed.
template <int R, int N>
void multiply_transposed(const float* const* x, Index column, Index K, const float* w,
                         float* z) {
  V acc[R][N] = {};
  for (Index k = 0; k < K; ++k, w += N * L) {
    const float* at = x[k] + column;
    __builtin_prefetch(x[k + AHEAD] + column + R);
    V weight[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) weight[n] = load(w + n * L);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) acc[r][n] += at[r] * weight[n];
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) store(z + (r * N + n) * L, acc[r][n]);
}

constexpr Index MOST_ROWS = 8, MOST_VECTORS = 4;

// How many rows of n vectors fit into the registers beside a row of weights.
constexpr Index rows_of_tile(Index n) {
  return std::clamp<Index>((REGISTERS - 1 - n) / n, 1, MOST_ROWS);
}

template <int N>
struct Table {
  using Multiply = void (*)(const float* const*, Index, const float*, float*);
  using Transposed = void (*)(const float* const*, Index, Index, const float*, float*);
  static constexpr Multiply plain[] = {
      multiply<1, N>, multiply<2, N>, multiply<3, N>, multiply<4, N>,
      multiply<5, N>, multiply<6, N>, multiply<7, N>, multiply<8, N>};
  static constexpr Transposed transposed[] = {
      multiply_transposed<1, N>, multiply_transposed<2, N>, multiply_transposed<3, N>,
      multiply_transposed<4, N>, multiply_transposed<5, N>, multiply_transposed<6, N>,
      multiply_transposed<7, N>, multiply_transposed<8, N>};
};
constexpr const Table<1>::Multiply* PLAIN[] = {Table<1>::plain, Table<2>::plain,
                                               Table<3>::plain, Table<4>::plain};
constexpr const Table<1>::Transposed* TRANSPOSED[] = {
    Table<1>::transposed, Table<2>::transposed, Table<3>::transposed,
    Table<4>::transposed};

inline void multiply(Index rows, Index vectors, const float* const* x, Index K,
                     const float* w, float* z) {
  PLAIN[vectors - 1][rows - 1](x, K, w, z);
}

// Room for the largest tile.
struct alignas(64) Tile {
  float z[MOST_ROWS * MOST_VECTORS * L];
  void clear(Index rows, Index vectors) { std::fill_n(z, rows * vectors * L, 0.0f); }
};

// Calls body(first row, rows) for tiles of n rows that differ little in height.
template <class Body>
INLINE void for_tiles(Index n, Index vectors, Body body) {
  Index most = rows_of_tile(vectors), tiles = (n + most - 1) / most;
  for (Index i = 0; i < tiles; ++i)
    body(n * i / tiles, n * (i + 1) / tiles - n * i / tiles);
}

// A product of some rows with a long panel. A stretch of the panel that fits into the
// nearest cache meets all rows before the next one is read.
constexpr Index ROWS = 48, STRETCH = 192;

struct alignas(64) Product {
  float z[ROWS * MOST_VECTORS * L];
  Index rows, vectors;

  Product(Index rows, Index vectors) : rows(rows), vectors(vectors) {
    std::fill_n(z, rows * vectors * L, 0.0f);
  }
  void add(const float* x, Index stride, Index K, const float* w) {
    for (Index k = 0; k < K; k += STRETCH)
      for_tiles(rows, vectors, [&](Index j, Index R) {
        const float* at[MOST_ROWS] = {};
        for (Index r = 0; r < R; ++r) at[r] = x + (j + r) * stride + k;
        multiply(R, vectors, at, std::min(STRETCH, K - k), w + k * vectors * L,
                 z + j * vectors * L);
      });
  }
};

// out[i][...] (+)= sum over k of x[k][i] * panel[k][...] for rows first ... stop.
void accumulate(const float* const* x, Index first, Index stop, Index depth,
                       const float* panel, Index N, Index n, bool fresh, float* out,
                       Index stride) {
  for_tiles(stop - first, N, [&](Index i, Index R) {
    Tile tile;
    TRANSPOSED[N - 1][R - 1](x, first + i, depth, panel, tile.z);
    for (Index r = 0; r < R; ++r)
      for (Index v = 0; v < N; ++v) {
        float* at = out + (first + i + r) * stride + v * L;
        V sum = load(tile.z + (r * N + v) * L);
        store(at, fresh ? sum : sum + load(at, n - v * L), n - v * L);
      }
  });
}

}  // namespace
