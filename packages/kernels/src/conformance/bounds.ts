/**
 * How far a kernel may be from the float64 reference. Every bound says why it is what it is.
 * - 'nmse': sum of squared errors over sum of squared values; `absolute` adds a root-mean-square error that is always allowed.
 * - 'ulp': every element within `limit` units in the last place of float32, or within `absolute`.
 * - 'exact': the float32 nearest to the reference, bit for bit.
 * NaN and infinities have to stand in the same places everywhere.
 */
export interface Bound {
  readonly measure: 'nmse' | 'ulp' | 'exact';
  readonly limit: number;
  readonly absolute: number;
  readonly why: string;
}

export const nmse = (limit: number, why: string, absolute = 0): Bound => ({ measure: 'nmse', limit, absolute, why });

export const ulp = (limit: number, why: string, absolute = 0): Bound => ({ measure: 'ulp', limit, absolute, why });

export const exact = (why: string): Bound => ({ measure: 'exact', limit: 0, absolute: 0, why });

/** Whether a backend keeps denormals or, as WGSL allows, takes them for 0 and gives 0 for them. */
export type Denormals = 'kept' | 'flushed';

/** The smallest magnitude of a float32 that is not denormal. */
export const smallestNormal = 2 ** -126;

export interface Deviation {
  /** In the bound's measure. */
  readonly error: number;
  readonly within: boolean;
  /** Where it is worst, for the message of a failing test. */
  readonly worst: string;
}

export function deviation(
  bound: Bound,
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  denormals: Denormals = 'kept',
): Deviation {
  if (found.length !== expected.length) {
    return {
      error: Number.POSITIVE_INFINITY,
      within: false,
      worst: `${found.length} values in place of ${expected.length}`,
    };
  }
  let squaredErrors = 0;
  let squares = 0;
  let worst = { error: 0, at: 0 };
  for (let i = 0; i < expected.length; i++) {
    const flushed = denormals === 'flushed' && found[i] === 0 && Math.abs(expected[i]!) < smallestNormal;
    const error = flushed ? 0 : errorOf(bound, found[i]!, expected[i]!);
    if (error > worst.error) worst = { error, at: i };
    squaredErrors += error * error;
    if (Number.isFinite(expected[i]!)) squares += expected[i]! ** 2;
  }
  const at = `${found[worst.at]} in place of ${expected[worst.at]} at ${worst.at}`;
  if (bound.measure !== 'nmse') return { error: worst.error, within: worst.error <= bound.limit, worst: at };
  const allowed = bound.limit * squares + expected.length * bound.absolute ** 2;
  const error = squaredErrors === 0 ? 0 : squaredErrors / squares;
  return { error, within: squaredErrors <= allowed, worst: at };
}

/** The error of one element: absolute for 'nmse', in units in the last place otherwise; infinity where it cannot be measured. */
function errorOf(bound: Bound, found: number, expected: number): number {
  const nearest = Math.fround(expected);
  if (Object.is(found, nearest)) return 0;
  if (bound.measure === 'exact') return Number.POSITIVE_INFINITY;
  if (!Number.isFinite(found) || !Number.isFinite(nearest)) return found === nearest ? 0 : Number.POSITIVE_INFINITY;
  const error = Math.abs(found - expected);
  if (bound.measure === 'nmse') return error;
  return error <= bound.absolute ? 0 : error / unitInLastPlace(expected);
}

/** Distance between neighbouring float32 at a value (2^-149 among the denormals). */
function unitInLastPlace(value: number): number {
  if (value === 0) return 2 ** -149;
  return 2 ** Math.max(Math.floor(Math.log2(Math.abs(value))) - 23, -149);
}
