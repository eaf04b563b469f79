// Speed of the native kernels beside their peers and beside the machine, one table.
//
//   pnpm --filter @claimbench/kernels build
//   python3 -m venv VENV && VENV/bin/pip install torch==2.13.0 numpy scipy onnx onnxruntime     (anywhere outside the repository)
//   pnpm bench kernels --python VENV/bin/python [--lines product,convolution,norm,matvec,packed,sparse,memory-bound,encode,peak] [--threads 1,2] [--rounds 7] [--json FILE]
//
// --codes 64,512: megabytes of codes that a matrix has which meets one vector. Few machines' last cache holds 512, some hold 64 (a line of /sys/devices/system/cpu/
// cpu0/cache/index3/size): then the sweep beside it tells what that cache gives, not the memory.
//
// (training steps: pnpm bench train-step.) Each side computes for --slice seconds (0.3; of 0.05, half the time of a second core went by before it was awake) in turn, in every round; a number is the median over the rounds, a ratio the
// median of the rounds' ratios, above 1 where we are quicker. --clock cpu compares the CPU time of the processes in place of time: on one thread it hardly
// depends on what else runs on the machine; on more it counts waiting threads too. Threads are fixed on both sides. A busy machine takes from both sides, not evenly: `other processes` says
// what share of the cores they took.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { relu, scope, Tensor } from '../packages/kernels/dist/index.js';
import { createNativeBackend } from '../packages/kernels/dist/node/index.js';
import { clockNamed } from './lib/clock.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    lines: { type: 'string', default: 'product,convolution,norm,matvec,packed,sparse,memory-bound,encode,peak' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '7' },
    slice: { type: 'string', default: '0.3' },
    codes: { type: 'string', default: '64' },
    clock: { type: 'string', default: 'wall' },
    json: { type: 'string' },
  },
});
const clock = clockNamed(options.clock);
const rounds = Number(options.rounds);
const slice = Number(options.slice);
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

class Peer {
  constructor(kind, threads) {
    this.kind = kind;
    // OpenBLAS finds its own kernels for the processor.
    const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _size, ...env } = process.env;
    const count = String(threads);
    this.child = spawn(options.python, [here('kernels_peer.py'), kind, count, options.clock], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...env, OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count, MKL_NUM_THREADS: count },
    });
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }
  async next() {
    const { value, done } = await this.answers.next();
    if (done) throw new Error(`the peer ${this.kind} ended early: is it installed for ${options.python}?`);
    return JSON.parse(value);
  }
  async opened() {
    this.version = (await this.next()).version;
    return this;
  }
  /** Seconds of one piece of the work. */
  time(request) {
    this.child.stdin.write(`${JSON.stringify({ ...request, seconds: slice })}\n`);
    return this.next().then(({ each }) => each);
  }
  close() {
    this.child.stdin.end();
  }
}

const versions = {};
async function withPeers(kinds, threads, body) {
  const peers = [];
  for (const kind of kinds) {
    const peer = await new Peer(kind, threads).opened();
    versions[kind] = peer.version;
    peers.push(peer);
  }
  try {
    return await body(peers);
  } finally {
    for (const peer of peers) peer.close();
  }
}

