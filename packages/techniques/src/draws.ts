import { RandomStream } from '@claimbench/kernels';

/** Stream of a run's seed that belongs to its technique; 1 to 4 are weights, data order, calibration and evaluation items. */
const TECHNIQUE_STREAM = 5;

/**
 * `count` uniform numbers in [0, 1) of the technique's own stream. `key` names what is drawn for (a matrix), so that one draw never
 * shifts another.
 */
export function techniqueDraws(seed: number, count: number, key = ''): Float64Array {
  const stream = new RandomStream(seed, TECHNIQUE_STREAM + 2 ** 32 * (fnv1a(key) & 0x1f_ffff));
  return Float64Array.from({ length: count }, () => stream.nextUniform());
}

/** FNV-1a over UTF-16 code units, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
