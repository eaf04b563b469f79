#include "executor.h"

#include <cstdlib>
#include <cstring>

namespace kernels {
namespace {

constexpr size_t kMostQueued = 1024;

class Lock {
 public:
  explicit Lock(pthread_mutex_t* mutex) : mutex_(mutex) { pthread_mutex_lock(mutex_); }
  ~Lock() { pthread_mutex_unlock(mutex_); }

 private:
  pthread_mutex_t* mutex_;
};

}  // namespace

void Batch::clear() {
  for (const Step& step : steps) {
    if (step.kind == Step::kWrite) free(step.source);
  }
  steps.clear();
  buffers.clear();
  scalars.clear();
}

Executor::Executor(int threads, ReadDone done, void* context) : done_(done), context_(context), wanted_(threads) {
  started_ = pthread_create(&thread_, nullptr, enter, this) == 0;
  if (!started_) return;
  Lock lock(&mutex_);
  while (!ready_) pthread_cond_wait(&changed_, &mutex_);
}

Executor::~Executor() {
  if (started_) {
    pthread_mutex_lock(&mutex_);
    stop_.store(true);
    pthread_cond_broadcast(&changed_);
    pthread_mutex_unlock(&mutex_);
    pthread_join(thread_, nullptr);
  }
  for (Batch* batch : queue_) {
    batch->clear();
    delete batch;
  }
  for (Batch* batch : spare_) delete batch;
}

void* Executor::enter(void* self) {
  static_cast<Executor*>(self)->serve();
  return nullptr;
}

Batch* Executor::take() {
  Lock lock(&mutex_);
  if (spare_.empty()) return new Batch;
  Batch* batch = spare_.back();
  spare_.pop_back();
  return batch;
}

void Executor::submit(Batch* batch) {
  Lock lock(&mutex_);
  while (queue_.size() >= kMostQueued) pthread_cond_wait(&changed_, &mutex_);
  pending_.fetch_add(1, std::memory_order_relaxed);
  queue_.push_back(batch);
  pthread_cond_broadcast(&changed_);
}

void Executor::serve() {
  Threads team(wanted_);
  pthread_mutex_lock(&mutex_);
  team_ = &team;
  ready_ = true;
  pthread_cond_broadcast(&changed_);
  for (;;) {
    while (queue_.empty() && !stop_.load(std::memory_order_relaxed)) pthread_cond_wait(&changed_, &mutex_);
    if (stop_.load(std::memory_order_relaxed)) break;
    Batch* batch = queue_.front();
    queue_.pop_front();
    if (queue_.size() == kMostQueued - 1) pthread_cond_broadcast(&changed_);
    pthread_mutex_unlock(&mutex_);
    run(batch);
    batch->clear();
    pthread_mutex_lock(&mutex_);
    spare_.push_back(batch);
  }
  team_ = nullptr;
  pthread_mutex_unlock(&mutex_);
}

void Executor::run(Batch* batch) {
  // What follows the last read (or write) of a batch still counts as pending until it has run; a read at the end of a batch
  // releases the buffers before its answer is on the way, so that the next write finds the executor idle.
  const size_t count = batch->steps.size();
  bool released = false;
  for (size_t i = 0; i < count && !stop_.load(std::memory_order_relaxed); i++) {
    const Step& step = batch->steps[i];
    switch (step.kind) {
      case Step::kKernel: {
        Fault fault;
        fault.clear();
        Call call(step.kernel->name, batch->buffers.data() + step.firstBuffer, step.buffers,
                  batch->scalars.data() + step.firstScalar, step.scalars, team_, &scratch_, &fault);
        step.kernel->run(call);
        if (fault.set() && !fault_.set()) fault_ = fault;
        break;
      }
      case Step::kWrite:
        memcpy(step.target, step.source, size_t(step.bytes));
        break;
      case Step::kRead:
        memcpy(step.read->staging, step.source, size_t(step.bytes));
        step.read->fault = fault_;
        fault_.clear();
        if (i + 1 == count) {
          pending_.fetch_sub(1, std::memory_order_release);
          released = true;
        }
        done_(context_, step.read);
        break;
    }
  }
  if (!released) pending_.fetch_sub(1, std::memory_order_release);
}

}  // namespace kernels