class Own {
  constructor(threads) {
    this.backend = createNativeBackend({ threads });
    this.fence = this.backend.allocate(4);
    this.word = new Float32Array(1);
    this.ids = [];
  }
  /** A buffer of random floats of small size, so that no sum runs away. */
  floats(count) {
    const id = this.backend.allocate(4 * count);
    const data = new Float32Array(count);
    let state = 1;
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      data[i] = state / 2 ** 31;
    }
    this.backend.write(id, data);
    this.ids.push(id);
    return id;
  }
  bytes(count, value = (i) => (i * 89) % 243) {
    const id = this.backend.allocate(count);
    this.backend.write(
      id,
      new Uint8Array(count).map((_, i) => value(i)),
    );
    this.ids.push(id);
    return id;
  }
  /** As many codes, some of them many times over. */
  codes(count) {
    const id = this.backend.allocate(count);
    const some = new Uint8Array(Math.min(count, 243 * 1024)).map((_, i) => (i * 89) % 243);
    const all = new Uint8Array(count);
    for (let at = 0; at < count; at += some.length) all.set(some.subarray(0, count - at), at);
    this.backend.write(id, all);
    this.ids.push(id);
    return id;
  }
  integers(count, value) {
    const id = this.backend.allocate(4 * count);
    this.backend.write(
      id,
      new Int32Array(count).map((_, i) => value(i)),
    );
    this.ids.push(id);
    return id;
  }
  /** Seconds of one pass over the commands, repeated for a slice. */
  async time(commands) {
    const once = async (repeats) => {
      const start = clock();
      for (let i = 0; i < repeats; i++) for (const command of commands) this.backend.encode(...command);
      await this.backend.read(this.fence, this.word);
      return (clock() - start) / repeats;
    };
    // Caches and threads have been somebody else's: half a slice goes by before it counts, here and in the peers.
    let repeats = 1;
    let each = await once(repeats);
    while (repeats < 20_000 && repeats * each < slice / 4) {
      repeats = Math.min(20_000, 2 * repeats);
      each = await once(repeats);
    }
    return once(Math.max(1, Math.min(20_000, Math.round(slice / each))));
  }
  free() {
    for (const id of this.ids.splice(0)) this.backend.free(id);
  }
  close() {
    this.backend.close();
  }
}

const results = [];
function note(line) {
  results.push(line);
  const { work, threads, own, ratio, best, against } = line;
  console.log(
    `${work.padEnd(44)} ${threads}T  ${own.padStart(16)}  ${(ratio ?? '').toString().padStart(6)}  ${against ?? ''} ${best ?? ''}`,
  );
}

/** The threads of OpenBLAS, OpenMP and ONNX Runtime spin for up to some 40 ms after their work, on a core that the next side is to have. */
const settled = (threads) => (threads > 1 ? new Promise((resolve) => setTimeout(resolve, 80)) : undefined);

/** Runs the sides in turn; gives for each its seconds by round. */
async function interleaved(threads, sides) {
  const times = sides.map(() => []);
  for (const side of sides) await side();
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < sides.length; i++) {
      const at = (i + round) % sides.length;
      await settled(threads);
      times[at].push(await sides[at]());
    }
  }
  return times;
}
const ratioTo = (own, others) => {
  const best = others.toSorted((a, b) => median(a) - median(b))[0];
  return { best, ratio: Number(median(own.map((seconds, round) => best[round] / seconds)).toFixed(3)) };
};

const products = [
  [1024, 1024, 1024],
  [512, 512, 512],
  [64, 1024, 1024],
  [1, 1024, 1024],
  [1, 4096, 4096],
  [2048, 256, 256],
  [2048, 1024, 256],
  [2048, 256, 1024],
  [256, 256, 2048],
];

