// Where a training step's time goes: records the commands of one step of the decoder, then runs each by itself, many times, and prints its best time.
//
//   node bench/step-profile.mjs [--size 0.14M] [--threads 1] [--norm layerNorm] [--seconds 6] [--all]
//
// --all lists every command; otherwise those with the same kernel and scalars are one line. GFLOP/s stands beside matrix products only. The sum of the best times is
// what a step would take with nothing between its commands and every operand where this loop left it.
import { parseArgs } from 'node:util';
import { createNativeBackend } from '../packages/kernels/dist/node/index.js';
import { buildDecoder, decoderSizes } from './decoder.mjs';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '0.14M' },
    threads: { type: 'string', default: '1' },
    norm: { type: 'string', default: 'layerNorm' },
    seconds: { type: 'string', default: '6' },
    all: { type: 'boolean', default: false },
  },
});
const repeats = 12;

const backend = createNativeBackend({ threads: Number(options.threads) });
const commands = [];
let recording = false;
/** The backend, whose commands are noted and whose buffers stay while recording. */
const recorder = {
  name: backend.name,
  description: backend.description,
  allocate: (bytes) => backend.allocate(bytes),
  free: (id) => (recording ? undefined : backend.free(id)),
  write: (...rest) => backend.write(...rest),
  encode: (kernel, buffers, scalars) => {
    if (recording)
      commands.push({ kernel, buffers: [...buffers], scalars: [...scalars], best: Number.POSITIVE_INFINITY });
    backend.encode(kernel, buffers, scalars);
  },
  flush: () => backend.flush(),
  read: (...rest) => backend.read(...rest),
};
const decoder = buildDecoder(recorder, { ...decoderSizes[options.size], norm: options.norm });
for (let step = 0; step < 3; step++) await decoder.step();
recording = true;
await decoder.step();

const fence = backend.allocate(4);
const word = new Float32Array(1);
await backend.read(fence, word);
for (const deadline = performance.now() + 1000 * Number(options.seconds); performance.now() < deadline; ) {
  for (const command of commands) {
    for (let i = 0; i < repeats; i++) backend.encode(command.kernel, command.buffers, command.scalars);
    const start = performance.now();
    await backend.read(fence, word);
    command.best = Math.min(command.best, (1000 * (performance.now() - start)) / repeats);
  }
}

const lines = new Map();
for (const { kernel, scalars, best } of commands) {
  const key = options.all ? String(lines.size) : `${kernel} ${scalars.join()}`;
  const line = lines.get(key) ?? { kernel, scalars, times: [] };
  line.times.push(best);
  lines.set(key, line);
}
let total = 0;
for (const { kernel, scalars, times } of [...lines.values()].sort((a, b) => sum(b.times) - sum(a.times))) {
  total += sum(times);
  const flops = floatingPointOperations(kernel, scalars);
  const rate = flops === undefined ? '' : `${(flops / (1000 * (sum(times) / times.length))).toFixed(0)} GFLOP/s`;
  const shown = scalars.length > 14 ? `${scalars.slice(0, 8).join(', ')}, …` : scalars.join(', ');
  console.log(
    `${sum(times).toFixed(0).padStart(8)} µs  ${String(times.length).padStart(3)} x ${kernel} (${shown})  ${rate}`,
  );
}
console.log(
  `${total.toFixed(0).padStart(8)} µs in ${commands.length} commands, ${backend.description.threads} threads`,
);
backend.close();

function sum(values) {
  return values.reduce((a, b) => a + b, 0);
}

/** Of the products alone; a causal attention counts the half that is seen. */
function floatingPointOperations(kernel, [a, b, c, , d, , e]) {
  if (kernel === 'linear.forward') return 2 * a * b * c;
  if (kernel === 'linear.backward') return 4 * a * b * c;
  if (kernel === 'attention.forward') return 2 * a * b * (c + 1) * d * e;
  if (kernel === 'attention.backward') return 5 * a * b * (c + 1) * d * e;
  return undefined;
}
