#include "threads.h"

#include <sched.h>

namespace kernels {
namespace {

constexpr uint64_t kEpoch = 1u << 16;
constexpr uint64_t kOpen = 1u << 15;
constexpr uint64_t kInside = kOpen - 1;

// About 1 µs of spinning on the spot, then up to about 60 µs that offer the core to others in between.
constexpr int kPauses = 40;
constexpr int kYields = 120;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

template <class Condition>
bool spinUntil(Condition condition) {
  for (int i = 0; i < kPauses; i++) {
    if (condition()) return true;
    pause();
  }
  for (int i = 0; i < kYields; i++) {
    if (condition()) return true;
    sched_yield();
  }
  return condition();
}

}  // namespace

Threads::Threads(int count) {
  if (count > kMost) count = kMost;
  for (int worker = 1; worker < count; worker++) {
    Member& member = members_[worker];
    member = {this, {}, worker};
    if (pthread_create(&member.thread, nullptr, enter, &member) != 0) break;
    size_ = worker + 1;
  }
}

Threads::~Threads() {
  pthread_mutex_lock(&mutex_);
  stop_.store(true);
  pthread_cond_broadcast(&wake_);
  pthread_mutex_unlock(&mutex_);
  for (int worker = 1; worker < size_; worker++) pthread_join(members_[worker].thread, nullptr);
}

void* Threads::enter(void* member) {
  auto* self = static_cast<Member*>(member);
  self->team->serve(self->worker);
  return nullptr;
}

// Enters the open job, unless it is the one already seen.
bool Threads::join(uint64_t* seen) {
  uint64_t state = job_.load();
  while ((state & kOpen) && state / kEpoch != *seen) {
    if (job_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) {
      *seen = state / kEpoch;
      return true;
    }
  }
  return false;
}

void Threads::serve(int worker) {
  uint64_t seen = 0;
  for (;;) {
    bool joined = false;
    spinUntil([&] { return stop_.load(std::memory_order_relaxed) || (joined = join(&seen)); });
    if (!joined) {
      pthread_mutex_lock(&mutex_);
      // Sequentially consistent with run(): either it sees the sleeper, or the sleeper sees its job.
      sleepers_.fetch_add(1);
      while (!stop_.load() && !(joined = join(&seen))) pthread_cond_wait(&wake_, &mutex_);
      sleepers_.fetch_sub(1);
      pthread_mutex_unlock(&mutex_);
    }
    if (!joined) return;
    takeTasks(worker);
    job_.fetch_sub(1, std::memory_order_release);
  }
}

void Threads::takeTasks(int worker) {
  for (;;) {
    const int64_t task = next_.fetch_add(1, std::memory_order_relaxed);
    if (task >= tasks_) return;
    task_(context_, task, worker);
  }
}

void Threads::run(int64_t tasks, Task task, void* context) {
  if (size_ == 1 || tasks <= 1) {
    for (int64_t i = 0; i < tasks; i++) task(context, i, 0);
    return;
  }
  task_ = task;
  context_ = context;
  tasks_ = tasks;
  next_.store(0, std::memory_order_relaxed);
  const uint64_t epoch = job_.load(std::memory_order_relaxed) / kEpoch + 1;
  job_.store(epoch * kEpoch + kOpen);
  if (sleepers_.load() > 0) {
    pthread_mutex_lock(&mutex_);
    pthread_cond_broadcast(&wake_);
    pthread_mutex_unlock(&mutex_);
  }
  takeTasks(0);
  job_.fetch_and(~kOpen, std::memory_order_acq_rel);
  while (!spinUntil([&] { return (job_.load(std::memory_order_acquire) & kInside) == 0; })) {
  }
}

}  // namespace kernels
