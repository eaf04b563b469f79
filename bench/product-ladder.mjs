// The rungs of the matrix product, measured: pnpm bench product-ladder [--set avx512|avx2|portable] [--seconds 2]. Needs a C++ compiler, as the kernels do.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const flagsOf = {
  avx512: ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx2', '-mfma', '-mprefer-vector-width=512'],
  avx2: ['-mavx2', '-mfma'],
  neon: [],
  portable: [],
};
const { values: options } = parseArgs({
  options: { set: { type: 'string' }, seconds: { type: 'string', default: '2' } },
});
const set = options.set ?? best();
if (flagsOf[set] === undefined) throw new Error(`no instruction set ${set}: ${Object.keys(flagsOf).join(', ')}`);
const native = fileURLToPath(new URL('../packages/kernels/native', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ladder-'));
try {
  const program = join(folder, 'ladder');
  const sources = [
    fileURLToPath(new URL('product-ladder.cc', import.meta.url)),
    ...['gemm', 'kernel', 'threads'].map((name) => join(native, `${name}.cc`)),
  ];
  const isa = [`-DKERNELS_ISA=${set}`, `-DKERNELS_${set.toUpperCase()}`];
  // The flags of packages/kernels/build.mjs.
  run(process.env.CXX ?? 'c++', [
    '-O2',
    '-std=c++17',
    '-ffp-contract=off',
    '-fno-math-errno',
    '-fno-exceptions',
    '-fno-rtti',
    '-Wno-psabi',
    ...flagsOf[set],
    ...isa,
    `-I${native}`,
    ...sources,
    '-pthread',
    '-o',
    program,
  ]);
  console.log(`kernels for ${set}`);
  run(program, [options.seconds]);
} finally {
  rmSync(folder, { recursive: true });
}

function run(command, commandLine) {
  const { status, error } = spawnSync(command, commandLine, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} failed`);
}

function best() {
  if (process.arch === 'arm64') return 'neon';
  const flags = process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  if (/\bavx512dq\b/.test(flags) && /\bavx512bw\b/.test(flags)) return 'avx512';
  return /\bavx2\b/.test(flags) && /\bfma\b/.test(flags) ? 'avx2' : 'portable';
}
