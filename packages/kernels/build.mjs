// Builds the native backend with the C++ compiler alone: no node-gyp, CMake, Python or Node headers are needed, because Node-API is a C
// interface whose headers come from npm. Kernels (native/gemm.cc and every src/ops/<op>/native.cc) are compiled once for each
// instruction set; the best one that runs is chosen when the addon is loaded.
//
//   node build.mjs                build what has changed
//   node build.mjs --sanitize     with AddressSanitizer and UndefinedBehaviorSanitizer, in a folder of its own
//   CXX=clang++                   another compiler
//   KERNELS_NATIVE=required       no compiler is an error (otherwise it is said, and the build goes on without the native backend)
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const sanitize = process.argv.includes('--sanitize');
const target = `${process.platform}-${process.arch}${sanitize ? '-sanitize' : ''}`;
const folder = join(root, 'build', target);
const objects = join(folder, 'objects');
const addon = join(folder, 'kernels.node');
const stampFile = join(folder, 'build.json');

const instructionSets =
  process.arch === 'x64'
    ? [
        {
          name: 'avx512',
          flags: [
            '-mavx512f',
            '-mavx512bw',
            '-mavx512dq',
            '-mavx512vl',
            '-mavx2',
            '-mfma',
            '-mprfchw',
            '-mprefer-vector-width=512',
          ],
        },
        { name: 'avx2', flags: ['-mavx2', '-mfma'] },
        { name: 'portable', flags: [] },
      ]
    : process.arch === 'arm64'
      ? [{ name: 'neon', flags: [] }]
      : [{ name: 'portable', flags: [] }];

// -ffp-contract=off: an expression fuses where it says fma() and nowhere else, so every set gives the same bits.
const optimisation = sanitize
  ? ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-fno-omit-frame-pointer']
  : ['-O2'];
const flags = [
  ...optimisation,
  '-std=c++17',
  '-ffp-contract=off',
  '-fno-math-errno',
  '-fno-exceptions',
  '-fno-rtti',
  '-fvisibility=hidden',
  '-fPIC',
  '-Wall',
  '-Wextra',
  '-Wno-psabi',
  '-Wno-missing-field-initializers',
  '-Wno-uninitialized', // GCC 12 warns about its own intrinsics headers
  '-Wno-maybe-uninitialized',
];
const linkFlags = [
  ...(sanitize ? ['-fsanitize=address,undefined'] : []),
  ...(process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-pthread']),
];
const includes = [`-I${createRequire(import.meta.url)('node-api-headers').include_dir}`, `-I${join(root, 'native')}`];

function findCompiler() {
  const tried = [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean);
  for (const name of tried) {
    const version = spawnSync(name, ['--version'], { encoding: 'utf8' });
    if (version.status === 0) return { name, version: version.stdout.split('\n')[0] };
  }
  return { tried };
}

function withoutNative(reason) {
  rmSync(addon, { force: true }); // an outdated one must not be taken for this source
  rmSync(stampFile, { force: true });
  console.error(`@claimbench/kernels: ${reason}`);
  if (process.env.KERNELS_NATIVE === 'required') process.exit(1);
  console.error(
    "  The native backend is unavailable until this is built again; the reference backend works, and asking for 'native' fails with this hint.",
  );
  process.exit(0);
}

if (process.platform === 'win32') withoutNative('the native backend is not built on Windows (use WSL).');
const compiler = findCompiler();
if (compiler.tried) {
  withoutNative(
    `no C++ compiler found (tried ${compiler.tried.join(', ')}).\n` +
      '  Debian and Ubuntu: apt-get install -y g++    macOS: xcode-select --install    or set CXX.',
  );
}

/** A file and the project's headers that it includes, directly or not. */
function withHeaders(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/^#include "([^"]+)"/gm)) {
    const header = [dirname(file), join(root, 'native')].map((from) => join(from, name)).find(existsSync);
    if (header) withHeaders(header, seen);
  }
  return seen;
}

