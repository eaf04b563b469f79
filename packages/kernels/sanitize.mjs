// Builds the native backend with AddressSanitizer and UndefinedBehaviorSanitizer and runs the suites that reach all of it. A fault ends the run with a report.
//
//   pnpm --filter @claimbench/kernels test:sanitize [spec files; absent: those below]
//
// Some minutes to build, some to run. Each buffer and each workspace then stands alone in memory (native/buffers.cc, native/kernel.cc), so that one byte
// beside it is found. Node itself is not instrumented: the sanitizers' runtimes are loaded before it.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const specs = ['test/conformance.spec.ts', 'test/boundary.spec.ts', 'test/leaks.spec.ts', 'src/node'];

function run(command, commandLine, env = {}) {
  const { status, error } = spawnSync(command, commandLine, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function runtime(name) {
  const compiler = process.env.CXX ?? 'c++';
  const { stdout, status } = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' });
  // The compiler answers with the bare name when it has no such file.
  if (status !== 0 || !stdout.trim().includes('/'))
    throw new Error(`${compiler} has no ${name}: install the sanitizers of your compiler`);
  return stdout.trim();
}

run(process.execPath, ['build.mjs', '--sanitize'], { KERNELS_NATIVE: 'required' });
const vitest = join(dirname(createRequire(join(root, 'package.json')).resolve('vitest/package.json')), 'vitest.mjs');
const chosen = process.argv.slice(2);
run(process.execPath, [vitest, 'run', '--testTimeout=600000', ...(chosen.length > 0 ? chosen : specs)], {
  CLAIMBENCH_KERNELS_SANITIZE: '1',
  LD_PRELOAD: [runtime('libasan.so'), runtime('libubsan.so')].join(':'),
  // Leaks are counted by test/leaks.spec.ts; what Node keeps at its end is not ours. An impossible size is an error of ours, not of the sanitizer.
  ASAN_OPTIONS:
    'detect_leaks=0:halt_on_error=1:abort_on_error=0:allocator_may_return_null=1:detect_stack_use_after_return=0',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
});
