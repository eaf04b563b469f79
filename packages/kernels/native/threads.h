// A team of threads that runs numbered tasks. The caller is one of them; the others spin for a moment after a job (the
// next one usually follows within microseconds) and then sleep, so that an idle backend costs nothing.
//
// Tasks are taken dynamically: which thread runs a task is not defined, so a task must own its output and a
// kernel must cut its tasks by shape, never by the number of threads.
#pragma once
#include <pthread.h>

#include <atomic>
#include <cstdint>

namespace kernels {

using Task = void (*)(void* context, int64_t task, int worker);

class Threads {
 public:
  // `count` threads in all, the caller among them. Fewer are started when the system has no more: see size().
  explicit Threads(int count);
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  int size() const { return size_; }

  // Runs task(context, i, worker) for each i below `tasks` and returns when all are done. worker < size().
  void run(int64_t tasks, Task task, void* context);

 private:
  struct Member {
    Threads* team;
    pthread_t thread;
    int worker;
  };
  static void* enter(void* member);
  void serve(int worker);
  void takeTasks(int worker);
  bool join(uint64_t* seen);

  static constexpr int kMost = 256;
  int size_ = 1;
  Member members_[kMost];

  // One word: epoch of the job in the high bits, kOpen while it may be joined, and how many members are inside. A member that
  // comes late (descheduled on a busy machine) finds the job closed and is not waited for.
  alignas(64) std::atomic<uint64_t> job_{0};
  alignas(64) std::atomic<int64_t> next_{0};
  int64_t tasks_ = 0;
  Task task_ = nullptr;
  void* context_ = nullptr;

  alignas(64) std::atomic<int> sleepers_{0};
  std::atomic<bool> stop_{false};
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t wake_ = PTHREAD_COND_INITIALIZER;
};

}  // namespace kernels
