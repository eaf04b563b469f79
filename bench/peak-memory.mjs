// Peak memory of some training steps of the decoder (bench/kernels.mjs, line `peak`): the process's largest resident set, and what it held before the model was made. Linux.
import { readFileSync } from 'node:fs';
import { createNativeBackend } from '../packages/kernels/dist/node/index.js';
import { buildDecoder, decoderSizes } from './decoder.mjs';

const field = (name) =>
  1024 * Number(readFileSync('/proc/self/status', 'utf8').match(new RegExp(`${name}:\\s+(\\d+)`))[1]);
const backend = createNativeBackend({ threads: 1 });
const before = field('VmRSS');
const decoder = buildDecoder(backend, { ...decoderSizes[process.argv[2] ?? '3.45M'], norm: 'layerNorm' });
for (let step = 0; step < 5; step++) await decoder.step();
console.log(JSON.stringify({ before, peak: field('VmHWM') }));
backend.close();
