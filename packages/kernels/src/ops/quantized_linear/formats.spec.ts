import { expect, test } from 'vitest';
import { floatValues, scaleOfByte, type WeightFormat, weightFormats } from './formats.ts';

const formats: readonly (readonly [string, WeightFormat])[] = Object.entries(weightFormats);

test.each(formats)('%s has a value for each of its codes, and float32 holds it', (_, { bits, values }) => {
  if (values === undefined) return;
  expect(values).toHaveLength(2 ** bits);
  if (bits > 4) for (const value of values) expect(Object.is(Math.fround(value), value)).toBe(true);
});

test('small floats: the ends of their ranges, as OCP and IEEE say', () => {
  const { fp4_e2m1, fp6_e2m3, fp6_e3m2, fp8_e4m3, fp8_e5m2 } = weightFormats;
  expect(fp4_e2m1.values.slice(0, 8)).toEqual([0, 0.5, 1, 1.5, 2, 3, 4, 6]);
  expect(fp6_e2m3.values.slice(1, 2).concat(fp6_e2m3.values.slice(31, 33))).toEqual([0.125, 7.5, -0]);
  expect(fp6_e3m2.values.slice(1, 2).concat(fp6_e3m2.values.slice(31, 32))).toEqual([0.0625, 28]);
  expect(fp8_e4m3.values.slice(1, 2).concat(fp8_e4m3.values.slice(126, 128))).toEqual([2 ** -9, 448, Number.NaN]);
  expect(fp8_e5m2.values.slice(1, 2).concat(fp8_e5m2.values.slice(123, 126))).toEqual([
    2 ** -16,
    57344,
    Number.POSITIVE_INFINITY,
    Number.NaN,
  ]);
  expect(floatValues(4, 3, 8, 'fnuz').slice(127, 129)).toEqual([240, Number.NaN]);
});

test('NormalFloat is symmetric in neither its ends nor its middle, and holds 0, -1 and 1', () => {
  const { values } = weightFormats.nf4;
  expect([values[0], values[7], values[15]]).toEqual([-1, 0, 1]);
  expect([...values]).toEqual([...values].sort((a, b) => a - b));
});

test('scales in a byte', () => {
  expect([0, 127, 128, 254, 255].map((byte) => scaleOfByte('e8m0', byte))).toEqual([
    2 ** -127,
    1,
    2,
    2 ** 127,
    Number.NaN,
  ]);
  expect([1, 56, 126, 184].map((byte) => scaleOfByte('e4m3', byte))).toEqual([2 ** -9, 1, 448, -1]);
});
