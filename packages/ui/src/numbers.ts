/**
 * Numbers as a reader may see them: never more digits than the uncertainty supports. Two significant digits of the
 * half-width decide where the value is cut; the sign is a true minus (U+2212), thousands are set apart by commas.
 */

const MINUS = '\u2212';
const NO_BREAK = '\u00a0';
const SUPERSCRIPT: Record<string, string> = {
  '-': '⁻',
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
};

/** Digits after the point so that `halfWidth` (> 0) shows two significant digits; negative: rounded to tens, hundreds, ... */
export function decimalsFor(halfWidth: number): number {
  if (!Number.isFinite(halfWidth) || halfWidth <= 0) throw new RangeError(`no digits follow from ±${halfWidth}`);
  // toExponential rounds first, so that 0.0996 counts as 0.10 and keeps two digits
  const exponent = Number(halfWidth.toExponential(1).split('e')[1]);
  return 1 - exponent;
}

/** `value` with exactly `decimals` digits after the point; negative decimals round to powers of ten. */
export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? `${MINUS}∞` : 'not a number';
  const places = Math.min(Math.max(decimals, 0), 20);
  const rounded = decimals < 0 ? Math.round(value / 10 ** -decimals) * 10 ** -decimals : value;
  const text = Math.abs(rounded).toLocaleString('en-US', {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  });
  const isZero = Number(text.replaceAll(',', '')) === 0;
  return rounded < 0 && !isZero ? MINUS + text : text;
}

/** The same with a plus sign in front of positive numbers: for effects and differences. */
export function signed(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return text.startsWith(MINUS) || Number(text.replaceAll(',', '')) === 0 || text === 'not a number'
    ? text
    : `+${text}`;
}

/** Very small and very large numbers read better as a mantissa and a power of ten. */
function needsPower(magnitude: number): boolean {
  return magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e7);
}

function power(exponent: number): string {
  return `10${[...String(exponent)].map((c) => SUPERSCRIPT[c] ?? c).join('')}`;
}

/** A number without known uncertainty, cut to `digits` significant digits; exact integers below a million stay whole. */
export function significant(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return fixed(value, 0);
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (Number.isInteger(value) && magnitude < 1e6) return fixed(value, 0);
  const [mantissa, exponentText] = magnitude.toExponential(digits - 1).split('e');
  const exponent = Number(exponentText);
  const sign = value < 0 ? MINUS : '';
  if (needsPower(magnitude)) return `${sign}${trimZeros(mantissa ?? '')}${NO_BREAK}×${NO_BREAK}${power(exponent)}`;
  return sign + trimZeros(fixed(magnitude, digits - 1 - exponent));
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Digits after the point that give the largest of `values` that many significant digits: one cut for a whole column. */
export function columnDecimals(values: readonly number[], digits: number): number {
  const largest = Math.max(0, ...values.filter(Number.isFinite).map(Math.abs));
  if (largest === 0) return 0;
  return Math.min(Math.max(digits - 1 - Math.floor(Math.log10(largest)), 0), 12);
}

export interface Measured {
  /** "1.306", cut to the digits that the half-width supports. */
  value: string;
  /** "0.010"; null where the uncertainty is unknown, unbounded or nil. */
  uncertainty: string | null;
}

/**
 * A value with its half-width. `null` or an infinite half-width says "uncertainty unknown": the value keeps three significant
 * digits and no ±. A half-width of 0 says "exact": all digits that matter, no ±.
 */
export function measured(value: number, halfWidth: number | null, options: { signed?: boolean } = {}): Measured {
  const show = options.signed ? signed : fixed;
  if (halfWidth === null || !Number.isFinite(halfWidth))
    return { value: withSign(significant(value, 3), options), uncertainty: null };
  // rounding of float64 is no uncertainty: equal numbers can have a mean that differs from them in the last bit
  if (halfWidth <= Math.abs(value) * 1e-12)
    return { value: withSign(significant(value, 6), options), uncertainty: null };
  const decimals = decimalsFor(halfWidth);
  return { value: show(value, decimals), uncertainty: fixed(halfWidth, decimals) };
}

function withSign(text: string, options: { signed?: boolean }): string {
  return options.signed && text !== '0' && !text.startsWith(MINUS) ? `+${text}` : text;
}

/** "1.306 ± 0.010". */
export function plusMinus(value: number, halfWidth: number | null, options: { signed?: boolean } = {}): string {
  const parts = measured(value, halfWidth, options);
  return parts.uncertainty === null ? parts.value : `${parts.value}${NO_BREAK}±${NO_BREAK}${parts.uncertainty}`;
}

/** An interval whose ends may be unbounded (null). */
export type Bounds = readonly [number | null, number | null];

/** Half of the interval's width; null where an end is unbounded. */
export function halfWidthOf([low, high]: Bounds): number | null {
  return low === null || high === null ? null : (high - low) / 2;
}

/** "[0.014, 0.028]", cut like its own half-width; an unbounded end is shown as infinity. */
export function interval(bounds: Bounds, options: { signed?: boolean } = {}): string {
  const [low, high] = bounds;
  const half = halfWidthOf(bounds);
  const show = options.signed ? signed : fixed;
  const end = (value: number) =>
    half !== null && half > 0 ? show(value, decimalsFor(half)) : withSign(significant(value, 3), options);
  return `${low === null ? `(${MINUS}∞` : `[${end(low)}`}, ${high === null ? '∞)' : `${end(high)}]`}`;
}

/** 1255 -> "1,255". */
export function count(value: number): string {
  return fixed(value, 0);
}

/** A model's size: 140_000 -> "0.14 M", 9_000 -> "9.0 k", 7e9 -> "7.0 B"; two significant digits. */
export function parameterCount(value: number): string {
  const [unit, scale] = value >= 1e9 ? ['B', 1e9] : value >= 1e5 ? ['M', 1e6] : value >= 1e3 ? ['k', 1e3] : ['', 1];
  if (scale === 1) return fixed(value, 0);
  const scaled = value / scale;
  return `${fixed(scaled, scaled < 1 ? 2 : scaled < 10 ? 1 : 0)}${NO_BREAK}${unit}`;
}

/** 1_340_000 -> "1.3 MB" (powers of ten). */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${fixed(scaled, unit === 0 || scaled >= 99.5 ? 0 : 1)}${NO_BREAK}${units[unit]}`;
}

/** 0.85 -> "850 ms", 12.4 -> "12 s", 125 -> "2 min 5 s", 3840 -> "1 h 4 min". */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${fixed(seconds * 1000, 0)}${NO_BREAK}ms`;
  if (seconds < 9.95) return `${fixed(seconds, 1)}${NO_BREAK}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}${NO_BREAK}s`;
  const join = (large: number, largeUnit: string, small: number, smallUnit: string) =>
    `${large}${NO_BREAK}${largeUnit}${small > 0 ? ` ${small}${NO_BREAK}${smallUnit}` : ''}`;
  if (whole < 3600) return join(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.round(whole / 60);
  if (minutes < 24 * 60) return join(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return join(Math.floor(hours / 24), 'd', hours % 24, 'h');
}