function digest(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

/** One translation unit and the name of its object, which changes with everything that goes into it. */
function unit(source, name, extra) {
  const sources = [...withHeaders(source)].map((file) => readFileSync(file));
  const id = digest(compiler.name, compiler.version, ...flags, ...extra, ...sources);
  return { source, extra, id, object: join(objects, `${name}.${id.slice(0, 16)}.o`), before: [] };
}

const perSet = ({ name, flags: own }) => [...own, `-DKERNELS_ISA=${name}`, `-DKERNELS_${name.toUpperCase()}`];

// The intrinsics' headers cost more than most kernels: each set's prefix is compiled once. (A compiler that does not know .gch files reads the
// header itself.)
const prefixes = instructionSets.map((set) => {
  const { id } = unit(join(root, 'native/math.h'), '', perSet(set));
  return { ...set, id, header: join(objects, `prefix.${set.name}.${id.slice(0, 16)}.h`) };
});
const prefixOf = (set) => ['-include', prefixes.find(({ name }) => name === set.name).header];
const baseline = readdirSync(join(root, 'native'))
  .filter((file) => file.endsWith('.cc') && file !== 'gemm.cc')
  .sort();
const ops = readdirSync(join(root, 'src/ops'))
  .filter((op) => existsSync(join(root, 'src/ops', op, 'native.cc')))
  .sort();
const units = [
  ...instructionSets.flatMap((set) =>
    [
      unit(join(root, 'native/gemm.cc'), `gemm.${set.name}`, perSet(set)),
      ...ops.map((op) => unit(join(root, 'src/ops', op, 'native.cc'), `${op}.${set.name}`, perSet(set))),
    ].map((each) => ({ ...each, before: prefixOf(set) })),
  ),
  ...baseline.map((file) => unit(join(root, 'native', file), file.slice(0, -3), [])),
];

const id = digest(...linkFlags, ...units.map((each) => each.id)).slice(0, 16);
if (existsSync(addon) && existsSync(stampFile) && JSON.parse(readFileSync(stampFile, 'utf8')).id === id) {
  console.log(`@claimbench/kernels: ${relative(root, addon)} is up to date`);
  process.exit(0);
}

const started = performance.now();
mkdirSync(objects, { recursive: true });
const registry = join(folder, 'registry.cc');
writeFileSync(registry, registrySource());
const stale = units.filter(({ object }) => !existsSync(object));
await inParallel(
  prefixes.filter(({ header }) => stale.some(({ before }) => before.includes(header)) && !existsSync(`${header}.gch`)),
  async (set) => {
    writeFileSync(set.header, `#include "${join(root, 'native/math.h')}"\n`);
    await compile(set.header, [...perSet(set), '-x', 'c++-header'], `${set.header}.gch`);
  },
);
await inParallel(stale, ({ source, extra, object, before }) => compile(source, [...extra, ...before], object));
const registryObject = join(folder, 'registry.o');
await compile(registry, [], registryObject);
await run([...units.map(({ object }) => object), registryObject, ...linkFlags, '-o', `${addon}.new`]);
renameSync(`${addon}.new`, addon);

const keep = new Set([
  ...units.map(({ object }) => object),
  ...prefixes.flatMap(({ header }) => [header, `${header}.gch`]),
]);
for (const file of readdirSync(objects)) if (!keep.has(join(objects, file))) rmSync(join(objects, file));
const seconds = ((performance.now() - started) / 1000).toFixed(1);
const stamp = { id, compiler: compiler.version, flags, instructionSets: instructionSets.map(({ name }) => name), ops };
writeFileSync(stampFile, `${JSON.stringify(stamp, null, 2)}\n`);
console.log(
  `@claimbench/kernels: compiled ${stale.length} of ${units.length} units in ${seconds} s with ${compiler.version}`,
);

/** Every op's table for every instruction set, and the digest of the sources. */
function registrySource() {
  const tables = instructionSets.flatMap(({ name }) => ops.map((op) => `table_${op}_${name}`));
  const lines = ['// Generated by build.mjs.', '#include "registry.h"', 'namespace kernels {'];
  for (const { name } of instructionSets) {
    lines.push(`namespace ${name} {`);
    for (const op of ops) lines.push(`extern const Kernel table_${op}_${name}[];`);
    lines.push(
      `static const Kernel* const tables[] = {${ops.map((op) => `table_${op}_${name}, `).join('')}nullptr};`,
      '}',
    );
  }
  lines.push(
    'const InstructionSet kInstructionSets[] = {',
    ...instructionSets.map(({ name }) => `    {"${name}", ${name}::tables},`),
    '    {nullptr, nullptr}};',
    `const char* const kBuild = "${id}";`,
    '}',
    '',
  );
  if (tables.length === 0) throw new Error('no op has a native.cc');
  return lines.join('\n');
}

async function compile(source, extra, object) {
  const mode = extra.includes('-x') ? [] : ['-c'];
  await run([...flags, ...extra, ...includes, ...mode, source, '-o', `${object}.new`]);
  renameSync(`${object}.new`, object);
}

async function inParallel(items, work) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, worker));
}

/** Runs the compiler; its messages are shown, and a failure ends the build. */
function run(commandLine) {
  return new Promise((resolve) => {
    const child = spawn(compiler.name, commandLine, { cwd: root, stdio: 'inherit' });
    child.on('close', (code) => {
      if (code === 0) resolve();
      else {
        console.error(`@claimbench/kernels: the compiler failed (${compiler.version}).`);
        process.exit(1);
      }
    });
  });
}
