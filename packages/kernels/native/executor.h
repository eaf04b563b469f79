// Runs submitted batches of commands in order on a thread of its own, off JavaScript's event loop, with its team of threads.
#pragma once
#include <pthread.h>

#include <atomic>
#include <deque>
#include <vector>

#include "kernel.h"

namespace kernels {

// A read under way. Filled in by the executor, finished on the JavaScript thread.
struct ReadRequest {
  char* staging;  // bytes long
  int64_t bytes;
  Fault fault;  // what went wrong in a command since the last read
  void* owner;
};

struct Step {
  enum Kind { kKernel, kWrite, kRead } kind;
  const Kernel* kernel;      // kKernel
  int firstBuffer, buffers;  // in the batch
  int firstScalar, scalars;
  char* target;  // kWrite: where `source` goes; kRead: unused
  char* source;  // kWrite: staged bytes, owned; kRead: where the bytes are
  int64_t bytes;
  ReadRequest* read;
};

struct Batch {
  std::vector<Step> steps;
  std::vector<Buffer> buffers;
  std::vector<double> scalars;
  void clear();
};

class Executor {
 public:
  using ReadDone = void (*)(void* context, ReadRequest* request);

  // `done` is called on the executor's thread. failed(): the thread could not be started.
  Executor(int threads, ReadDone done, void* context);
  // Drops what has not begun (reads then never finish: the caller settles them) and waits for the command that runs.
  ~Executor();

  bool failed() const { return !started_; }
  int threads() const { return team_ == nullptr ? 1 : team_->size(); }

  // For the JavaScript thread. A batch comes from take() and goes to submit(), which waits only while very much is queued.
  Batch* take();
  void submit(Batch* batch);
  // Nothing is queued or running: buffers may be touched directly.
  bool idle() const { return pending_.load(std::memory_order_acquire) == 0; }

 private:
  static void* enter(void* self);
  void serve();
  void run(Batch* batch);

  Threads* team_ = nullptr;
  Scratch scratch_;
  ReadDone done_;
  void* context_;
  int wanted_;
  bool started_ = false;
  pthread_t thread_;

  Fault fault_{};  // the first since the last read; the executor's thread only
  std::atomic<int64_t> pending_{0};
  std::atomic<bool> stop_{false};

  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
  std::deque<Batch*> queue_;
  std::vector<Batch*> spare_;
  bool ready_ = false;
};

}  // namespace kernels
