// Prints the hash of what each op that may write past the caches gives: rows of whole registers, and some that are not.
import { createHash } from 'node:crypto';
import {
  gelu,
  layerNorm,
  logSoftmax,
  RandomStream,
  randomNormal,
  relu,
  rmsNorm,
  scope,
  softmax,
  sum,
  Tensor,
  valueAndGrad,
} from '../src/index.ts';
import { createNativeBackend } from '../src/node/index.ts';

const backend = createNativeBackend({ threads: 3 });
const stream = new RandomStream(1, 0);
const found: string[] = [];
for (const [rows, width] of [
  [37, 64],
  [3, 1024],
  [700, 48],
  [5, 50],
] as const) {
  const x = Tensor.from(backend, randomNormal(stream, rows * width), [rows, width]);
  const gain = Tensor.from(backend, randomNormal(stream, width), [width]);
  const results = scope(() => [
    relu(x),
    gelu(x, 'erf'),
    layerNorm(x, gain, gain),
    rmsNorm(x, gain),
    softmax(x),
    logSoftmax(x),
    ...valueAndGrad([x], () => sum(gelu(x, 'erf'))).gradients,
  ]);
  for (const result of results) {
    found.push(
      createHash('sha256')
        .update(await result.readFloats())
        .digest('hex'),
    );
  }
}
process.stdout.write(found.join('\n'));
