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

// Both counts stand in one word, so each sees the other: of `end - first` tries the sum lets pass, no two name one task, whichever end they come from.
int64_t Threads::Share::fromFront() {
  const uint64_t before = taken.fetch_add(1, std::memory_order_relaxed);
  const int64_t front = int64_t(before & 0xffffffff), back = int64_t(before >> 32);
  return front + back < end - first ? first + front : kNone;
}

int64_t Threads::Share::fromBack() {
  const uint64_t before = taken.fetch_add(uint64_t(1) << 32, std::memory_order_relaxed);
  const int64_t front = int64_t(before & 0xffffffff), back = int64_t(before >> 32);
  return front + back < end - first ? end - 1 - back : kNone;
}

void Threads::takeTasks(int worker) {
  for (int64_t task; (task = shares_[worker].fromFront()) != kNone;) task_(context_, task, worker);
  for (int next = 1; next < size_; next++) {
    Share& other = shares_[(worker + next) % size_];
    for (int64_t task; (task = other.fromBack()) != kNone;) task_(context_, task, worker);
  }
}

void Threads::run(int64_t tasks, Task task, void* context) {
  if (size_ == 1 || tasks <= 1) {
    for (int64_t i = 0; i < tasks; i++) task(context, i, 0);
    return;
  }
  task_ = task;
  context_ = context;
  for (int64_t from = 0; from < tasks; from += kMostAtOnce) runSome(from, tasks - from < kMostAtOnce ? tasks - from : kMostAtOnce);
}

void Threads::runSome(int64_t from, int64_t count) {
  for (int worker = 0; worker < size_; worker++) {
    Share& share = shares_[worker];
    share.first = from + count * worker / size_;
    share.end = from + count * (worker + 1) / size_;
    share.taken.store(0, std::memory_order_relaxed);
  }
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
