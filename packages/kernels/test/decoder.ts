import type { Backend } from '../src/backend.ts';
import { attention } from '../src/ops/attention/op.ts';
import { crossEntropy } from '../src/ops/cross_entropy/op.ts';
import { embedding } from '../src/ops/embedding/op.ts';
import { gelu } from '../src/ops/gelu/op.ts';
import { layerNorm } from '../src/ops/layer_norm/op.ts';
import { linear } from '../src/ops/linear/op.ts';
import { rmsNorm } from '../src/ops/rms_norm/op.ts';
import { rotary } from '../src/ops/rotary/op.ts';
import { swiglu } from '../src/ops/swiglu/op.ts';
import { RandomStream, randomNormal } from '../src/random/random.ts';
import { Tensor } from '../src/tensor.ts';

/** A small decoder that runs most ops together, for tests of gradients, leaks and reproducibility. */
export interface SmallDecoder {
  readonly parameters: Tensor[];
  /** ids [batch, time] to logits [batch * time, vocabulary]. */
  readonly logits: (ids: Tensor) => Tensor;
  /** Mean nats of the next token: ids and targets [batch, time]. */
  readonly loss: (ids: Tensor, targets: Tensor) => Tensor;
}

export const vocabulary = 11;
const width = 8;
const heads = 2;
const hidden = 12;

export function smallDecoder(backend: Backend, seed: number): SmallDecoder {
  const stream = new RandomStream(seed, 0);
  const parameters: Tensor[] = [];
  const learned = (shape: readonly number[], mean = 0, deviation = 0.3): Tensor => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const tensor = Tensor.from(backend, randomNormal(stream, size, mean, deviation), shape);
    parameters.push(tensor);
    return tensor;
  };
  const table = learned([vocabulary, width]);
  const normGain = learned([width], 1);
  const normBias = learned([width]);
  const query = learned([width, width]);
  const key = learned([width / 2, width]);
  const value = learned([width / 2, width]);
  const output = learned([width, width]);
  const outputBias = learned([width]);
  const secondGain = learned([width], 1);
  const gate = learned([hidden, width]);
  const up = learned([hidden, width]);
  const down = learned([width, hidden]);
  const finalGain = learned([width], 1);

  const logits = (ids: Tensor): Tensor => {
    const [batch, time] = ids.shape as [number, number];
    const stream0 = embedding(ids, table);
    const normed = layerNorm(stream0, normGain, normBias);
    const turn = (x: Tensor, count: number) =>
      rotary(x.reshape([batch, time, count, width / heads]), { convention: 'half', theta: 10_000 });
    const q = turn(linear(normed, query), heads);
    const k = turn(linear(normed, key), heads / 2);
    const v = linear(normed, value).reshape([batch, time, heads / 2, width / heads]);
    const mixed = attention(q, k, v, { causal: true }).reshape([batch, time, width]);
    const stream1 = linear(mixed, output, outputBias, stream0);
    const second = rmsNorm(stream1, secondGain);
    const stream2 = linear(swiglu(linear(second, gate), gelu(linear(second, up), 'tanh')), down, undefined, stream1);
    return linear(rmsNorm(stream2, finalGain), table).reshape([batch * time, vocabulary]);
  };
  const loss = (ids: Tensor, targets: Tensor) => crossEntropy(logits(ids), targets.reshape([targets.size]));
  return { parameters, logits, loss };
}

export function randomTokens(backend: Backend, seed: number, batch: number, time: number): Tensor {
  const stream = new RandomStream(seed, 1);
  const ids = Int32Array.from({ length: batch * time }, () => stream.nextBelow(vocabulary));
  return Tensor.from(backend, ids, [batch, time]);
}
