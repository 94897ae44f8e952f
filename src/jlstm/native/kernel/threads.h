// A team of XLA's own threads.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>

#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace {

namespace ffi = xla::ffi;

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

}  // namespace
