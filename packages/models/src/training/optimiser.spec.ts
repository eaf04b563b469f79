import { readFileSync } from 'node:fs';
import { createReferenceBackend, globalNorm, Tensor } from '@claimbench/kernels';
import { expect, test } from 'vitest';
import { createOptimiser, type OptimiserSpec } from './optimiser.ts';

interface Case {
  readonly id: string;
  readonly params: {
    readonly lr: number;
    readonly betas?: [number, number];
    readonly eps?: number;
    readonly momentum?: number;
    readonly beta2_decay?: number;
    readonly d?: number;
    readonly alpha?: number;
    readonly centered?: boolean;
    readonly nesterov?: boolean;
    readonly weight_decay: number;
  };
  readonly shape: number[];
  readonly param: number[];
  readonly gradients: number[][];
  readonly trace: number[][];
}
const golden = JSON.parse(readFileSync(new URL('../../golden/training/optimisers.json', import.meta.url), 'utf8')) as {
  readonly optimisers: readonly Case[];
};

function specOf({ id, params }: Case): OptimiserSpec {
  const [beta1, beta2] = params.betas ?? [0, 0];
  const kind = id.split('/')[0];
  if (kind === 'adam' || kind === 'adamw') return { kind, beta1, beta2, epsilon: params.eps! };
  if (kind === 'lion') return { kind, beta1, beta2 };
  if (kind === 'adafactor') return { kind, decay: params.beta2_decay!, threshold: params.d! };
  if (kind === 'adagrad') return { kind, epsilon: params.eps! };
  if (kind === 'rmsprop') {
    const { alpha, momentum, centered, eps } = params;
    return { kind, alpha: alpha!, momentum: momentum!, centered: centered!, epsilon: eps! };
  }
  return { kind: 'sgd', momentum: params.momentum!, nesterov: params.nesterov! };
}

test.each(golden.optimisers)('$id takes the steps of PyTorch', async (run) => {
  const backend = createReferenceBackend();
  {
    using parameter = Tensor.from(backend, Float32Array.from(run.param), run.shape);
    using optimiser = createOptimiser(specOf(run), [parameter], [run.params.weight_decay]);
    for (const [step, values] of run.gradients.entries()) {
      using gradient = Tensor.from(backend, Float32Array.from(values), run.shape);
      optimiser.update([gradient], run.params.lr);
      const got = await parameter.readFloats();
      run.trace[step]!.forEach((want, index) => {
        expect(Math.abs(got[index]! - want), `step ${step + 1}, element ${index}`).toBeLessThan(2e-6);
      });
    }
    expect(optimiser.steps).toBe(5);
  }
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

const specs: OptimiserSpec[] = [
  { kind: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
  { kind: 'adamw', beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
  { kind: 'lion', beta1: 0.9, beta2: 0.99 },
  { kind: 'adafactor', decay: -0.8, threshold: 100 },
  { kind: 'adagrad', epsilon: 1e-10 },
  { kind: 'rmsprop', alpha: 0.9, momentum: 0.9, centered: false, epsilon: 1e-8 },
  { kind: 'sgd', momentum: 0.9, nesterov: true },
  { kind: 'sgd', momentum: 0, nesterov: false },
];

test.each(specs)('$kind clips by the global norm that it is given', async (spec) => {
  const backend = createReferenceBackend();
  const after = async (factors: readonly number[], maxNorm?: number) => {
    using parameter = Tensor.from(backend, Float32Array.of(1, -2), [2]);
    using optimiser = createOptimiser(spec, [parameter], [0]);
    for (const factor of factors) {
      using gradient = Tensor.from(backend, Float32Array.of(0.6 * factor, 0.8 * factor), [2]);
      using norm = globalNorm([gradient]);
      optimiser.update([gradient], 0.1, maxNorm === undefined ? undefined : { norm, maxNorm });
    }
    return await parameter.readFloats();
  };
  const clipped = await after([5, 2.5, -4], 1);
  const unit = await after([1, 1, -1]);
  const unclipped = await after([5, 2.5, -4]);
  for (const index of [0, 1]) {
    expect(clipped[index]).toBeCloseTo(unit[index]!, 5);
    // Lion goes by signs alone
    if (spec.kind !== 'lion') expect(Math.abs(clipped[index]! - unclipped[index]!)).toBeGreaterThan(1e-3);
  }
  backend.close();
});
