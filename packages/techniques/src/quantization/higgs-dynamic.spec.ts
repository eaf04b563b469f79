import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logitsOf, relativeDifference, smallConfig, smallContext, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';
import { type Choice, chooseWidths } from './higgs-dynamic.ts';

/** The least cost of all ways there are. */
function leastCost(choices: readonly Choice[], widths: readonly number[], bits: number): number {
  const [first, ...rest] = choices;
  if (!first) return bits >= 0 ? 0 : Number.POSITIVE_INFINITY;
  return Math.min(...widths.map((width, at) => first.costs[at]! + leastCost(rest, widths, bits - width * first.size)));
}

describe('widths by dynamic programming', () => {
  it('cost no more than any other choice within the size', () => {
    const choice = fc.record({
      size: fc.integer({ min: 1, max: 4 }).map((n) => 64 * n),
      costs: fc.tuple(...[4, 2, 1].map((most) => fc.integer({ min: 0, max: most * 100 }))),
    });
    const widths = [2, 3, 4];
    fc.assert(
      fc.property(
        fc.array(choice, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(2, 2.25, 2.5, 3, 3.5, 4),
        (choices, mean) => {
          const chosen = chooseWidths(choices, widths, mean);
          const total = choices.reduce((sum, { size }) => sum + size, 0);
          const bits = choices.reduce((sum, { size }, i) => sum + size * widths[chosen[i]!]!, 0);
          const cost = choices.reduce((sum, { costs }, i) => sum + costs[chosen[i]!]!, 0);
          expect(bits).toBeLessThanOrEqual(mean * total);
          expect(cost).toBe(leastCost(choices, widths, mean * total));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('HIGGS with them', () => {
  const made = async (bits: number) => {
    const decoder = smallDecoder(smallConfig());
    const technique = resolveTechnique({ id: 'higgs-dynamic', parameters: { bits, windows: 4 } });
    if (technique.seam !== 'checkpoint') throw new Error('it changes trained models');
    const before = await logitsOf(decoder);
    const costs = await technique.changeWeights(decoder, smallContext());
    return { costs, error: relativeDifference(before, await logitsOf(decoder)) };
  };

  it('is HIGGS itself where only one width is left', async () => {
    const decoder = smallDecoder(smallConfig());
    const plain = resolveTechnique({ id: 'higgs', parameters: { bits: 2 } });
    if (plain.seam !== 'checkpoint') throw new Error('it changes trained models');
    await plain.changeWeights(decoder, smallContext());
    const expected = await logitsOf(decoder);
    const other = smallDecoder(smallConfig());
    const dynamic = resolveTechnique({ id: 'higgs-dynamic', parameters: { bits: 2, windows: 4 } });
    if (dynamic.seam !== 'checkpoint') throw new Error('it changes trained models');
    await dynamic.changeWeights(other, smallContext());
    expect(await logitsOf(other)).toEqual(expected);
  });

  it('loses less with more bits on average, and takes no more than it may', async () => {
    const [few, more] = [await made(2.5), await made(3.5)];
    expect(more.error).toBeLessThan(few.error);
    // Codes, a scale in four bytes for 16 weights, signs and widths.
    expect(few.costs.bitsPerWeight).toBeLessThanOrEqual(2.5 + 2 + 0.1);
    expect(few.costs.bitsPerWeight).toBeGreaterThan(2.3 + 2);
  });
});
