import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytes,
  columnDecimals,
  decimalsFor,
  duration,
  fixed,
  interval,
  measured,
  parameterCount,
  plusMinus,
  signed,
  significant,
} from './numbers.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ').replaceAll('\u2212', '-');

describe('a value with its uncertainty', () => {
  it('is cut where two digits of the half-width end', () => {
    expect(plain(plusMinus(1.30612, 0.0099))).toBe('1.3061 ± 0.0099');
    expect(plain(plusMinus(1.30612, 0.00999))).toBe('1.306 ± 0.010');
    expect(plain(plusMinus(-0.00218, 0.00731))).toBe('-0.0022 ± 0.0073');
    expect(plain(plusMinus(12_345, 678))).toBe('12,350 ± 680');
  });

  it('says nothing about an uncertainty that it does not know', () => {
    expect(measured(1.23456, null)).toEqual({ value: '1.23', uncertainty: null });
    expect(measured(1.23456, Number.POSITIVE_INFINITY)).toEqual({ value: '1.23', uncertainty: null });
  });

  it('keeps an exact number exact', () => {
    expect(measured(4.25, 0)).toEqual({ value: '4.25', uncertainty: null });
    expect(measured(0, 0)).toEqual({ value: '0', uncertainty: null });
    expect(measured(8.43157894736842, 1.8e-15)).toEqual({ value: '8.43158', uncertainty: null });
  });

  it('carries the sign of an effect, and no sign of a zero', () => {
    expect(plain(plusMinus(0.0212, 0.007, { signed: true }))).toBe('+0.0212 ± 0.0070');
    expect(plain(plusMinus(-0.0212, 0.007, { signed: true }))).toBe('-0.0212 ± 0.0070');
    expect(signed(0.0001, 2)).toBe('0.00');
    expect(fixed(-0.0001, 2)).toBe('0.00');
  });

  it('never shows a digit below a hundredth of the half-width', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-12, max: 1e9, noNaN: true }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        (halfWidth, value) => {
          const lastDigit = 10 ** -decimalsFor(halfWidth);
          expect(lastDigit).toBeGreaterThan(halfWidth / 100);
          expect(lastDigit).toBeLessThanOrEqual(halfWidth / 9.4);
          if (decimalsFor(halfWidth) > 15) return;
          const shown = Number(plain(fixed(value, decimalsFor(halfWidth))).replaceAll(',', ''));
          expect(Math.abs(shown - value)).toBeLessThanOrEqual(lastDigit * 0.5 + Math.abs(value) * 1e-12);
        },
      ),
    );
  });

  it('refuses to derive digits from nothing', () => {
    expect(() => decimalsFor(0)).toThrow(RangeError);
  });
});

describe('an interval', () => {
  it('has both ends cut alike', () => {
    expect(plain(interval([-0.05812, 0.0041]))).toBe('[-0.058, 0.004]');
    expect(plain(interval([0.0141, 0.0283], { signed: true }))).toBe('[+0.0141, +0.0283]');
  });
  it('shows an unbounded end as such', () => {
    expect(plain(interval([null, 0.5]))).toBe('(-∞, 0.5]');
    expect(plain(interval([null, null]))).toBe('(-∞, ∞)');
  });
});

describe('a column of numbers', () => {
  it('is cut alike in every row, by its largest', () => {
    expect(columnDecimals([1.7506, 0.65968, Number.NaN], 6)).toBe(5);
    expect(columnDecimals([-1234.5, 2], 6)).toBe(2);
    expect(columnDecimals([0, 0], 6)).toBe(0);
    expect(columnDecimals([], 6)).toBe(0);
  });
});

describe('plain numbers', () => {
  it('keep a few significant digits, and a power of ten when they are extreme', () => {
    expect(significant(1.23456)).toBe('1.235');
    expect(significant(0.5)).toBe('0.5');
    expect(significant(123_456)).toBe('123,456');
    expect(plain(significant(0.0000321))).toBe('3.21 × 10⁻⁵');
    expect(plain(significant(-2.5e9))).toBe('-2.5 × 10⁹');
    expect(significant(1200.4, 3)).toBe('1,200');
  });
  it('become sizes and times that a person reads', () => {
    expect(plain(parameterCount(140_300))).toBe('0.14 M');
    expect(plain(parameterCount(9_040))).toBe('9.0 k');
    expect(plain(parameterCount(7.24e9))).toBe('7.2 B');
    expect(plain(bytes(1_340_000))).toBe('1.3 MB');
    expect(plain(bytes(999))).toBe('999 B');
    expect(plain(bytes(999_700))).toBe('1.0 MB');
    expect([0.85, 2.04, 12.4, 59.7, 125, 3599.6, 3840, 90_000].map((s) => plain(duration(s)))).toEqual([
      '850 ms',
      '2.0 s',
      '12 s',
      '1 min',
      '2 min 5 s',
      '1 h',
      '1 h 4 min',
      '1 d 1 h',
    ]);
  });
});
