import { RandomStream } from '@claimbench/kernels';
import { describe, expect, test } from 'vitest';
import { maskTokens } from './masking.ts';

const MASK = 1000;
const window = Int32Array.from({ length: 64 }, (_, place) => 3 * place);

describe('masked tokens', () => {
  test('are 15 % of a window, in places of their own, ascending; the others stand as they were', () => {
    const random = new RandomStream(1, 2);
    for (let draw = 0; draw < 50; draw++) {
      const { inputs, places } = maskTokens(window, MASK, random);
      expect(places).toHaveLength(10);
      expect(new Set(places).size).toBe(10);
      expect([...places]).toEqual([...places].sort((a, b) => a - b));
      const hidden = new Set(places);
      window.forEach((token, place) => {
        if (!hidden.has(place)) expect(inputs[place]).toBe(token);
      });
    }
  });

  test('show the mask in eight of ten places, any token in one, themselves in one; every place is as likely', () => {
    const random = new RandomStream(7, 2);
    const shown = { mask: 0, other: 0, same: 0 };
    const hidden = new Int32Array(64);
    const draws = 2_000;
    for (let draw = 0; draw < draws; draw++) {
      const { inputs, places } = maskTokens(window, MASK, random);
      for (const place of places) {
        hidden[place]! += 1;
        const token = inputs[place]!;
        expect(token).toBeGreaterThanOrEqual(0);
        shown[token === MASK ? 'mask' : token === window[place] ? 'same' : 'other'] += 1;
      }
    }
    const all = 10 * draws;
    // Four standard deviations of the shares.
    expect(Math.abs(shown.mask / all - 0.8)).toBeLessThan(4 * Math.sqrt(0.16 / all));
    expect(Math.abs(shown.other / all - 0.1 * (1 - 1 / MASK))).toBeLessThan(4 * Math.sqrt(0.09 / all));
    expect(shown.mask + shown.other + shown.same).toBe(all);
    for (const count of hidden) expect(Math.abs(count / draws - 10 / 64)).toBeLessThan(4.5 * Math.sqrt(0.132 / draws));
  });

  test('are one at least, and none of nothing', () => {
    const random = new RandomStream(1, 2);
    expect([...maskTokens(Int32Array.of(5), MASK, random).places]).toEqual([0]);
    expect(maskTokens(new Int32Array(0), MASK, random).places).toHaveLength(0);
  });
});
