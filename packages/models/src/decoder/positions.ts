import { rotaryFrequencies } from '@claimbench/kernels';
import { z } from 'zod';

const RotaryScaling = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  /** Positions divided by the factor. */
  z.strictObject({ kind: z.literal('linear'), factor: z.number().positive() }),
  /** Theta times factor^(rotarySize / (rotarySize - 2)): the slowest turn falls by the factor, the fastest stays. */
  z.strictObject({ kind: z.literal('ntk'), factor: z.number().positive() }),
  /** Slow turns are divided by the factor, fast ones kept, those between blended (Llama 3). */
  z.strictObject({
    kind: z.literal('llama3'),
    factor: z.number().positive(),
    lowFrequencyFactor: z.number().positive(),
    highFrequencyFactor: z.number().positive(),
    /** Positions that the model was first trained with. */
    originalContext: z.number().int().positive(),
  }),
]);

export const Rotary = z.strictObject({
  kind: z.literal('rotary'),
  theta: z.number().positive(),
  /** Leading elements of each head that turn; the rest passes through. */
  rotarySize: z.number().int().min(1).max(1024),
  /** `half`: pairs (i, i + rotarySize/2), as in transformers; `interleaved`: pairs (2i, 2i + 1), as in llama2.c. */
  convention: z.enum(['half', 'interleaved']),
  scaling: RotaryScaling.default({ kind: 'none' }),
});
export type Rotary = z.infer<typeof Rotary>;

export const PositionEncoding = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('learned') }),
  Rotary,
  /** Scores get a slope times the key's position, the slopes fixed by the number of heads (Press et al. 2022), times `factor`. */
  z.strictObject({ kind: z.literal('alibi'), factor: z.number().positive().default(1) }),
  /** Scores get a learned bias for each head and bucket of distances, the same in every layer (T5). */
  z.strictObject({
    kind: z.literal('relative'),
    buckets: z.number().int().min(2).max(1024),
    maxDistance: z.number().int().min(2).max(1_048_576),
  }),
  z.strictObject({ kind: z.literal('none') }),
]);
export type PositionEncoding = z.infer<typeof PositionEncoding>;

/** Radians a position for each of the rotarySize/2 pairs, scaling applied; in float64. */
export function frequenciesOf({ theta, rotarySize, scaling }: Rotary): readonly number[] {
  return rotaryFrequencies(rotarySize, theta, scaling.kind === 'none' ? undefined : scaling);
}

/**
 * The bucket of a distance `key - query`: half of the buckets for exact small distances, the rest on a logarithmic scale up to
 * `maxDistance` (Raffel et al. 2020). Where both directions are seen, each has half of the buckets.
 */
export function relativeBucket(
  distance: number,
  { buckets, maxDistance }: { readonly buckets: number; readonly maxDistance: number },
  bothDirections: boolean,
): number {
  const available = bothDirections ? Math.floor(buckets / 2) : buckets;
  const offset = bothDirections && distance > 0 ? available : 0;
  const away = bothDirections ? Math.abs(distance) : Math.max(-distance, 0);
  const exact = Math.floor(available / 2);
  if (away < exact) return offset + away;
  const share = Math.log(away / exact) / Math.log(maxDistance / exact);
  return offset + Math.min(available - 1, exact + Math.floor(share * (available - exact)));
}
