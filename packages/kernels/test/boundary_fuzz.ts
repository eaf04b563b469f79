import type { Backend } from '../src/backend.ts';
import type { OpCase } from '../src/conformance/case.ts';
import { runCase } from '../src/conformance/run.ts';
import type { KernelErrorCode } from '../src/errors.ts';
import { type Addon, loadAddon, type Session } from '../src/node/addon.ts';
import { RandomStream } from '../src/random/random.ts';

/** What the boundary may answer with: a caller can rely on the code. */
const codes: ReadonlySet<string> = new Set<KernelErrorCode>([
  'invalid-argument',
  'invalid-buffer',
  'size-mismatch',
  'out-of-memory',
  'backend-closed',
  'backend-unavailable',
  'index-out-of-range',
]);

/** A command as an op once encoded it, with the sizes of its buffers in bytes (0: absent). */
export interface Recorded {
  readonly kernel: string;
  readonly bytes: readonly number[];
  readonly scalars: readonly number[];
}

/**
 * The commands that conformance cases of all ops encode, forward and backward, at most `casesEach` of each op: what the fuzz starts from. Commands over
 * much memory are left out where the kernel has smaller ones: they would only take time.
 */
export async function recordCommands(
  casesOfOps: ReadonlyMap<string, readonly OpCase[]>,
  casesEach: number,
): Promise<Recorded[]> {
  const recorded = new Map<string, Recorded>();
  const sizes: number[] = [0];
  /** Computes nothing. */
  const recorder: Backend = {
    name: 'reference',
    description: { instructionSet: 'none', threads: 0, device: 'none', build: 'none' },
    allocate: (bytes) => sizes.push(bytes) - 1,
    free: () => {},
    write: () => {},
    encode: (kernel, buffers, scalars) => {
      const bytes = buffers.map((id) => sizes[id]!);
      recorded.set(`${kernel} ${bytes} ${scalars}`, { kernel, bytes, scalars: [...scalars] });
    },
    flush: () => {},
    read: async () => {},
    liveBuffers: 0,
    liveBytes: 0,
    close: () => {},
  };
  for (const cases of casesOfOps.values()) {
    for (const [seed, opCase] of cases.slice(0, casesEach).entries()) {
      await runCase(recorder, opCase, seed, async (tensor) => new Float64Array(tensor.size));
    }
  }
  const all = [...recorded.values()].sort((a, b) => total(a.bytes) - total(b.bytes));
  const seen = new Set<string>();
  return all.filter(({ kernel, bytes }) => {
    const first = !seen.has(kernel);
    seen.add(kernel);
    return first || total(bytes) <= 1 << 14;
  });
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Counts of what happened, so that a test can see that both ways were taken. */
export interface FuzzReport {
  ran: number;
  refused: number;
  readonly codes: Set<string>;
}

/** Throws unless the error is one of the boundary's own. */
function expectTyped(error: unknown, report: FuzzReport, what: string): void {
  const code = (error as { code?: unknown })?.code;
  if (!(error instanceof Error) || typeof code !== 'string' || !codes.has(code)) {
    throw new Error(
      `${what}: answered with something else than a typed error: ${String(error)} (code ${String(code)})`,
    );
  }
  report.refused += 1;
  report.codes.add(code);
}

/** The promise, which must settle: a command that runs on and on is a fault too. */
async function arrives(promise: Promise<unknown>, what: string): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: still runs after 20 s`)), 20_000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Wrong in some way: what JavaScript can hand over. Built anew each time, for some are used up. */
const strangeValues: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => 'native',
  () => 10n,
  () => Symbol('id'),
  () => ({}),
  () => [],
  () => () => 1,
  () => new Date(),
  () => ({
    valueOf: () => {
      throw new Error('valueOf was called');
    },
  }),
  () =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('a trap was called');
        },
      },
    ),
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => -1,
  () => -0,
  () => 0,
  () => 0.5,
  () => 1,
  () => 3,
  () => 2 ** 31,
  () => 2 ** 45,
  () => 2 ** 53,
  () => 1e308,
  () => new ArrayBuffer(16),
  () => new SharedArrayBuffer(16),
  () => new Float32Array(0),
  () => new Float32Array(3),
  () => new Float64Array(8).fill(1),
  () => new BigInt64Array(2),
  () => new DataView(new ArrayBuffer(9), 1, 7),
  () => new Uint8Array(new ArrayBuffer(15), 3, 11),
  () => new Float32Array(new SharedArrayBuffer(64)),
  () => new Uint8Array(new ArrayBuffer(8, { maxByteLength: 64 })),
  () => shrunk(),
  () => detached(),
];

function detached(): Float32Array {
  const view = new Float32Array(64);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

/** A view that lies outside its buffer since the buffer shrank. */
function shrunk(): Uint8Array {
  const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
  const view = new Uint8Array(buffer, 32, 32);
  buffer.resize(8);
  return view;
}

/**
 * Calls every function of the addon with arguments of which some are strange. Each call either works or throws a typed error; reads either arrive or
 * reject with one.
 */
export async function fuzzCalls(seed: number, rounds: number): Promise<FuzzReport> {
  const addon = loadAddon();
  const stream = new RandomStream(seed, 0);
  const pick = <T>(list: readonly T[]): T => list[stream.nextBelow(list.length)]!;
  const report: FuzzReport = { ran: 0, refused: 0, codes: new Set() };
  const { instructionSets, kernels } = addon.describe();
  let session = addon.open(instructionSets[0]!, 2);
  let ids = [addon.allocate(session, 64), addon.allocate(session, 4096)];
  const closed = addon.open(instructionSets[0]!, 1);
  addon.close(closed);
  const reads: Promise<unknown>[] = [];
  /** Now and then strange. */
  const perhaps = (usual: () => unknown): unknown => (stream.nextBelow(3) === 0 ? pick(strangeValues)() : usual());
  const anyId = () => (stream.nextBelow(4) === 0 ? pick([0, -1, 0.5, 2 ** 24, 2 ** 52, ids[0]! + 1]) : pick(ids));
  const calls: readonly (readonly [keyof Addon, () => unknown[]])[] = [
    ['allocate', () => [perhaps(() => session), perhaps(() => stream.nextBelow(9000))]],
    ['free', () => [perhaps(() => session), perhaps(anyId)]],
    [
      'write',
      () => [
        perhaps(() => session),
        perhaps(anyId),
        perhaps(() => new Float32Array(stream.nextBelow(20))),
        perhaps(() => stream.nextBelow(80)),
      ],
    ],
    [
      'read',
      () => [
        perhaps(() => session),
        perhaps(anyId),
        perhaps(() => new Float32Array(stream.nextBelow(20))),
        perhaps(() => stream.nextBelow(80)),
      ],
    ],
    ['submit', () => [perhaps(() => session), perhaps(() => anyCommands()), perhaps(() => stream.nextBelow(40))]],
    ['state', () => [perhaps(() => session)]],
    ['open', () => [perhaps(() => 'portable'), perhaps(() => 1000)]],
    ['close', () => [pick([closed, undefined, {}, 7])]],
    ['describe', () => [pick(strangeValues)()]],
  ];
  /** Numbers that only look like commands. */
  function anyCommands(): Float64Array {
    const list = new Float64Array(40);
    for (let i = 0; i < list.length; i++) {
      list[i] = pick([
        stream.nextBelow(kernels.length),
        stream.nextBelow(8),
        pick(ids),
        0,
        -1,
        0.5,
        Number.NaN,
        2 ** 40,
      ]);
    }
    return list;
  }
  for (let round = 0; round < rounds; round++) {
    const [name, given] = pick(calls);
    const values = given().slice(0, stream.nextBelow(8) === 0 ? stream.nextBelow(4) : 4);
    const what = `seed ${seed}, round ${round}, ${name}`;
    try {
      const answer = (addon[name] as (...values: unknown[]) => unknown)(...values);
      report.ran += 1;
      if (name === 'allocate') ids.push(answer as number);
      if (name === 'open') addon.close(answer as Session);
      if (answer instanceof Promise) reads.push(answer.then(undefined, (error) => expectTyped(error, report, what)));
    } catch (error) {
      expectTyped(error, report, what);
    }
    // Every so often the session ends, reads under way or not, and another takes its place.
    if (stream.nextBelow(200) === 0) {
      addon.close(session);
      session = addon.open(pick(instructionSets), 1 + stream.nextBelow(3));
      ids = [addon.allocate(session, 64), addon.allocate(session, 4096)];
    }
  }
  await Promise.all(reads);
  addon.close(session);
  return report;
}

/**
 * Submits commands that were sound once, with some scalars, buffers or counts changed. Each is refused with a typed error or computes within its buffers: the
 * sanitizers (test:sanitize) and the guards around each buffer here see to that.
 */
export async function fuzzCommands(corpus: readonly Recorded[], seed: number, rounds: number): Promise<FuzzReport> {
  const addon = loadAddon();
  const stream = new RandomStream(seed, 1);
  const pick = <T>(list: readonly T[]): T => list[stream.nextBelow(list.length)]!;
  const { instructionSets, kernels } = addon.describe();
  const indices = new Map(kernels.map((name, index) => [name, index]));
  const report: FuzzReport = { ran: 0, refused: 0, codes: new Set() };
  const sessions = instructionSets.map((set) => addon.open(set, 2));
  for (let round = 0; round < rounds; round++) {
    const session = sessions[round % sessions.length]!;
    const { kernel, bytes, scalars } = pick(corpus);
    const index = indices.get(kernel);
    if (index === undefined) continue;
    const changed = scalars.map((scalar) => (stream.nextBelow(6) === 0 ? otherScalar(scalar) : scalar));
    const ids = bytes.map((size) => (size === 0 ? 0 : addon.allocate(session, size)));
    for (const [i, id] of ids.entries()) {
      if (id === 0) continue;
      // Any bits: as floats they include NaN and huge values, as ids and targets mostly what no table has.
      const data = new Int32Array(Math.ceil(bytes[i]! / 4)).map(() =>
        pick([stream.nextBelow(7), -1, 0x7fc00000, 0x3f800000, 0x7f7fffff]),
      );
      addon.write(session, id, new Uint8Array(data.buffer, 0, bytes[i]!), 0);
    }
    const used = ids.map((id) => (stream.nextBelow(12) === 0 ? pick([0, ...ids, 2 ** 24 * 3 + 1]) : id));
    if (stream.nextBelow(20) === 0) used.pop();
    if (stream.nextBelow(20) === 0) changed.push(1);
    const command = Float64Array.of(index, used.length, changed.length, ...used, ...changed);
    const what = `seed ${seed}, round ${round}, ${kernel} [${used}] (${bytes} bytes) [${changed}]`;
    try {
      addon.submit(session, command, stream.nextBelow(50) === 0 ? stream.nextBelow(command.length) : command.length);
      report.ran += 1;
    } catch (error) {
      expectTyped(error, report, what);
    }
    const some = ids.find((id) => id !== 0);
    if (some !== undefined)
      await arrives(addon.read(session, some, new Uint8Array(1), 0), what).catch((error) =>
        expectTyped(error, report, what),
      );
    for (const id of ids) if (id !== 0) addon.free(session, id);
  }
  for (const session of sessions) addon.close(session);
  return report;

  function otherScalar(scalar: number): number {
    return pick([
      0,
      1,
      2,
      scalar + 1,
      scalar - 1,
      2 * scalar,
      scalar / 2,
      -scalar,
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 31,
      2 ** 46,
      2 ** 53,
    ]);
  }
}
