// LSTM and GRU (reset after) over a whole sequence, forward and backward, in float32.
//
// Compiled by build.py on the machine that runs it, for exactly its processor, so the
// vectors below are as wide as the registers are. The mathematics is that of
// jlstm/cells; here it is arranged so that little leaves the caches:
//
// * weights are packed once a call into panels: a few vectors of units, all gates of
//   them side by side, one row after the other;
// * a tile of some rows of the batch times one panel is multiplied in registers, and
//   the gates are applied to it before it is stored;
// * the input of some steps at a time is projected just before the steps read it;
// * the gradients of the weights are single products over all steps.
//
// Rows of the batch are shared out to threads; where they are few and the recurrent
// weight is large, units are, and the threads wait for each other after every step.

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <type_traits>
#include <vector>

#include "xla/ffi/api/ffi.h"

namespace {

namespace ffi = xla::ffi;
using Index = int64_t;

// ---------------------------------------------------------------------- vectors

#if defined(__AVX512F__)
constexpr int L = 16, REGISTERS = 32;
#elif defined(__AVX__)
constexpr int L = 8, REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int L = 4, REGISTERS = 32;
#else
constexpr int L = 4, REGISTERS = 16;
#endif

typedef float V __attribute__((vector_size(4 * L)));
typedef int32_t VI __attribute__((vector_size(4 * L)));
typedef V Unaligned __attribute__((aligned(4), may_alias));

#define INLINE inline __attribute__((always_inline))

INLINE V load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
INLINE void store(float* p, V v) { *reinterpret_cast<Unaligned*>(p) = v; }

// The first n of L numbers; the others are zero, or are left alone.
INLINE V load(const float* p, Index n) {
  if (n >= L) return load(p);
  V v{};
  std::memcpy(&v, p, n * sizeof(float));
  return v;
}
INLINE void store(float* p, V v, Index n) {
  if (n >= L) return store(p, v);
  std::memcpy(p, &v, n * sizeof(float));
}

// exp(x) = scale * (1 + rest), rest accurate also where it is small. The polynomial is
// that of Cephes' expf. NaN passes through.
struct Exponential {
  V scale, rest;
};
INLINE Exponential exponential(V x) {
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  V shifted = x * 1.44269504f + magic;
  V n = shifted - magic;
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
INLINE V between(V x, float low, float high) {
  V lows = V{} + low, highs = V{} + high;
  x = x < lows ? lows : x;
  return x > highs ? highs : x;
}
INLINE V sigmoid(V z) {
  Exponential e = exponential(between(-z, -87.0f, 88.0f));
  return 1.0f / ((e.scale * e.rest + e.scale) + 1.0f);
}
INLINE V hyperbolic_tangent(V z) {
  Exponential e = exponential(between(z + z, -30.0f, 30.0f));
  V minus_one = e.scale * e.rest + (e.scale - 1.0f);  // exp(2z) - 1
  return minus_one / (minus_one + 2.0f);
}

// ---------------------------------------------------------------- tiles in registers

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

// ------------------------------------------------------------------------- threads

INLINE void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits actively for a moment, then lets others have the core.
template <class Ready>
void wait_until(Ready ready) {
  for (int spins = 0; !ready(); ++spins) {
    if (spins < 4000)
      pause();
    else
      std::this_thread::yield();
  }
}

int thread_limit() {
  static const int limit = [] {
    const char* given = std::getenv("JLSTM_NATIVE_THREADS");
    int n = given ? std::atoi(given) : 0;
    return n > 0 ? n : 1 << 20;
  }();
  return limit;
}

// The calling thread and as many of XLA's as turn up. Work is claimed, never assigned,
// so a helper that comes late, or never, delays nobody.
class Team {
 public:
  explicit Team(ffi::ThreadPool pool)
      : pool_(pool),
        size_(std::clamp<Index>(pool.num_threads(), 1, thread_limit())) {}

  int size() const { return size_; }

  // Calls body(task, worker) for tasks 0 ... n - 1, in any order.
  template <class Body>
  void each(Index n, Body body) {
    if (n <= 1 || size_ == 1) {
      for (Index i = 0; i < n; ++i) body(i, 0);
      return;
    }
    struct Shared {
      std::atomic<Index> next{0}, done{0};
    };
    auto shared = std::make_shared<Shared>();
    auto work = [shared, n, &body](int worker) {
      for (Index i; (i = shared->next.fetch_add(1)) < n;) {
        body(i, worker);
        shared->done.fetch_add(1, std::memory_order_release);
      }
    };
    help(std::min<Index>(size_, n), work);
    wait_until([&] { return shared->done.load(std::memory_order_acquire) == n; });
  }

  // Calls body(phase, task) for tasks 0 ... n - 1 of every phase, and begins a phase
  // when the one before is complete. A task stays with one thread if it can.
  template <class Body>
  void phases(Index count, Index n, Body body) {
    int members = std::min<Index>(size_, n);
    struct alignas(64) Counter {
      std::atomic<Index> value{0};
    };
    struct Shared {
      std::unique_ptr<Counter[]> claimed;
      Counter done;
    };
    auto shared = std::make_shared<Shared>();
    shared->claimed.reset(new Counter[members]);
    auto work = [shared, count, n, members, &body](int self) {
      std::atomic<Index>& done = shared->done.value;
      for (Index p = done.load(std::memory_order_acquire) / n; p < count; ++p) {
        for (int m = 0; m < members; ++m) {
          int owner = (self + m) % members;
          Index first = n * owner / members, size = n * (owner + 1) / members - first;
          std::atomic<Index>& claimed = shared->claimed[owner].value;
          Index seen = claimed.load();
          while (seen < (p + 1) * size) {
            if (!claimed.compare_exchange_weak(seen, seen + 1)) continue;
            body(p, first + seen - p * size);
            done.fetch_add(1, std::memory_order_acq_rel);
          }
        }
        wait_until([&] { return done.load(std::memory_order_acquire) >= (p + 1) * n; });
      }
    };
    help(members, work);
  }

 private:
  template <class Work>
  void help(int members, const Work& work) {
    for (int worker = 1; worker < members; ++worker)
      pool_.Schedule([work, worker] { work(worker); });
    work(0);
  }

  ffi::ThreadPool pool_;
  int size_;
};

// ------------------------------------------------------------------------- memory

constexpr size_t HUGE_PAGE = size_t{1} << 21;

// Asks for large pages before the memory is first touched: fewer page faults.
void advise_huge([[maybe_unused]] void* data, [[maybe_unused]] size_t bytes) {
#if defined(MADV_HUGEPAGE)
  uintptr_t first = (reinterpret_cast<uintptr_t>(data) + 4095) & ~uintptr_t{4095};
  uintptr_t last = (reinterpret_cast<uintptr_t>(data) + bytes) & ~uintptr_t{4095};
  if (bytes >= HUGE_PAGE)
    madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#endif
}

// Scratch memory that is kept between calls; what two calls use at once is separate.
class Scratch {
 public:
  explicit Scratch(size_t floats) {
    size_t bytes = (floats * sizeof(float) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    {
      std::lock_guard<std::mutex> lock(mutex());
      auto& kept = blocks();
      for (size_t i = 0; i < kept.size() && !block_.data; ++i)
        if (kept[i].bytes >= bytes) {
          block_ = kept[i];
          kept.erase(kept.begin() + i);
        }
      if (!block_.data && !kept.empty()) {  // too small: make way for a larger one
        std::free(kept.back().data);
        kept.pop_back();
      }
    }
    if (!block_.data) {
      block_ = {std::aligned_alloc(HUGE_PAGE, bytes), bytes};
      if (!block_.data) throw std::bad_alloc();
      advise_huge(block_.data, bytes);
    }
    next_ = static_cast<float*>(block_.data);
  }
  ~Scratch() {
    std::lock_guard<std::mutex> lock(mutex());
    blocks().push_back(block_);
  }
  Scratch(const Scratch&) = delete;

  // Every piece begins at a cache line; ask the constructor for `padded` of each size.
  float* take(size_t floats) {
    float* piece = next_;
    next_ += padded(floats);
    return piece;
  }
  static size_t padded(size_t floats) { return (floats + 15) / 16 * 16; }

 private:
  struct Block {
    void* data = nullptr;
    size_t bytes = 0;
  };
  static std::mutex& mutex() {
    static std::mutex it;
    return it;
  }
  static std::vector<Block>& blocks() {
    static auto* it = new std::vector<Block>;
    return *it;
  }
  Block block_;
  float* next_;
};

// ----------------------------------------------------------------------- arguments

// A sequence as the kernel sees it; a null pointer stands for what is absent.
struct Sequence {
  Index T, B, I, H;
  bool reverse;
  const float *xs, *w_ih, *w_hh, *b, *b_hn;  // (T,B,I) (I,G,H) (H,G,H) (G,H) (H)
  const float *h0, *c0, *fresh_h, *fresh_c;  // (B,H)
  const bool *live, *resets;                 // (T,B)
  float *hs, *c, *cs, *kept;                 // (T,B,H) (B,H) (T,B,H) (T,B,4,H)

  // The step that is consumed s-th.
  Index step(Index s) const { return reverse ? T - 1 - s : s; }
  bool is_live(Index t, Index m) const { return !live || live[t * B + m]; }
  bool is_reset(Index t, Index m) const { return resets && resets[t * B + m]; }

  // What row m holds before the step that is consumed s-th.
  const float* before(const float* first, const float* fresh, const float* all,
                      Index s, Index m) const {
    if (is_reset(step(s), m)) return fresh + m * H;
    return s == 0 ? first + m * H : all + (step(s - 1) * B + m) * H;
  }
  const float* h_before(Index s, Index m) const {
    return before(h0, fresh_h, hs, s, m);
  }
  const float* c_before(Index s, Index m) const {
    return before(c0, fresh_c, cs, s, m);
  }
};

struct Gradients {
  const float *hs, *c;                       // of the outputs: (T,B,H) (B,H)
  float* dz;                                 // of the pre-activations: (T,B,4,H)
  float *xs, *w_ih, *w_hh, *b, *b_hn;        // as in Sequence; xs may be null
  float *h0, *c0, *fresh_h, *fresh_c;        // (B,H)
};

// --------------------------------------------------------------------------- cells

// A cell says how a tile of pre-activations becomes a carry, for L units from `u` on
// and R rows, and the way back. `n` of the L units exist.

struct Lstm {
  static constexpr int gates = 4;
  static constexpr bool has_c = true;
  static constexpr bool always_holds = false;

  static INLINE void forward(const Sequence& q, Index t, Index s, Index m, Index u,
                             Index n, const float* z, const float*,
                             const float* h_old) {
    Index row = t * q.B + m;
    float* c_row = q.c + m * q.H + u;
    const float* c_from = q.is_reset(t, m) ? q.fresh_c + m * q.H + u
                          : s == 0         ? q.c0 + m * q.H + u
                                           : c_row;
    V c = load(c_from, n), h;
    V i = sigmoid(load(z)), f = sigmoid(load(z + L)),
      g = hyperbolic_tangent(load(z + 2 * L)), o = sigmoid(load(z + 3 * L));
    if (q.is_live(t, m)) {
      c = f * c + i * g;
      h = o * hyperbolic_tangent(c);
    } else {
      h = load(h_old + u, n);
    }
    store(c_row, c, n);
    store(q.hs + row * q.H + u, h, n);
    if (q.kept) {
      store(q.cs + row * q.H + u, c, n);
      float* kept = q.kept + row * 4 * q.H + u;
      store(kept, i, n);
      store(kept + q.H, f, n);
      store(kept + 2 * q.H, g, n);
      store(kept + 3 * q.H, o, n);
    }
  }

  // dh is the gradient of the new h; returns what of it h before the step receives
  // beside what passes through the pre-activations.
  static INLINE void backward(const Sequence& q, const Gradients& d, Index t, Index s,
                              Index m, Index u, Index n, V dh, V& dc, V&) {
    Index row = t * q.B + m;
    const float* kept = q.kept + row * 4 * q.H + u;
    V i = load(kept, n), f = load(kept + q.H, n), g = load(kept + 2 * q.H, n),
      o = load(kept + 3 * q.H, n);
    V shown = hyperbolic_tangent(load(q.cs + row * q.H + u, n));
    V c_old = load(q.c_before(s, m) + u, n);
    dc += dh * o * (1.0f - shown * shown);
    float* dz = d.dz + row * 4 * q.H + u;
    store(dz, dc * g * i * (1.0f - i), n);
    store(dz + q.H, dc * c_old * f * (1.0f - f), n);
    store(dz + 2 * q.H, dc * i * (1.0f - g * g), n);
    store(dz + 3 * q.H, dh * shown * o * (1.0f - o), n);
    dc = dc * f;
  }
};

// Keeps r, z, n and the recurrent share of the candidate; the gradients of the
// pre-activations are in the order r, z, recurrent share of n, input share of n.
struct Gru {
  static constexpr int gates = 3;
  static constexpr bool has_c = false;
  static constexpr bool always_holds = true;

  static INLINE void forward(const Sequence& q, Index t, Index, Index m, Index u,
                             Index n, const float* z, const float* projected,
                             const float* h_old) {
    Index row = t * q.B + m;
    V h = load(h_old + u, n);
    V reset = sigmoid(load(z)), update = sigmoid(load(z + L));
    V recurrent = load(z + 2 * L);
    V candidate = hyperbolic_tangent(load(projected + 2 * L) + reset * recurrent);
    if (q.is_live(t, m)) h = (1.0f - update) * candidate + update * h;
    store(q.hs + row * q.H + u, h, n);
    if (q.kept) {
      float* kept = q.kept + row * 4 * q.H + u;
      store(kept, reset, n);
      store(kept + q.H, update, n);
      store(kept + 2 * q.H, candidate, n);
      store(kept + 3 * q.H, recurrent, n);
    }
  }

  static INLINE void backward(const Sequence& q, const Gradients& d, Index t, Index s,
                              Index m, Index u, Index n, V dh, V&, V& direct) {
    Index row = t * q.B + m;
    const float* kept = q.kept + row * 4 * q.H + u;
    V reset = load(kept, n), update = load(kept + q.H, n),
      candidate = load(kept + 2 * q.H, n), recurrent = load(kept + 3 * q.H, n);
    V h_old = load(q.h_before(s, m) + u, n);
    V d_candidate = dh * (1.0f - update) * (1.0f - candidate * candidate);
    float* dz = d.dz + row * 4 * q.H + u;
    store(dz, d_candidate * recurrent * reset * (1.0f - reset), n);
    store(dz + q.H, dh * (h_old - candidate) * update * (1.0f - update), n);
    store(dz + 2 * q.H, d_candidate * reset, n);
    store(dz + 3 * q.H, d_candidate, n);
    direct = dh * update;
  }
};

// ------------------------------------------------------------------------- packing

// (K, G, H) to [panel of L units][K][G][L], zeros where units end. With one task a
// panel.
template <int G>
void pack_gates(const float* w, Index K, Index H, Index panel, float* out) {
  Index u = panel * L, n = std::min<Index>(L, H - u);
  out += panel * K * G * L;
  for (Index k = 0; k < K; ++k)
    for (int g = 0; g < G; ++g, out += L) store(out, load(w + (k * G + g) * H + u, n));
}

// Columns j ... j + columns of the transposed (rows, length) matrix w, from row `j` of
// it: out[k][n][l] = w[j + n * L + l][k].
void pack_transposed(const float* w, Index rows, Index length, Index j, Index vectors,
                     float* out) {
  for (Index first = 0; first < length; first += L) {
    Index stop = std::min<Index>(first + L, length);
    for (Index n = 0; n < vectors; ++n)
      for (Index l = 0; l < L; ++l) {
        Index row = j + n * L + l;
        for (Index k = first; k < stop; ++k)
          out[(k * vectors + n) * L + l] = row < rows ? w[row * length + k] : 0.0f;
      }
  }
}

// n vectors in groups of at most 4 that differ little: group g begins at vector
// begin(g).
struct Groups {
  Index vectors, count;
  explicit Groups(Index n, Index most = 4)
      : vectors(n), count((n + most - 1) / most) {}
  Index begin(Index g) const { return vectors * g / count; }
  Index size(Index g) const { return begin(g + 1) - begin(g); }
};

Index divide_up(Index a, Index b) { return (a + b - 1) / b; }

// How the work of the recurrence is shared out.
struct Split {
  bool by_units;
  Index blocks, steps;  // blocks of rows; steps that are projected together

  Split(const Sequence& q, int threads, int gates) {
    constexpr Index rows_at_once = 48;
    Index weights = gates * q.H * q.H * sizeof(float);
    by_units = threads > 1 && q.B < 8 * threads && weights >= (Index{1} << 19);
    blocks = by_units || q.B == 0 ? 1
                      : std::max(std::min<Index>(threads, q.B),
                                 divide_up(q.B, rows_at_once));
    Index rows = divide_up(q.B, blocks);
    steps = std::clamp<Index>(rows_at_once / std::max<Index>(rows, 1), 1,
                              std::max<Index>(q.T, 1));
  }
};

// ------------------------------------------------------------------------- forward

template <class Cell>
class Forward {
 public:
  Forward(const Sequence& q, Team& team)
      : q_(q),
        team_(team),
        split_(q, team.size(), G),
        panels_(divide_up(q.H, L)),
        rows_(divide_up(q.B, split_.blocks) * split_.steps),
        projected_(Scratch::padded(panels_ * rows_ * G * L)),
        scratch_(panels_ * (q.I + q.H + 2) * G * L + 64 + projected_ * copies()) {
    w_ih_ = scratch_.take(panels_ * q.I * G * L);
    w_hh_ = scratch_.take(panels_ * q.H * G * L);
    b_ = scratch_.take(panels_ * G * L);
    b_hn_ = scratch_.take(panels_ * L);
    zx_ = scratch_.take(projected_ * copies());
  }

  void run() {
    if (q_.T * q_.B == 0) return;
    team_.each(panels_, [&](Index u, int) { pack(u); });
    Index chunk = split_.steps + 1;
    Index count = q_.T + divide_up(q_.T, split_.steps);
    if (split_.by_units) {
      team_.phases(count, panels_, [&](Index p, Index u) {
        phase(p / chunk, p % chunk, u, 0, q_.B, zx_);
      });
      return;
    }
    team_.each(split_.blocks, [&](Index block, int worker) {
      Index m0 = q_.B * block / split_.blocks, m1 = q_.B * (block + 1) / split_.blocks;
      for (Index p = 0; p < count; ++p)
        for (Index u = 0; u < panels_; ++u)
          phase(p / chunk, p % chunk, u, m0, m1, zx_ + worker * projected_);
    });
  }

 private:
  static constexpr int G = Cell::gates;

  Index copies() const { return split_.by_units ? 1 : team_.size(); }

  void pack(Index u) {
    pack_gates<G>(q_.w_ih, q_.I, q_.H, u, w_ih_);
    pack_gates<G>(q_.w_hh, q_.H, q_.H, u, w_hh_);
    Index n = std::min<Index>(L, q_.H - u * L);
    for (int g = 0; g < G; ++g)
      store(b_ + (u * G + g) * L, q_.b ? load(q_.b + g * q_.H + u * L, n) : V{});
    store(b_hn_ + u * L, q_.b_hn ? load(q_.b_hn + u * L, n) : V{});
  }

  // Of every chunk of steps the first phase projects the input, the others are steps.
  void phase(Index chunk, Index part, Index u, Index m0, Index m1, float* zx) {
    Index first = chunk * split_.steps;
    zx += u * rows_ * G * L;
    if (part == 0)
      project(first, std::min(first + split_.steps, q_.T), u, m0, m1, zx);
    else
      step(first + part - 1, u, m0, m1, zx + (part - 1) * (m1 - m0) * G * L);
  }

  void project(Index s0, Index s1, Index u, Index m0, Index m1, float* zx) {
    Index rows = m1 - m0;
    for_tiles((s1 - s0) * rows, G, [&](Index j, Index R) {
      const float* x[MOST_ROWS] = {};
      float* z = zx + j * G * L;
      for (Index r = 0; r < R; ++r) {
        Index t = q_.step(s0 + (j + r) / rows), m = m0 + (j + r) % rows;
        x[r] = q_.xs + (t * q_.B + m) * q_.I;
        std::copy_n(b_ + u * G * L, G * L, z + r * G * L);
      }
      multiply(R, G, x, q_.I, w_ih_ + u * q_.I * G * L, z);
    });
  }

  void step(Index s, Index u, Index m0, Index m1, const float* zx) {
    Index t = q_.step(s), n = std::min<Index>(L, q_.H - u * L);
    for_tiles(m1 - m0, G, [&](Index j, Index R) {
      const float* h[MOST_ROWS] = {};
      Tile tile;
      std::copy_n(zx + j * G * L, R * G * L, tile.z);
      for (Index r = 0; r < R; ++r) {
        h[r] = q_.h_before(s, m0 + j + r);
        // The recurrent share of a GRU's candidate does not join that of the input.
        if (!Cell::has_c) std::copy_n(b_hn_ + u * L, L, tile.z + (r * G + 2) * L);
      }
      multiply(R, G, h, q_.H, w_hh_ + u * q_.H * G * L, tile.z);
      for (Index r = 0; r < R; ++r)
        Cell::forward(q_, t, s, m0 + j + r, u * L, n, tile.z + r * G * L,
                      zx + (j + r) * G * L, h[r]);
    });
  }

  const Sequence& q_;
  Team& team_;
  Split split_;
  Index panels_, rows_, projected_;
  Scratch scratch_;
  float *w_ih_, *w_hh_, *b_, *b_hn_, *zx_;
};

// ------------------------------------------------------------------------ backward

template <class Cell>
class Backward {
 public:
  Backward(const Sequence& q, const Gradients& d, Team& team)
      : q_(q),
        d_(d),
        team_(team),
        split_(q, team.size(), G),
        units_(divide_up(q.H, L)),
        inputs_(divide_up(q.I, L)),
        columns_(divide_up(q.H, L)),
        scratch_(divide_up(q.H, L) * L * G * q.H + divide_up(q.I, L) * L * 4 * q.H +
                 Scratch::padded(q.B * q.H) * 2 + 4 * (q.T * q.B + AHEAD) +
                 team.size() * DEPTH * 4 * L + 1024) {
    w_hh_ = scratch_.take(units_.vectors * L * G * q.H);
    w_ih_ = scratch_.take(inputs_.vectors * L * 4 * q.H);
    dc_ = scratch_.take(q.B * q.H);
    hold_ = scratch_.take(q.B * q.H);
    x_rows_ = reinterpret_cast<const float**>(scratch_.take(2 * (q.T * q.B + AHEAD)));
    h_rows_ = reinterpret_cast<const float**>(scratch_.take(2 * (q.T * q.B + AHEAD)));
    panels_ = scratch_.take(team.size() * DEPTH * 4 * L);
    holds_ = Cell::always_holds || q.live;
  }

  void run() {
    if (q_.T * q_.B == 0) return clear_weights();
    prepare();
    recur();
    products();
  }

 private:
  static constexpr int G = Cell::gates;
  static constexpr Index DEPTH = 192;  // rows of dz that are packed at a time

  void clear_weights() {
    if (!d_.w_hh) return;
    std::fill_n(d_.w_ih, q_.I * G * q_.H, 0.0f);
    std::fill_n(d_.w_hh, q_.H * G * q_.H, 0.0f);
    if (d_.b) std::fill_n(d_.b, G * q_.H, 0.0f);
    if (d_.b_hn) std::fill_n(d_.b_hn, q_.H, 0.0f);
  }

  void prepare() {
    Index n = q_.B * q_.H;
    std::fill_n(hold_, n, 0.0f);
    if (Cell::has_c) std::copy_n(d_.c, n, dc_);
    if (q_.resets) {
      std::fill_n(d_.fresh_h, n, 0.0f);
      if (Cell::has_c) std::fill_n(d_.fresh_c, n, 0.0f);
    }
    Index wide = G * q_.H, groups = units_.count;
    team_.each(groups + (d_.xs ? inputs_.count : 0), [&](Index i, int) {
      if (i < groups)
        pack_transposed(q_.w_hh, q_.H, wide, units_.begin(i) * L, units_.size(i),
                        w_hh_ + units_.begin(i) * L * wide);
      else
        pack_transposed(q_.w_ih, q_.I, wide, inputs_.begin(i - groups) * L,
                        inputs_.size(i - groups),
                        w_ih_ + inputs_.begin(i - groups) * L * wide);
    });
  }

  void recur() {
    if (split_.by_units) {
      team_.phases(q_.T + 1, units_.count,
                   [&](Index p, Index g) { phase(p, g, 0, q_.B); });
      return;
    }
    team_.each(split_.blocks, [&](Index block, int) {
      Index m0 = q_.B * block / split_.blocks, m1 = q_.B * (block + 1) / split_.blocks;
      for (Index p = 0; p <= q_.T; ++p)
        for (Index g = 0; g < units_.count; ++g) phase(p, g, m0, m1);
    });
  }

  // Phase p takes the gradient of the carry before step T - p and goes back through
  // the step before that; the last one hands it to the start.
  void phase(Index p, Index group, Index m0, Index m1) {
    Index s = q_.T - 1 - p, wide = G * q_.H;
    Index j0 = units_.begin(group), N = units_.size(group);
    const float* w = w_hh_ + j0 * L * wide;
    for (Index first = m0; first < m1; first += ROWS) {
      Product product(std::min(ROWS, m1 - first), N);
      if (p > 0)
        product.add(d_.dz + (q_.step(s + 1) * q_.B + first) * 4 * q_.H, 4 * q_.H, wide,
                    w);
      for (Index r = 0; r < product.rows; ++r)
        for (Index v = 0; v < N; ++v)
          back(s, first + r, (j0 + v) * L, load(product.z + (r * N + v) * L));
    }
  }

  // Goes back through step s for L units of a row; dh is the gradient of h after it
  // that came by way of the pre-activations of the step that follows.
  INLINE void back(Index s, Index m, Index u, V dh) {
    Index n = std::min<Index>(L, q_.H - u), at = m * q_.H + u;
    float *dc_at = dc_ + at, *hold_at = hold_ + at;
    V dc{}, hold{};
    if (holds_) dh += load(hold_at, n);
    if (Cell::has_c) dc = load(dc_at, n);
    if (s < q_.T - 1 && q_.is_reset(q_.step(s + 1), m)) {
      store(d_.fresh_h + at, load(d_.fresh_h + at, n) + dh, n);
      if (Cell::has_c) store(d_.fresh_c + at, load(d_.fresh_c + at, n) + dc, n);
      dh = dc = V{};
    }
    if (s < 0) {
      store(d_.h0 + at, dh, n);
      if (Cell::has_c) store(d_.c0 + at, dc, n);
      return;
    }
    Index t = q_.step(s);
    dh += load(d_.hs + (t * q_.B + m) * q_.H + u, n);
    if (q_.is_live(t, m)) {
      Cell::backward(q_, d_, t, s, m, u, n, dh, dc, hold);
    } else {
      float* dz = d_.dz + (t * q_.B + m) * 4 * q_.H + u;
      for (int k = 0; k < 4; ++k) store(dz + k * q_.H, V{}, n);
      hold = dh;
    }
    if (holds_) store(hold_at, hold, n);
    if (Cell::has_c) store(dc_at, dc, n);
  }

  // The gradients of the inputs, the weights and the biases: products over all steps.
  void products() {
    Index rows = q_.T * q_.B;
    for (Index s = 0; s < q_.T; ++s)
      for (Index m = 0; m < q_.B; ++m) {
        Index row = q_.step(s) * q_.B + m;
        x_rows_[row] = q_.xs + row * q_.I;
        h_rows_[row] = q_.h_before(s, m);
      }
    for (Index i = 0; i < AHEAD; ++i) {
      x_rows_[rows + i] = q_.xs;
      h_rows_[rows + i] = q_.hs;
    }
    Index columns = columns_of_dz(), blocks = d_.xs ? divide_up(rows, ROWS) : 0;
    Index parts = d_.w_hh ? std::max<Index>(1, 2 * team_.size() / columns) : 0;
    team_.each(columns * parts + blocks, [&](Index i, int worker) {
      if (i < columns * parts)
        weights(i / parts, i % parts, parts, panels_ + worker * DEPTH * 4 * L);
      else
        inputs((i - columns * parts) * ROWS,
               std::min(rows, (i - columns * parts + 1) * ROWS));
    });
  }

  Index columns_of_dz() const { return 4 * columns_.count; }

  // A group of columns within one of the four blocks of dz, and what it belongs to.
  void weights(Index column, Index part, Index parts, float* panel) {
    Index block = column / columns_.count, group = column % columns_.count;
    Index u = columns_.begin(group) * L;
    Index n = std::min(columns_.size(group) * L, q_.H - u);
    // The blocks of a GRU are r, z, n of w_hh, n of w_ih.
    bool to_input = Cell::has_c || block != 2, to_hidden = Cell::has_c || block != 3;
    Index gate = std::min<Index>(block, G - 1), wide = G * q_.H;
    float* bias = to_input ? (d_.b ? d_.b + gate * q_.H + u : nullptr)
                           : (d_.b_hn ? d_.b_hn + u : nullptr);
    Index rows = q_.T * q_.B;
    Index N = columns_.size(group);
    V sum[MOST_VECTORS] = {};
    for (Index k = 0; k < rows; k += DEPTH) {
      Index depth = std::min(DEPTH, rows - k);
      const float* dz = d_.dz + k * 4 * q_.H + block * q_.H + u;
      for (Index i = 0; i < depth; ++i, dz += 4 * q_.H)
        for (Index v = 0; v < N; ++v) {
          V value = load(dz + v * L, n - v * L);
          sum[v] += value;
          store(panel + (i * N + v) * L, value);
        }
      auto add = [&](const float* const* x, Index count, float* out) {
        Index first = count * part / parts, stop = count * (part + 1) / parts;
        accumulate(x + k, first, stop, depth, panel, N, n, k == 0,
                   out + gate * q_.H + u, wide);
      };
      if (to_input) add(x_rows_, q_.I, d_.w_ih);
      if (to_hidden) add(h_rows_, q_.H, d_.w_hh);
    }
    if (bias && part == 0)
      for (Index v = 0; v < N; ++v) store(bias + v * L, sum[v], n - v * L);
  }

  // out[i][...] (+)= sum over k of x[k][i] * panel[k][...] for rows first ... stop.
  static void accumulate(const float* const* x, Index first, Index stop, Index depth,
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

  // d_xs = dz w_ih^T for some rows of all steps.
  void inputs(Index first, Index stop) {
    Index wide = G * q_.H, head = Cell::has_c ? wide : 2 * q_.H;
    for (Index group = 0; group < inputs_.count; ++group) {
      Index i = inputs_.begin(group) * L, n = std::min(inputs_.size(group) * L, q_.I - i);
      Index N = inputs_.size(group);
      const float *w = w_ih_ + i * wide, *dz = d_.dz + first * 4 * q_.H;
      Product product(stop - first, N);
      product.add(dz, 4 * q_.H, head, w);
      if (!Cell::has_c)
        product.add(dz + 3 * q_.H, 4 * q_.H, q_.H, w + head * N * L);
      for (Index r = 0; r < product.rows; ++r)
        for (Index v = 0; v < N; ++v)
          store(d_.xs + (first + r) * q_.I + i + v * L,
                load(product.z + (r * N + v) * L), n - v * L);
    }
  }

  const Sequence& q_;
  const Gradients& d_;
  Team& team_;
  Split split_;
  Groups units_, inputs_, columns_;
  Scratch scratch_;
  float *w_hh_, *w_ih_, *dc_, *hold_, *panels_;
  const float **x_rows_, **h_rows_;
  bool holds_;
};

// ------------------------------------------------------------------ what XLA calls

template <class T>
T* data(ffi::AnyBuffer buffer) {
  return buffer.element_count() ? static_cast<T*>(buffer.untyped_data()) : nullptr;
}

struct Inputs {
  ffi::RemainingArgs& args;
  size_t next = 0;
  ffi::AnyBuffer buffer() { return args.get<ffi::AnyBuffer>(next++).value(); }
  const float* floats() { return data<const float>(buffer()); }
  const bool* flags() { return data<const bool>(buffer()); }
};

struct Outputs {
  ffi::RemainingRets& rets;
  size_t next = 0;
  float* floats() {
    ffi::AnyBuffer buffer = *rets.get<ffi::AnyBuffer>(next++).value();
    advise_huge(buffer.untyped_data(), buffer.size_bytes());
    return data<float>(buffer);
  }
};

Sequence read_sequence(Inputs& in, bool reverse) {
  Sequence q{};
  ffi::AnyBuffer xs = in.buffer();
  q.T = xs.dimensions()[0], q.B = xs.dimensions()[1], q.I = xs.dimensions()[2];
  q.reverse = reverse;
  q.xs = data<const float>(xs);
  q.w_ih = in.floats();
  ffi::AnyBuffer w_hh = in.buffer();
  q.H = w_hh.dimensions()[0];
  q.w_hh = data<const float>(w_hh);
  q.b = in.floats(), q.b_hn = in.floats();
  q.h0 = in.floats(), q.c0 = in.floats();
  q.fresh_h = in.floats(), q.fresh_c = in.floats();
  q.live = in.flags(), q.resets = in.flags();
  return q;
}

template <class Body>
ffi::Error guarded(Body body) {
  try {
    body();
  } catch (const std::bad_alloc&) {
    return ffi::Error(ffi::ErrorCode::kResourceExhausted, "no memory for scratch");
  }
  return ffi::Error::Success();
}

template <class Cell>
ffi::Error forward(ffi::ThreadPool pool, ffi::RemainingArgs args,
                   ffi::RemainingRets rets, bool reverse) {
  Inputs in{args};
  Outputs out{rets};
  Sequence q = read_sequence(in, reverse);
  q.hs = out.floats(), q.c = out.floats(), q.cs = out.floats(), q.kept = out.floats();
  Team team(pool);
  return guarded([&] { Forward<Cell>(q, team).run(); });
}

template <class Cell>
ffi::Error backward(ffi::ThreadPool pool, ffi::RemainingArgs args,
                    ffi::RemainingRets rets, bool reverse) {
  Inputs in{args};
  Outputs out{rets};
  Sequence q = read_sequence(in, reverse);
  Gradients d{};
  // The forward pass wrote what is only read here.
  q.hs = const_cast<float*>(in.floats()), q.cs = const_cast<float*>(in.floats());
  q.kept = const_cast<float*>(in.floats());
  d.hs = in.floats(), d.c = in.floats();
  d.dz = out.floats(), d.xs = out.floats(), d.w_ih = out.floats();
  d.w_hh = out.floats(), d.b = out.floats(), d.b_hn = out.floats();
  d.h0 = out.floats(), d.c0 = out.floats();
  d.fresh_h = out.floats(), d.fresh_c = out.floats();
  Team team(pool);
  return guarded([&] { Backward<Cell>(q, d, team).run(); });
}

auto binding() {
  return ffi::Ffi::Bind()
      .Ctx<ffi::ThreadPool>()
      .RemainingArgs()
      .RemainingRets()
      .Attr<bool>("reverse");
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(lstm_forward, forward<Lstm>, binding());
XLA_FFI_DEFINE_HANDLER_SYMBOL(lstm_backward, backward<Lstm>, binding());
XLA_FFI_DEFINE_HANDLER_SYMBOL(gru_forward, forward<Gru>, binding());
XLA_FFI_DEFINE_HANDLER_SYMBOL(gru_backward, backward<Gru>, binding());
