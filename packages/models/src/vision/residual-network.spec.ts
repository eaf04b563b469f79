import { readFileSync } from 'node:fs';
import { type Backend, createReferenceBackend, crossEntropy, scope, Tensor, valueAndGrad } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, describe, expect, test } from 'vitest';
import { floatsOf, numbersOf } from '../checkpoints/element-types.ts';
import { readSafetensors } from '../checkpoints/safetensors.ts';
import { LowRankLinear } from '../decoder/low-rank-linear.ts';
import type { ParameterValues } from '../decoder/parameters.ts';
import { windowWeight } from './convolution.ts';
import { ResidualNetwork, type ResidualNetworkConfig, residualNetworkSpecs } from './residual-network.ts';

const golden = readSafetensors(
  readFileSync(new URL('../../golden/vision/residual-network.safetensors', import.meta.url)),
);
const stored = (name: string) => golden.tensors.get(name)!;
const config: ResidualNetworkConfig = {
  channels: 2,
  height: 7,
  width: 6,
  classes: 5,
  stages: [
    { channels: 4, blocks: 1, stride: 1 },
    { channels: 6, blocks: 2, stride: 2 },
  ],
  norm: { kind: 'batch-norm', eps: 1e-5, momentum: 0.1 },
};

/** A value of PyTorch's under our name and in our layout. */
function ours(name: string): ParameterValues {
  const { shape, ...rest } = stored(name);
  const values = { shape, data: floatsOf({ shape, ...rest }) };
  return shape.length === 4 ? windowWeight(values) : values;
}
const theirs = (name: string) => name.replace('running_variance', 'running_var');
const values = () => new Map(residualNetworkSpecs(config).map(({ name }) => [name, ours(theirs(name))]));

const backends: Record<string, Backend> = {
  reference: createReferenceBackend(),
  native: createNativeBackend({ threads: 2 }),
};
afterEach(() => {
  for (const backend of Object.values(backends)) expect(backend.liveBuffers).toBe(0);
});

function expectClose(got: Float32Array, want: ArrayLike<number>, what: string): void {
  const largest = Array.from(want).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  expect(got.length, what).toBe(want.length);
  // of the largest value: some roundings of float32; a gradient through six batch norms loses a digit more
  for (const [index, value] of got.entries()) {
    expect(Math.abs(value - want[index]!), `${what}[${index}]`).toBeLessThan(3e-5 * largest + 1e-6);
  }
}

describe.each(Object.entries(backends))('a residual network on %s', (_, backend) => {
  const images = () => Tensor.from(backend, floatsOf(stored('images')), stored('images').shape);

  test('gives the logits of PyTorch with running statistics', async () => {
    using network = ResidualNetwork.fromValues(backend, config, values());
    using logits = scope(() => network.logits(images()));
    expectClose(await logits.readFloats(), numbersOf(stored('logits.evaluation')), 'logits');
  });

  test('gives its loss and gradients in training, and remembers the statistics', async () => {
    using network = ResidualNetwork.fromValues(backend, config, values());
    network.training = true;
    const names = [...network.trainable.keys()];
    expect(names.some((name) => name.includes('running'))).toBe(false);
    const labels = Int32Array.from(numbersOf(stored('labels')));
    const { value, gradients } = scope(() =>
      valueAndGrad([...network.trainable.values()], () =>
        crossEntropy(network.logits(images()), Tensor.from(backend, labels, [3])),
      ),
    );
    expect((await value.readFloats())[0]).toBeCloseTo(numbersOf(stored('loss'))[0]!, 5);
    for (const [index, name] of names.entries()) {
      expectClose(await gradients[index]!.readFloats(), ours(`grad.${name}`).data, name);
    }
    for (const { name } of residualNetworkSpecs(config).filter(({ name }) => name.includes('running'))) {
      expectClose(await network.readParameter(name), numbersOf(stored(`after.${theirs(name)}`)), name);
    }
    for (const tensor of [value, ...gradients]) tensor.dispose();
  });
});

describe('its seams', () => {
  const backend = backends.native!;
  const images = () => Tensor.from(backend, floatsOf(stored('images')), stored('images').shape);
  const logitsOf = async (network: ResidualNetwork) => {
    using logits = scope(() => network.logits(images()));
    return await logits.readFloats();
  };

  test('a block is skipped, a convolution replaced, states are seen', async () => {
    using network = ResidualNetwork.fromValues(backend, config, values());
    const plain = await logitsOf(network);
    const shapes: string[] = [];
    const off = ['stem.output', 'blocks.1.conv1.input', 'blocks.1.output', 'pooled'].map((place) =>
      network.hooks.on(place, (value) => {
        shapes.push(value.shape.join());
        return undefined;
      }),
    );
    expect(await logitsOf(network)).toEqual(plain);
    expect(shapes).toEqual(['3,7,6,4', '3,4,3,36', '3,4,3,6', '3,6']);
    for (const remove of off) remove();
    const again = network.hooks.around('blocks.2', (x) => x);
    expect(await logitsOf(network)).not.toEqual(plain);
    again();
    const up = { shape: [4, 1], data: new Float32Array(4) };
    const down = { shape: [1, 36], data: new Float32Array(36) };
    network.replaceLinear('blocks.0.conv2', new LowRankLinear(backend, { up, down }));
    expect(await logitsOf(network)).not.toEqual(plain);
    expect(network.parameters.has('blocks.0.conv2.weight')).toBe(false);
  });

  test('norms over channels take the place of batch norm, and images of another size are refused', async () => {
    const norm = { kind: 'rms-norm', eps: 1e-5 };
    using network = ResidualNetwork.initialise(backend, { ...config, norm }, 1);
    expect((await logitsOf(network)).every(Number.isFinite)).toBe(true);
    expect(network.parameters.has('stem.norm.running_mean')).toBe(false);
    using small = Tensor.zeros(backend, [1, 2, 6, 7]);
    expect(() => network.logits(small)).toThrow('images must be [batch, 2, 7, 6], found [1, 2, 6, 7]');
    expect(() => ResidualNetwork.initialise(backend, { ...config, stages: [] }, 1)).toThrow('stages');
  });
});
