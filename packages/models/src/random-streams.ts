/**
 * What a run's seed is drawn for. Each purpose has its own stream of Philox numbers, so that one purpose's draws never shift
 * another's, and arms of a comparison share whatever they have in common.
 */
export const RANDOM_STREAMS = {
  weights: 1,
  dataOrder: 2,
  calibration: 3,
  evaluationSubset: 4,
  technique: 5,
  decoding: 6,
  generatedText: 7,
} as const;

/** A stream of its own for a name under a purpose: the purpose in the lowest 3 bits, 50 bits of the name's FNV-1a hash above. */
export function namedStream(purpose: number, name: string): number {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return Number(((hash >> 14n) << 3n) | BigInt(purpose));
}
