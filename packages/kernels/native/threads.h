// A team of threads that runs numbered tasks. The caller is one of them; the others spin for a moment after a job (the
// next one usually follows within microseconds) and then sleep, so that an idle backend costs nothing.
//
// Each thread begins with a share of its own, one run of tasks that follow each other, and takes of the others' ends when that is done. So the same part of
// a weight or of a batch meets the same core's caches again, command after command, and no thread waits while there is work. Which thread runs a task
// is not defined all the same: a task must own its output, and what is summed must be cut by shape, never by the number of threads.
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
  void runSome(int64_t from, int64_t count);
  bool join(uint64_t* seen);

  static constexpr int kMost = 256;
  int size_ = 1;
  Member members_[kMost];

  // One word: epoch of the job in the high bits, kOpen while it may be joined, and how many members are inside. A member that
  // comes late (descheduled on a busy machine) finds the job closed and is not waited for.
  alignas(64) std::atomic<uint64_t> job_{0};

  static constexpr int64_t kNone = -1;
  struct alignas(64) Share {
    int64_t first = 0, end = 0;
    std::atomic<uint64_t> taken{0};  // tries from the front in the low half, from the back in the high half
    int64_t fromFront();             // by the thread whose share it is
    int64_t fromBack();              // by others
  };
  // Far from where a count would leave its half of the word.
  static constexpr int64_t kMostAtOnce = int64_t(1) << 31;
  Share shares_[kMost];
  Task task_ = nullptr;
  void* context_ = nullptr;

  alignas(64) std::atomic<int> sleepers_{0};
  std::atomic<bool> stop_{false};
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t wake_ = PTHREAD_COND_INITIALIZER;
};

}  // namespace kernels