const lines = {
  async product(threads) {
    await withPeers(['torch', 'openblas'], threads, async (peers) => {
      const own = new Own(threads);
      for (const [m, n, k] of products) {
        const [x, weight, y] = [own.floats(m * k), own.floats(n * k), own.floats(m * n)];
        const [ours, ...theirs] = await interleaved(threads, [
          () => own.time([['linear.forward', [x, weight, 0, 0, y], [m, k, n]]]),
          ...peers.map((peer) => () => peer.time({ product: [m, n, k] })),
        ]);
        const rate = (times) => `${((2 * m * n * k) / median(times) / 1e9).toFixed(1)} GFLOP/s`;
        const { ratio } = ratioTo(ours, theirs);
        note({
          work: `product ${m} x ${n} x ${k}`,
          threads,
          own: rate(ours),
          ratio,
          against: peers.map((peer, i) => `${peer.kind} ${rate(theirs[i])}`).join(', '),
        });
        own.free();
      }
      own.close();
    });
  },

  async convolution(threads) {
    await withPeers(['torch'], threads, async ([torch]) => {
      const own = new Own(threads);
      const [batch, channels, size, kernel] = [16, 64, 32, 3];
      for (const groups of [1, channels]) {
        const images = batch * channels * size * size;
        const [x, y, dy, dx] = [0, 1, 2, 3].map(() => own.floats(images));
        const [weight, dweight] = [0, 1].map(() => own.floats((channels * channels * kernel * kernel) / groups));
        const [bias, dbias] = [0, 1].map(() => own.floats(channels));
        const shape = [batch, channels, size, size, channels, groups, kernel, kernel, 1, 1, 1, 1, 1, 1];
        const forward = ['conv2d.forward', [x, weight, bias, y], shape];
        const backward = ['conv2d.backward', [dy, x, weight, dx, dweight, dbias], [...shape, 0, 0, 0]];
        for (const commands of [[forward], [forward, backward]]) {
          const both = commands.length === 2;
          const [ours, theirs] = await interleaved(threads, [
            () => own.time(commands),
            () => torch.time({ convolution: [batch, channels, size, kernel, groups], both }),
          ]);
          const products = 2 * images * (channels / groups) * kernel ** 2 * (both ? 3 : 1);
          const rate = (times) => `${(products / median(times) / 1e9).toFixed(1)} GFLOP/s`;
          note({
            work: `${groups === 1 ? '' : 'depthwise '}convolution 3 x 3${both ? ', forward and backward' : ''}`,
            threads,
            own: rate(ours),
            ratio: ratioTo(ours, [theirs]).ratio,
            against: `torch ${rate(theirs)}`,
          });
        }
        own.free();
      }
      own.close();
    });
  },

  async norm(threads) {
    await withPeers(['torch'], threads, async ([torch]) => {
      const own = new Own(threads);
      const [rows, width] = [2048, 256];
      const [x, dy, y, dx] = [0, 1, 2, 3].map(() => own.floats(rows * width));
      const [gain, bias, dgain, dbias] = [0, 1, 2, 3].map(() => own.floats(width));
      const [means, rstds] = [own.floats(rows), own.floats(rows)];
      const [alpha, dalpha] = [own.floats(1), own.floats(1)];
      const works = {
        layerNorm: [
          ['layer_norm.forward', [x, gain, bias, y, means, rstds], [rows, width, 1e-5]],
          ['layer_norm.backward', [dy, x, gain, means, rstds, dx, dgain, dbias], [rows, width, 0, 0, 0]],
        ],
        rmsNorm: [
          ['rms_norm.forward', [x, gain, y, rstds], [rows, width, 1e-5, 0]],
          ['rms_norm.backward', [dy, x, gain, rstds, dx, dgain], [rows, width, 0, 0, 0]],
        ],
        dynamicTanh: [
          ['dynamic_tanh.forward', [x, alpha, gain, bias, y], [rows, width]],
          ['dynamic_tanh.backward', [dy, x, alpha, gain, dx, dalpha, dgain, dbias], [rows, width, 0, 0, 0, 0]],
        ],
      };
      for (const [kind, commands] of Object.entries(works)) {
        const [ours, theirs] = await interleaved(threads, [
          () => own.time(commands),
          () => torch.time({ norm: [rows, width], kind }),
        ]);
        note({
          work: `${kind} ${rows} x ${width}, forward and backward`,
          threads,
          own: micros(ours),
          ratio: ratioTo(ours, [theirs]).ratio,
          against: `torch ${micros(theirs)}`,
        });
      }
      own.free();
      own.close();
    });
  },

  async matvec(threads) {
    await withPeers(['torch'], threads, async ([torch]) => {
      const own = new Own(threads);
      const k = 8192;
      const works = [
        ['int8', 8, 0, 128],
        ['int4', 4, 0, 256],
        ['ternary in two bits', 2, 0, 512],
        ['ternary, five in a byte', 2, 1, 640],
        // Sixteen rows side by side in groups, on an x that is rounded to 8 bits: as GGUF's weights are multiplied.
        ['int8 by integers', 8, 0, 128, 32],
        ['int4 by integers', 4, 0, 256, 32],
        // Ternary weights have a scale for 256 of them, as GGUF's have.
        ['ternary by integers', 2, 0, 512, 256],
      ];
      const sizes = options.codes.split(',').map(Number);
      for (const [megabytes, [name, bits, trits, rowsOfMegabyte, group]] of sizes.flatMap((size) =>
        works.map((work) => [size, work]),
      )) {
        const n = megabytes * rowsOfMegabyte;
        const x = own.floats(k);
        const y = own.floats(n);
        const packed = trits ? n * 16 * Math.ceil(k / 80) : (n * k * bits) / 8;
        // Scales of groups are float16 and stand among the codes.
        const size = group ? packed + (2 * n * k) / group : packed;
        const codes = own.codes(size);
        const scales = own.floats(n);
        const sweep = own.floats(size / 4);
        const sum = own.floats(1);
        const product = group
          ? [
              'interleaved_linear.forward',
              [x, codes, 0, y],
              [1, k, n, bits, group, 1, bits === 2 ? 1 : 2 ** (bits - 1)],
            ]
          : [
              'quantized_linear.forward',
              [x, codes, scales, 0, 0, 0, y],
              [1, k, n, bits, k, 1, 0, bits === 2 ? 1 : 2 ** (bits - 1), trits, 0, 1],
            ];
        const [ours, swept, torchs] = await interleaved(threads, [
          () => own.time([product]),
          () => own.time([['sum.forward', [sweep, sum], [0, 1, 1, size / 4, 1, 0]]]),
          () => torch.time({ read: size }),
        ]);
        const rate = (times) => size / median(times) / 1e9;
        const { ratio, best } = ratioTo(ours, [swept, torchs]);
        note({
          work: `matvec ${name}, ${n} x ${k}`,
          threads,
          own: `${rate(ours).toFixed(1)} GB/s`,
          ratio,
          against: `a sweep over as many bytes ${rate(best).toFixed(1)} GB/s`,
        });
        own.free();
      }
      own.close();
    });
  },

  async packed(threads) {
    await withPeers(['onnxruntime'], threads, async ([ort]) => {
      const own = new Own(threads);
      const [m, n, k, block] = [64, 1024, 1024, 32];
      const [x, y] = [own.floats(m * k), own.floats(m * n)];
      // Like with like: x as it is, or rounded to int8 in the weight's groups on both sides.
      const settings = [4, 8].flatMap((bits) => [
        { bits, level: 0 },
        { bits, level: 4 },
      ]);
      for (const { bits, level } of settings) {
        const zeroPoint = 2 ** (bits - 1);
        const bytes = (n * k * bits) / 8;
        const product =
          level === 0
            ? [
                'quantized_linear.forward',
                [x, own.bytes(bytes), own.floats((n * k) / block), 0, 0, 0, y],
                [m, k, n, bits, block, k / block, 1, zeroPoint, 0, 0, 1],
              ]
            : [
                'interleaved_linear.forward',
                [x, own.codes(bytes + (2 * n * k) / block), 0, y],
                [m, k, n, bits, block, 1, zeroPoint],
              ];
        const [ours, theirs] = await interleaved(threads, [
          () => own.time([product]),
          () => ort.time({ packed: [m, n, k], bits, level }),
        ]);
        const rate = (times) => `${((2 * m * n * k) / median(times) / 1e9).toFixed(1)} GFLOP/s`;
        note({
          work: `packed int${bits}${level === 0 ? '' : ' by integers'}, product ${m} x ${n} x ${k}`,
          threads,
          own: rate(ours),
          ratio: ratioTo(ours, [theirs]).ratio,
          against: `onnxruntime MatMulNBits, level ${level}, ${rate(theirs)}`,
        });
      }
      own.free();
      own.close();
    });
  },

  async sparse(threads) {
    const own = new Own(threads);
    const [n, k] = [1024, 1024];
    for (const m of [64, 1]) {
      const [x, dense, y] = [own.floats(m * k), own.floats(n * k), own.floats(m * n)];
      const kinds = [50, 60, 70, 80, 90].map((percent) => {
        const each = Math.round((k * (100 - percent)) / 100);
        const rowStarts = own.integers(n + 1, (row) => row * each);
        // As random as the pattern of weights cut by magnitude, in rising order.
        const columns = own.integers(n * each, (at) => Math.floor((((at % each) + ((at * 0.618) % 1)) * k) / each));
        const values = own.floats(n * each);
        return [`${percent} % sparse`, [x, values, rowStarts, columns, 0, 0, y], [m, k, n, n * each, 1, 1, 0, 0]];
      });
      // 2 of 4: four bits of positions a group, first below second.
      const positions = own.bytes((n * k) / 8, (at) => [0x44, 0x88, 0xcc, 0x99, 0xdd, 0xee][at % 6]);
      kinds.unshift([
        '2 of 4',
        [x, own.floats((n * k) / 2), 0, 0, positions, 0, y],
        [m, k, n, (n * k) / 2, 1, 1, 2, 4],
      ]);
      for (const [name, buffers, scalars] of kinds) {
        const [ours, whole] = await interleaved(threads, [
          () => own.time([['sparse_linear.forward', buffers, scalars]]),
          () => own.time([['linear.forward', [x, dense, 0, 0, y], [m, k, n]]]),
        ]);
        note({
          work: `${name} weight, ${m} x ${n} x ${k}`,
          threads,
          own: micros(ours),
          ratio: ratioTo(ours, [whole]).ratio,
          against: `our dense product ${micros(whole)}`,
        });
      }
      if (m === 1) {
        // x lies in -1 .. 1: a tenth of its elements is beyond 0.9
        const [ours, whole] = await interleaved(threads, [
          () => own.time([['activation_sparse_linear.forward', [x, dense, 0, y], [m, k, n, 0.9]]]),
          () => own.time([['linear.forward', [x, dense, 0, 0, y], [m, k, n]]]),
        ]);
        note({
          work: `a tenth of x, ${m} x ${n} x ${k}`,
          threads,
          own: micros(ours),
          ratio: ratioTo(ours, [whole]).ratio,
          against: `our dense product ${micros(whole)}`,
        });
      }
      own.free();
    }
    own.close();
  },

  async 'memory-bound'(threads) {
    await withPeers(['torch'], threads, async ([torch]) => {
      const own = new Own(threads);
      const count = 2 ** 24; // 64 MB
      const [a, b, y] = [own.floats(count), own.floats(count), own.floats(count)];
      const width = 1024;
      const rows = count / width;
      const [gain, bias, means, rstds] = [own.floats(width), own.floats(width), own.floats(rows), own.floats(rows)];
      const works = [
        ['copy', 2, ['copy.forward', [a, y], [count]]],
        ['add', 3, ['add.forward', [a, b, y], [1, count, 1, 1]]],
        ['relu', 2, ['relu.forward', [a, y], [count]]],
        ['gelu (erf)', 2, ['gelu_erf.forward', [a, y], [count]]],
        ['gelu (erf) backward', 3, ['gelu_erf.backward', [a, b, y], [count, 0]]],
        ['silu', 2, ['silu.forward', [a, y], [count]]],
        ['tanh', 2, ['tanh.forward', [a, y], [count]]],
        ['softmax', 2, ['softmax.forward', [a, y], [rows, width, 1]]],
        ['layer norm', 2, ['layer_norm.forward', [a, gain, bias, y, means, rstds], [rows, width, 1e-5]]],
        ['rms norm', 2, ['rms_norm.forward', [a, gain, y, rstds], [rows, width, 1e-5, 0]]],
      ];
      for (const [name, passes, command] of works) {
        const [ours, copied, torchs] = await interleaved(threads, [
          () => own.time([command]),
          () => own.time([['copy.forward', [a, y], [count]]]),
          () => torch.time({ copy: 4 * count }),
        ]);
        const rate = (times, over) => (over * 4 * count) / median(times) / 1e9;
        // Bandwidth: bytes read and written, whichever copy is quicker.
        const best = median(copied) < median(torchs) ? copied : torchs;
        const ratio = Number(median(ours.map((seconds, round) => ((passes / 2) * best[round]) / seconds)).toFixed(3));
        note({
          work: `${name} over 64 MB`,
          threads,
          own: `${rate(ours, passes).toFixed(1)} GB/s`,
          ratio,
          against: `a copy ${rate(best, 2).toFixed(1)} GB/s`,
        });
      }
      own.free();
      own.close();
    });
  },

  async encode(threads) {
    if (threads !== 1) return;
    const backend = createNativeBackend({ threads });
    const x = Tensor.full(backend, [16], 1);
    const times = [];
    for (let round = 0; round < 200; round++) {
      const start = clock();
      scope(() => {
        for (let i = 0; i < 100; i++) relu(x);
      });
      times.push((clock() - start) / 100);
      await x.read();
    }
    note({ work: 'encode one op from JavaScript', threads, own: micros(times.slice(50)) });
    x.dispose();
    backend.close();
  },

  async peak(threads) {
    if (threads !== 1) return;
    const found = {};
    const kinds = {
      own: [process.execPath, [here('peak-memory.mjs')]],
      torch: [options.python, [here('peak_memory_peer.py')]],
    };
    for (const [name, [command, args]] of Object.entries(kinds)) {
      found[name] = JSON.parse(
        execFileSync(command, args, { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: '1' } }),
      );
    }
    const grown = ({ peak, before }) => peak - before;
    note({
      work: 'peak memory of a training step, 3.45M',
      threads,
      own: megabytes(grown(found.own)),
      ratio: Number((grown(found.own) / grown(found.torch)).toFixed(3)),
      against: `torch ${megabytes(grown(found.torch))} over what each process held before; whole processes ${megabytes(found.own.peak)} and ${megabytes(found.torch.peak)} (lower is better)`,
    });
  },
};

const before = ticks();
const chosen = options.lines.split(',');
for (const name of chosen)
  if (lines[name] === undefined) throw new Error(`no line ${name}: ${Object.keys(lines).join(', ')}`);
for (const name of chosen) for (const threads of options.threads.split(',').map(Number)) await lines[name](threads);
const after = ticks();
const share = after.total === before.total ? 0 : 1 - (after.idle - before.idle) / (after.total - before.total);
const report = {
  command: `pnpm bench kernels ${process.argv.slice(2).join(' ')}`.trim(),
  when: new Date().toISOString(),
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  machine: {
    cpu: cpus()[0].model.trim(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    instructionSet: createNativeBackend({ threads: 1 }).description.instructionSet,
    node: process.versions.node,
  },
  versions,
  clock: options.clock,
  busyShareOfCores: Number(share.toFixed(2)),
  rounds,
  slice,
  results,
};
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
console.log(JSON.stringify(report));

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
function micros(times) {
  return `${(1e6 * median(times)).toFixed(2)} µs`;
}
function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
function ticks() {
  try {
    const all = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1, 9).map(Number);
    return { total: all.reduce((a, b) => a + b, 0), idle: all[3] + all[4] };
  } catch {
    return { total: 0, idle: 0 };
  }
}
