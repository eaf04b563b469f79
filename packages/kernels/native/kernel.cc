#include "kernel.h"

#include <sys/mman.h>

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace kernels {
namespace {

pthread_mutex_t faultMutex = PTHREAD_MUTEX_INITIALIZER;

void describe(Fault* fault, const char* kernel, const char* code, const char* format, va_list arguments) {
  pthread_mutex_lock(&faultMutex);
  if (!fault->set()) {
    const int used = snprintf(fault->message, sizeof fault->message, "%s: ", kernel);
    if (used >= 0 && used < int(sizeof fault->message)) {
      vsnprintf(fault->message + used, sizeof fault->message - used, format, arguments);
    }
    snprintf(fault->code, sizeof fault->code, "%s", code);
  }
  pthread_mutex_unlock(&faultMutex);
}

}  // namespace

char* allocateAligned(int64_t bytes) {
  constexpr int64_t kHugePage = int64_t(2) << 20;
  void* memory = nullptr;
  if (posix_memalign(&memory, size_t(bytes >= kHugePage ? kHugePage : 4096), size_t(bytes)) != 0) return nullptr;
#ifdef MADV_HUGEPAGE
  if (bytes >= kHugePage) madvise(memory, size_t(bytes), MADV_HUGEPAGE);
#endif
  return static_cast<char*>(memory);
}

namespace {
// 0 where the system does not say. sysconf tells a virtual machine the whole processor's, of which it may have a slice.
int64_t cacheProperty(int index, const char* property) {
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, property);
  long long value = 0;
  if (FILE* file = fopen(path, "r")) {
    if (fscanf(file, "%lld", &value) != 1 || value < 0) value = 0;
    fclose(file);
  }
  return value;
}
int64_t cacheKilobytes(int index) { return cacheProperty(index, "size"); }
}  // namespace

int64_t lastCacheBytes() {
  // A larger one is shared with cores that a virtual machine does not see, and no quicker to write to than memory.
  constexpr int64_t kMostKilobytes = 32 << 10;
  static const int64_t bytes = [] {
    if (const char* told = getenv("CLAIMBENCH_KERNELS_LAST_CACHE")) return int64_t(atoll(told));
    const int64_t kilobytes = cacheKilobytes(3);
    return (kilobytes > 0 && kilobytes < kMostKilobytes ? kilobytes : kMostKilobytes) << 10;
  }();
  return bytes;
}

int64_t secondCacheBytes() {
  static const int64_t bytes = [] {
    const int64_t kilobytes = cacheKilobytes(2);
    return (kilobytes > 0 ? kilobytes : int64_t(1) << 10) << 10;
  }();
  return bytes;
}

int64_t firstCacheWays() {
  static const int64_t ways = [] {
    const int64_t told = cacheProperty(0, "ways_of_associativity");
    return told > 0 ? told : 8;
  }();
  return ways;
}

Scratch::~Scratch() { free(data_); }

char* Scratch::reserve(int64_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  const int64_t grown = bytes;  // anew for every call, and nothing to spare: the sanitizer sees the end
#else
  if (bytes <= bytes_) return data_;
  const int64_t grown = bytes + bytes / 4;
#endif
  free(data_);
  data_ = nullptr;
  bytes_ = 0;
  data_ = allocateAligned(grown);
  if (data_ == nullptr) return nullptr;
  bytes_ = grown;
  return data_;
}

bool Call::refused() const { return threads_ == nullptr || fault_->set(); }

void Call::refuse(const char* code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  describe(fault_, kernel_, code, format, arguments);
  va_end(arguments);
}

void Call::fail(const char* code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  describe(fault_, kernel_, code, format, arguments);
  va_end(arguments);
}

void Call::require(bool condition, const char* what) {
  if (!condition) refuse("invalid-argument", "%s", what);
}

void Call::form(int buffers, int scalars) {
  if (buffers >= 0 && buffers != bufferCount_) refuse("invalid-argument", "takes %d buffers, found %d", buffers, bufferCount_);
  if (scalars >= 0 && scalars != scalarCount_) refuse("invalid-argument", "takes %d scalars, found %d", scalars, scalarCount_);
}

double Call::scalarAt(int scalar) {
  if (scalar >= 0 && scalar < scalarCount_) return scalars_[scalar];
  refuse("invalid-argument", "scalar %d is missing (%d given)", scalar, scalarCount_);
  return 0;
}

int64_t Call::integer(int scalar, int64_t from, int64_t to) {
  const double value = scalarAt(scalar);
  if (value >= double(from) && value <= double(to) && value == std::floor(value)) return int64_t(value);
  refuse("invalid-argument", "scalar %d is an integer from %lld to %lld, found %g", scalar, (long long)from, (long long)to, value);
  return from;
}

int64_t Call::extent(int scalar) { return integer(scalar, 0, kMostElements); }

bool Call::flag(int scalar) { return integer(scalar, 0, 1) == 1; }

double Call::number(int scalar) { return scalarAt(scalar); }

float Call::real(int scalar) { return float(scalarAt(scalar)); }

bool Call::has(int buffer) { return buffer >= 0 && buffer < bufferCount_ && buffers_[buffer].data != nullptr; }

const char* Call::at(int buffer, int64_t count, int64_t elementBytes, bool optional) {
  if (buffer < 0 || buffer >= bufferCount_) {
    refuse("invalid-argument", "buffer %d is missing (%d given)", buffer, bufferCount_);
    return nullptr;
  }
  const Buffer& found = buffers_[buffer];
  if (found.data == nullptr) {
    if (!optional) refuse("invalid-buffer", "buffer %d must not be absent", buffer);
    return nullptr;
  }
  if (count < 0 || count > found.bytes / elementBytes) {
    refuse("invalid-buffer", "buffer %d needs %lld elements, it holds %lld", buffer, (long long)count,
           (long long)(found.bytes / elementBytes));
    return nullptr;
  }
  return found.data;
}

const float* Call::floats(int buffer, int64_t count) { return (const float*)at(buffer, count, 4, false); }
const int32_t* Call::integers(int buffer, int64_t count) { return (const int32_t*)at(buffer, count, 4, false); }
const uint8_t* Call::bytes(int buffer, int64_t count) { return (const uint8_t*)at(buffer, count, 1, false); }
float* Call::out(int buffer, int64_t count) { return (float*)at(buffer, count, 4, false); }
int32_t* Call::outIntegers(int buffer, int64_t count) { return (int32_t*)at(buffer, count, 4, false); }
const float* Call::floatsOrNone(int buffer, int64_t count) { return (const float*)at(buffer, count, 4, true); }
float* Call::outOrNone(int buffer, int64_t count) { return (float*)at(buffer, count, 4, true); }

bool Call::workspace(int64_t all, int64_t own, Workspace* into) {
  const int64_t shared = (all + 15) & ~int64_t(15);
  const int64_t stride = (own + 15) & ~int64_t(15);
  const int64_t floats = shared + times(stride, workers());
  char* memory = floats >= kMostElements ? nullptr : scratch_->reserve(floats > 0 ? floats * 4 : 64);  // never nothing: null means that there is no memory
  if (memory == nullptr) {
    fail("out-of-memory", "no memory for a workspace of %lld bytes", (long long)floats * 4);
    return false;
  }
  into->all = (float*)memory;
  into->own = into->all + shared;
  into->stride = stride;
  return true;
}

}  // namespace kernels
