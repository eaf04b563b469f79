import { concat } from '../ops/concat/op.ts';
import { copy } from '../ops/copy/op.ts';
import { globalNorm } from '../ops/global_norm/op.ts';
import type { Clipping } from '../ops/optimiser.ts';
import type { Tensor } from '../tensor.ts';
import { nmse } from './bounds.ts';
import type { OpCase } from './case.ts';
import { specialValues } from './special_values.ts';

/**
 * Gradients that training meets where it goes wrong: zeros of both signs, the least that float32 holds, infinities and NaN, among others of
 * usual size, which must not notice. Without numbers near the largest: their squares are infinite in float32 and not in the reference.
 */
const strangeGradients = specialValues
  .filter((value) => !(Math.abs(value) > 1 && Number.isFinite(value)))
  .flatMap((value) => [value, 0.1, value, -0.2, value]);

/** Lengths of the parameters that an optimiser's cases train, an empty one among them. */
const sizes = [1, 0, 13, 4097];

export interface OptimiserSteps {
  readonly clipped: boolean;
  /** Why the bound is what it is; the parameters and all that the optimiser remembers are held to it. */
  readonly reason: string;
  /** Deviation of the gradients of each of three steps; 0.1 unless said otherwise. */
  readonly deviations?: readonly [number, number, number];
  /** The second step's gradients are special values. */
  readonly strange?: boolean;
  /** Makes the optimiser's state for the parameters: takes one step, and gives what is remembered of them. */
  readonly create: (parameters: readonly Tensor[]) => {
    readonly step: (gradients: readonly Tensor[], clip: Clipping | undefined) => void;
    readonly remembered: readonly Tensor[];
  };
}

/** What every optimiser goes through that has no settings of its own to vary. */
export const usualWays = [
  { name: 'three steps, a decay for each parameter', clipped: false, strange: false },
  { name: 'three steps, clipped inside', clipped: true, strange: false },
  { name: 'three steps, the second of strange gradients', clipped: false, strange: true },
] as const;

/** Three steps over a list of parameters. */
export function threeSteps(name: string, { clipped, reason, deviations, strange, create }: OptimiserSteps): OpCase {
  const bound = nmse(1e-11, reason);
  return {
    name,
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const starts = sizes.map((size) => inputs.constantNormal([size]));
      const gradients = (deviations ?? [0.1, 0.1, 0.1]).map((deviation, step) =>
        sizes.map((size) =>
          strange && step === 1
            ? inputs.constant([size], (i) => strangeGradients[i % strangeGradients.length]!)
            : inputs.constantNormal([size], 0, deviation),
        ),
      );
      return () => {
        const parameters = starts.map(copy);
        const { step, remembered } = create(parameters);
        for (const each of gradients) step(each, clipped ? { norm: globalNorm(each), maxNorm: 0.5 } : undefined);
        return concat([...parameters, ...remembered], 0);
      };
    },
  };
}
