import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { digestOf, type ReproducibleNumbers } from './digest.ts';

const numbers: ReproducibleNumbers = {
  specHash: 'ab'.repeat(32),
  metrics: { natsPerByte: 2.5, bitsPerWeight: 4 },
  items: { metric: 'natsPerByte', values: [2, 3] },
  diverged: null,
  points: [
    { series: 'trainingLoss', step: 1, value: 5.5 },
    { series: 'tokensPerSecond', step: 1, value: 1234 },
  ],
};

describe('the digest of a run', () => {
  it('is SHA-256 over the spec hash and the numbers in their documented order', () => {
    const doubles = [2, 4, 2.5, 2, 2, 3, -1, 1, 1, 5.5];
    const bytes = Buffer.alloc(8 * doubles.length);
    for (const [i, value] of doubles.entries()) bytes.writeDoubleBE(value, 8 * i);
    const expected = createHash('sha256').update(Buffer.from(numbers.specHash, 'hex')).update(bytes).digest('hex');
    expect(digestOf(numbers)).toBe(expected);
  });

  it('does not depend on the clock, nor on the order of names', () => {
    const later = numbers.points.map((point) => (point.series === 'tokensPerSecond' ? { ...point, value: 9 } : point));
    const metrics = { bitsPerWeight: 4, natsPerByte: 2.5 };
    expect(digestOf({ ...numbers, metrics, points: later })).toBe(digestOf(numbers));
  });

  it('changes with the last bit of any number', () => {
    const bit = (value: number) => value * (1 + 2 ** -52);
    const changed: ReproducibleNumbers[] = [
      { ...numbers, specHash: `ac${numbers.specHash.slice(2)}` },
      { ...numbers, metrics: { ...numbers.metrics, natsPerByte: bit(2.5) } },
      { ...numbers, items: { metric: 'natsPerByte', values: [bit(2), 3] } },
      { ...numbers, diverged: { step: 3, reason: 'not-finite' } },
      { ...numbers, points: [{ series: 'trainingLoss', step: 2, value: 5.5 }] },
      { ...numbers, points: [{ series: 'trainingLoss', step: 1, value: bit(5.5) }] },
    ];
    const digests = new Set([numbers, ...changed].map(digestOf));
    expect(digests.size).toBe(1 + changed.length);
  });
});
