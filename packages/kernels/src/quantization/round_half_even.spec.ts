import { expect, it } from 'vitest';
import { roundHalfEven } from './round_half_even.ts';

it('rounds halves to the even neighbour and everything else to the nearest', () => {
  expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5].map(roundHalfEven).map((x) => x + 0)).toEqual([-2, -2, 0, 0, 2, 2]);
  expect([-1.51, -1.49, 0.49999999999999994, 1.2, 7].map(roundHalfEven).map((x) => x + 0)).toEqual([-2, -1, 0, 1, 7]);
});
