#include "buffers.h"

#include <cstdlib>

namespace kernels {
namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kSlab = int64_t(8) << 20;
constexpr double kGeneration = 16777216;  // an id is generation * 2^24 + slot

// Eight classes for each power of two: a buffer wastes at most an eighth, and sizes that come again fit exactly.
int classOf(int64_t bytes) {
  if (bytes <= 8 * kAlignment) return int((bytes + kAlignment - 1) / kAlignment);
  const int exponent = 63 - __builtin_clzll(uint64_t(bytes - 1));
  const int64_t step = int64_t(1) << (exponent - 3);
  return (exponent - 9) * 8 + int((bytes - 1) / step) - 8 + 9;
}

int64_t bytesOfClass(int sizeClass) {
  if (sizeClass <= 8) return sizeClass == 0 ? kAlignment : sizeClass * kAlignment;
  const int exponent = (sizeClass - 9) / 8 + 9;
  return (int64_t(1) << (exponent - 3)) * ((sizeClass - 9) % 8 + 9);
}

}  // namespace

Buffers::~Buffers() {
  for (const Slab& slab : slabs_) ::free(slab.memory);
}

char* Buffers::carve(int64_t bytes) {
  if (bytes > kSlab / 4) {
    char* memory = allocateAligned(bytes);
    if (memory != nullptr) slabs_.push_back({memory, bytes});
    return memory;
  }
  if (bytes > freeBytes_) {
    char* slab = allocateAligned(kSlab);
    if (slab == nullptr) return nullptr;
    slabs_.push_back({slab, kSlab});
    free_ = slab;
    freeBytes_ = kSlab;
  }
  char* memory = free_;
  free_ += bytes;
  freeBytes_ -= bytes;
  return memory;
}

char* Buffers::take([[maybe_unused]] int64_t bytes, int sizeClass) {
#if defined(__SANITIZE_ADDRESS__)
  // Each buffer stands alone, exactly as long as asked for and never handed out again, so that the sanitizer sees every byte beside it.
  void* alone = nullptr;
  if (posix_memalign(&alone, kAlignment, size_t(bytes > 0 ? bytes : 1)) != 0) return nullptr;
  slabs_.push_back({static_cast<char*>(alone), bytes});
  return static_cast<char*>(alone);
#endif
  std::vector<char*>& idle = idle_[sizeClass];
  if (!idle.empty()) {
    char* memory = idle.back();
    idle.pop_back();
    return memory;
  }
  return carve(bytesOfClass(sizeClass));
}

double Buffers::allocate(int64_t bytes) {
  const int sizeClass = classOf(bytes);
  char* memory = take(bytes, sizeClass);
  if (memory == nullptr) return 0;
  uint32_t index;
  if (vacant_.empty()) {
    index = uint32_t(slots_.size());
    slots_.emplace_back();
    slots_[index].id = double(index);
  } else {
    index = vacant_.back();
    vacant_.pop_back();
  }
  Slot& slot = slots_[index];
  slot.id += kGeneration;
  slot.live = true;
  slot.sizeClass = sizeClass;
  slot.buffer = {memory, bytes};
  liveCount_ += 1;
  liveBytes_ += bytes;
  return slot.id;
}

const Buffers::Slot* Buffers::find(double id) const {
  if (!(id >= kGeneration && id < 9007199254740992.0)) return nullptr;
  const uint64_t index = uint64_t(id) % uint64_t(kGeneration);
  if (index >= slots_.size() || slots_[index].id != id) return nullptr;
  return &slots_[index];
}

bool Buffers::live(double id) const {
  const Slot* slot = find(id);
  return slot != nullptr && slot->live;
}

bool Buffers::resolve(double id, Buffer* into) const {
  const Slot* slot = find(id);
  if (slot == nullptr || slot->buffer.data == nullptr) return false;
  *into = slot->buffer;
  return true;
}

bool Buffers::free(double id) {
  if (!live(id)) return false;
  Slot& slot = slots_[uint64_t(id) % uint64_t(kGeneration)];
  slot.live = false;
#if !defined(__SANITIZE_ADDRESS__)
  idle_[slot.sizeClass].push_back(slot.buffer.data);
#endif
  ended_.push_back(uint32_t(uint64_t(id) % uint64_t(kGeneration)));
  liveCount_ -= 1;
  liveBytes_ -= slot.buffer.bytes;
  return true;
}

void Buffers::recycle() {
  for (const uint32_t index : ended_) {
    slots_[index].buffer = {nullptr, 0};
    vacant_.push_back(index);
  }
  ended_.clear();
}

}  // namespace kernels
