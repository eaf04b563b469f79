import { expect, test } from 'vitest';
import { rotaryFrequencies } from './frequencies.ts';

test('plain frequencies fall from 1 to theta^(-(r-2)/r)', () => {
  expect(rotaryFrequencies(8, 10_000)).toEqual([1, 0.1, 0.01, 0.001].map((f) => expect.closeTo(f, 15)));
  expect(rotaryFrequencies(0, 10_000)).toEqual([]);
});

test('linear scaling makes a position p turn as p / factor did', () => {
  const plain = rotaryFrequencies(16, 500_000);
  expect(rotaryFrequencies(16, 500_000, { kind: 'linear', factor: 4 })).toEqual(plain.map((f) => f / 4));
});

test('NTK-aware scaling keeps the highest frequency and divides the lowest by the factor', () => {
  const plain = rotaryFrequencies(64, 10_000);
  const scaled = rotaryFrequencies(64, 10_000, { kind: 'ntk', factor: 8 });
  expect(scaled[0]).toBe(1);
  expect(scaled.at(-1)! / plain.at(-1)!).toBeCloseTo(1 / 8, 12);
});

test('Llama 3.1 keeps short waves, stretches long ones, and mixes between', () => {
  const scaling = {
    kind: 'llama3',
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalContext: 8192,
  } as const;
  const plain = rotaryFrequencies(128, 500_000);
  const scaled = rotaryFrequencies(128, 500_000, scaling);
  const wavelengths = plain.map((f) => (2 * Math.PI) / f);
  let mixed = 0;
  for (const [i, wavelength] of wavelengths.entries()) {
    const ratio = scaled[i]! / plain[i]!;
    if (wavelength < 8192 / 4) expect(ratio).toBe(1);
    else if (wavelength > 8192) expect(ratio).toBeCloseTo(1 / 8, 14);
    else {
      mixed += 1;
      expect(ratio).toBeGreaterThan(1 / 8);
      expect(ratio).toBeLessThan(1);
    }
  }
  expect(mixed).toBeGreaterThan(3);
  // a wave of half the original context: two turns, so a third of the way from 1 to 4
  const [half] = rotaryFrequencies(2, 1, { ...scaling, originalContext: 4 * Math.PI });
  expect(half).toBeCloseTo((2 / 3) * (1 / 8) + 1 / 3, 14);
});

test('what makes no frequencies is refused', () => {
  expect(() => rotaryFrequencies(3, 1e4)).toThrow('even integer, found 3');
  expect(() => rotaryFrequencies(4, 1e4, { kind: 'linear', factor: 0 })).toThrow('factor is positive, found 0');
  expect(() =>
    rotaryFrequencies(4, 1e4, {
      kind: 'llama3',
      factor: 8,
      lowFrequencyFactor: 4,
      highFrequencyFactor: 1,
      originalContext: 8,
    }),
  ).toThrow('found 4 and 1');
});
