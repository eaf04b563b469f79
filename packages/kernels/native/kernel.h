// What a kernel is and what it sees of its command. An op's native.cc includes this, checks its operands through Call, and
// runs its loops through Call::parallel. See docs/kernels.md.
//
// Everything here is compiled once for the baseline instruction set. Kernels are compiled once for each instruction set, so
// nothing may be inline here but templates over their own lambdas and functions marked KERNELS_INLINE: an inline function that
// the linker shares would carry one set's instructions into the others.
#pragma once
#include <cstddef>
#include <cstdint>

#include "threads.h"

#define KERNELS_INLINE inline __attribute__((always_inline))

namespace kernels {

class Call;

struct Kernel {
  const char* name;  // "<op>.<part>", as in the op's op.ts; null ends a table
  // Called twice: first on the JavaScript thread to check the operands (it must return when call.refused()), then to compute.
  void (*run)(Call& call);
};

// A buffer as the command names it. Absent: data is null, and bytes is 0.
struct Buffer {
  char* data;
  int64_t bytes;
};

// What the last cache holds, 32 MB at most, and that where the system does not say. CLAIMBENCH_KERNELS_LAST_CACHE says otherwise, for tests.
int64_t lastCacheBytes();
// What a core's second cache holds, or 1 MB where the system does not say.
int64_t secondCacheBytes();
// How many lines that lie a page apart the first cache holds, or 8 where the system does not say.
int64_t firstCacheWays();

constexpr int64_t kMostElements = int64_t(1) << 46;

// Product of extents; saturates beyond kMostElements, which no buffer can hold, so that a check against a buffer refuses it.
KERNELS_INLINE int64_t times(int64_t a, int64_t b) {
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) || product > kMostElements ? kMostElements : product;
}
template <class... More>
KERNELS_INLINE int64_t times(int64_t a, int64_t b, More... more) {
  return times(times(a, b), int64_t(more)...);
}

struct Fault {
  char code[32];
  char message[192];
  bool set() const { return code[0] != 0; }
  void clear() { code[0] = 0; }
};

// Aligned to a page, in big pages where the system has them and it is large: the matrix products then miss the TLB far less. Null when there is none;
// freed by free().
char* allocateAligned(int64_t bytes);

// Memory that kernels compute in, kept between commands.
class Scratch {
 public:
  ~Scratch();
  // At least `bytes`, aligned to 64; null when there is no memory. What an earlier call gave is invalid.
  char* reserve(int64_t bytes);

 private:
  char* data_ = nullptr;
  int64_t bytes_ = 0;
};

struct Workspace {
  float* all = nullptr;  // one part that all threads see
  float* own = nullptr;  // one part for each worker
  int64_t stride = 0;
  KERNELS_INLINE float* of(int worker) const { return own + worker * stride; }
};

class Call {
 public:
  Call(const char* kernel, const Buffer* buffers, int bufferCount, const double* scalars, int scalarCount, Threads* threads,
       Scratch* scratch, Fault* fault)
      : kernel_(kernel), buffers_(buffers), bufferCount_(bufferCount), scalars_(scalars), scalarCount_(scalarCount),
        threads_(threads), scratch_(scratch), fault_(fault) {}

  int bufferCount() const { return bufferCount_; }
  int scalarCount() const { return scalarCount_; }

  // Operands. Each refuses the call when the command does not fit, and returns something harmless.
  int64_t extent(int scalar);                       // an integer from 0 to kMostElements
  int64_t integer(int scalar, int64_t from, int64_t to);
  bool flag(int scalar);                            // 0 or 1
  double number(int scalar);
  float real(int scalar);
  bool has(int buffer);                             // present
  const float* floats(int buffer, int64_t count);   // at least `count` elements
  const int32_t* integers(int buffer, int64_t count);
  const uint8_t* bytes(int buffer, int64_t count);
  float* out(int buffer, int64_t count);
  int32_t* outIntegers(int buffer, int64_t count);
  const float* floatsOrNone(int buffer, int64_t count);  // null when absent
  float* outOrNone(int buffer, int64_t count);
  // The command has exactly this form (-1: any number).
  void form(int buffers, int scalars);
  void refuse(const char* code, const char* format, ...) __attribute__((format(printf, 3, 4)));
  void require(bool condition, const char* what);

  // True while operands are only checked, and after a refusal: a kernel returns here, before it touches memory.
  bool refused() const;

  // A fault of the data found while computing (an index out of range): the next read rejects with it. Thread-safe; keeps the first.
  void fail(const char* code, const char* format, ...) __attribute__((format(printf, 3, 4)));

  // Memory for this call, in floats; both parts aligned to 64 bytes. False: there is none, and the call has failed.
  bool workspace(int64_t all, int64_t own, Workspace* into);

  int workers() const { return threads_->size(); }

  // body(task, worker) for each task below `tasks`, on all threads.
  template <class Body>
  KERNELS_INLINE void parallel(int64_t tasks, Body&& body) {
    threads_->run(tasks, [](void* context, int64_t task, int worker) { (*static_cast<Body_<Body>*>(context))(task, worker); },
                  (void*)&body);
  }

  // body(begin, end, worker) over [0, count) in runs of `grain`; in one piece on the caller when that is all the work there is.
  template <class Body>
  KERNELS_INLINE void ranges(int64_t count, int64_t grain, Body&& body) {
    if (grain < 1) grain = 1;
    if (count <= grain || workers() == 1) {
      if (count > 0) body(int64_t(0), count, 0);
      return;
    }
    parallel((count + grain - 1) / grain, [&](int64_t task, int worker) {
      const int64_t begin = task * grain;
      body(begin, count - begin < grain ? count : begin + grain, worker);
    });
  }

 private:
  template <class T>
  struct Plain { using type = T; };
  template <class T>
  struct Plain<T&> { using type = T; };
  template <class T>
  using Body_ = typename Plain<T>::type;

  const char* at(int buffer, int64_t count, int64_t elementBytes, bool optional);
  double scalarAt(int scalar);

  const char* kernel_;
  const Buffer* buffers_;
  int bufferCount_;
  const double* scalars_;
  int scalarCount_;
  Threads* threads_;  // null while operands are only checked
  Scratch* scratch_;
  Fault* fault_;
};

}  // namespace kernels

// A kernel table of one op, in namespace kernels::KERNELS_ISA:
//   KERNELS(gelu) = {{"gelu.forward", forward}, {"gelu.backward", backward}, {}};
// It must be constant data: a constructor would run the set's instructions on machines that lack them.
#define KERNELS_NAME2(op, isa) table_##op##_##isa
#define KERNELS_NAME(op, isa) KERNELS_NAME2(op, isa)
#define KERNELS(op)                                    \
  extern const Kernel KERNELS_NAME(op, KERNELS_ISA)[]; \
  const Kernel KERNELS_NAME(op, KERNELS_ISA)[]
