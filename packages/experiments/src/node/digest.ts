import { createHash } from 'node:crypto';
import type { Outcome, Point } from '@claimbench/contracts';
import { TIMED_SERIES } from '@claimbench/contracts';

/** The numbers of a run that must come out the same when it is run again. */
export interface ReproducibleNumbers {
  readonly specHash: string;
  readonly metrics: Outcome['metrics'];
  readonly items: Outcome['items'];
  readonly probeItems?: Outcome['probeItems'];
  readonly diverged: Outcome['diverged'];
  /** Points in the order in which they were reported; timed series are passed over. */
  readonly points: readonly Point[];
}

/**
 * SHA-256 over the spec hash (32 bytes) and then numbers, each as 8 big-endian bytes of float64:
 * the count of metrics, then their values in the order of their names; the count of items, then their values;
 * the step of divergence, or -1; then for every series without a clock, in the order of names: its number of points, and each
 * point's step and value; then for every list of a probe its length and values. NaN has the one bit pattern 0x7ff8000000000000 and -0 is
 * its own number.
 */
export function digestOf(numbers: ReproducibleNumbers): string {
  const hash = createHash('sha256');
  hash.update(Buffer.from(numbers.specHash, 'hex'));
  const add = (values: readonly number[]) => {
    const bytes = Buffer.alloc(8 * values.length);
    for (const [i, value] of values.entries()) {
      if (Number.isNaN(value)) bytes.writeBigUInt64BE(0x7ff8000000000000n, 8 * i);
      else bytes.writeDoubleBE(value, 8 * i);
    }
    hash.update(bytes);
  };
  const metrics = Object.entries(numbers.metrics).sort(([a], [b]) => (a < b ? -1 : 1));
  add([metrics.length, ...metrics.map(([, value]) => value)]);
  const items = numbers.items?.values ?? [];
  add([items.length, ...items]);
  add([numbers.diverged?.step ?? -1]);
  const timed: readonly string[] = TIMED_SERIES;
  const series = Map.groupBy(
    numbers.points.filter((point) => !timed.includes(point.series)),
    (point) => point.series,
  );
  for (const name of [...series.keys()].sort()) {
    const points = series.get(name)!;
    add([points.length, ...points.flatMap(({ step, value }) => [step, value])]);
  }
  for (const { values } of numbers.probeItems ?? []) add([values.length, ...values]);
  return hash.digest('hex');
}
