// Threads of the kernel's own, for who is not called by XLA.

#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "threads.h"

namespace {

// One crew a process, which all sessions share. A member that has worked looks out for
// more for a moment, for the next step of a stream comes sooner than a thread wakes up;
// then it sleeps.
class Crew final : public Helpers {
 public:
  static Crew& of_process() {
    static auto* it = new Crew;  // never destroyed: a step may outlive main
    return *it;
  }
  int count() const override { return count_; }

  void call(std::function<void()> work) override {
    std::lock_guard<std::mutex> lock(mutex_);
    while (started_ < count_) start();
    work_.push_back(std::move(work));
    waiting_.store(Index(work_.size()), std::memory_order_release);
    if (asleep_) wake_.notify_one();
  }

 private:
  Crew() : count_(std::min(int(std::thread::hardware_concurrency()), thread_limit()) - 1) {}

  void start() {
    std::thread([this] { serve(); }).detach();
    ++started_;
  }

  void serve() {
    for (;;) {
      for (int spins = 0; spins < 20000 && !waiting_.load(); ++spins) pause();
      take()();
    }
  }

  std::function<void()> take() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++asleep_;
    wake_.wait(lock, [this] { return !work_.empty(); });
    --asleep_;
    std::function<void()> work = std::move(work_.front());
    work_.pop_front();
    waiting_.store(Index(work_.size()));
    return work;
  }

  const int count_;
  int started_ = 0, asleep_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_;
  std::atomic<Index> waiting_{0};
};

}  // namespace
