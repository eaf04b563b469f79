#include <cstring>

#include "registry.h"

namespace kernels {

bool runsHere(const InstructionSet& set) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (strcmp(set.name, "avx2") == 0) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (strcmp(set.name, "avx512") == 0) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }
#endif
  return true;  // portable, and neon, which every arm64 machine has
}

}  // namespace kernels
