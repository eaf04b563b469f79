// The buffers of one backend: ids, sizes, and a pool of memory that is reused. Used by the JavaScript thread alone.
#pragma once
#include <cstdint>
#include <vector>

#include "kernel.h"

namespace kernels {

class Buffers {
 public:
  ~Buffers();

  // A new id (never 0), or 0 when there is no memory.
  double allocate(int64_t bytes);

  // Ends an id. Its memory may be handed out again at once: commands run in order, so whoever gets it next writes later. Commands that
  // are encoded and not yet submitted still resolve the id until recycle().
  bool free(double id);

  // Lets go of ids freed before: to be called when nothing encoded refers to them any more.
  void recycle();

  // What a live id, or one freed since the last recycle(), stands for.
  bool resolve(double id, Buffer* into) const;
  bool live(double id) const;

  int64_t liveCount() const { return liveCount_; }
  int64_t liveBytes() const { return liveBytes_; }

 private:
  struct Slot {
    double id = 0;
    bool live = false;
    int sizeClass = 0;
    Buffer buffer{nullptr, 0};
  };
  struct Slab {
    char* memory;
    int64_t bytes;
  };

  const Slot* find(double id) const;
  char* take(int64_t bytes, int sizeClass);
  char* carve(int64_t bytes);

  std::vector<Slot> slots_;
  std::vector<uint32_t> vacant_;
  std::vector<uint32_t> ended_;
  std::vector<char*> idle_[400];  // by size class
  std::vector<Slab> slabs_;
  char* free_ = nullptr;  // what is left of the newest slab
  int64_t freeBytes_ = 0;
  int64_t liveCount_ = 0;
  int64_t liveBytes_ = 0;
};

}  // namespace kernels
