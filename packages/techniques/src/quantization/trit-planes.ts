/** Two ternary planes with a scale each for every group: a weight is `alpha_1 T_1 + alpha_2 T_2`, T in {-1, 0, 1}. */
export interface TritPlanes {
  readonly planes: readonly [Int8Array, Int8Array];
  readonly scales: readonly [Float32Array, Float32Array];
  readonly values: Float32Array;
}

/** The nine pairs of trits. */
const PAIRS = [-1, 0, 1].flatMap((first) => [-1, 0, 1].map((second) => [first, second] as const));
/** A system this badly conditioned is regularised before it is solved. */
const LARGEST_CONDITION = 1e6;

/**
 * Alternates, group by group, between the two scales (a ridge regression on fixed planes) and the planes (each weight takes the best of
 * the nine sums of fixed scales), until the scales move by less than `tolerance` or `iterations` rounds are over. It starts from the
 * scales mean |w| and half of it. No step makes the squared error larger, but for what the ridge adds.
 */
export function tritPlanes(
  weights: Float32Array,
  groupSize: number,
  options: { iterations: number; tolerance: number },
): TritPlanes {
  const groups = Math.ceil(weights.length / groupSize);
  const planes = [new Int8Array(weights.length), new Int8Array(weights.length)] as const;
  const scales = [new Float32Array(groups), new Float32Array(groups)] as const;
  const values = new Float32Array(weights.length);
  for (let group = 0; group < groups; group++) {
    const start = group * groupSize;
    const end = Math.min(start + groupSize, weights.length);
    const span = { start, end };
    const meanSize = weights.subarray(start, end).reduce((sum, w) => sum + Math.abs(w), 0) / (end - start);
    let alphas: readonly [number, number] = [meanSize, meanSize / 2];
    assignPlanes(weights, span, alphas, planes);
    for (let round = 0; round < options.iterations; round++) {
      const next = solveScales(weights, span, planes);
      const moved = Math.max(Math.abs(next[0] - alphas[0]), Math.abs(next[1] - alphas[1]));
      alphas = next;
      assignPlanes(weights, span, alphas, planes);
      if (moved < options.tolerance) break;
    }
    scales[0][group] = alphas[0];
    scales[1][group] = alphas[1];
    for (let i = start; i < end; i++) {
      values[i] = scales[0][group]! * planes[0][i]! + scales[1][group]! * planes[1][i]!;
    }
  }
  return { planes, scales, values };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function assignPlanes(
  weights: Float32Array,
  { start, end }: Span,
  [first, second]: readonly [number, number],
  planes: TritPlanes['planes'],
): void {
  for (let i = start; i < end; i++) {
    let best = Number.POSITIVE_INFINITY;
    for (const [t1, t2] of PAIRS) {
      const error = Math.abs(weights[i]! - first * t1 - second * t2);
      if (error < best) {
        best = error;
        planes[0][i] = t1;
        planes[1][i] = t2;
      }
    }
  }
}

/** (S^T S + lambda I) alpha = S^T w for S = [T_1, T_2]; lambda grows from 1e-8 until the system is conditioned well enough. */
function solveScales(weights: Float32Array, { start, end }: Span, planes: TritPlanes['planes']): [number, number] {
  let [a, b, d, x, y] = [0, 0, 0, 0, 0];
  for (let i = start; i < end; i++) {
    const t1 = planes[0][i]!;
    const t2 = planes[1][i]!;
    a += t1 * t1;
    b += t1 * t2;
    d += t2 * t2;
    x += t1 * weights[i]!;
    y += t2 * weights[i]!;
  }
  let lambda = 1e-8;
  while (condition(a + lambda, b, d + lambda) > LARGEST_CONDITION && lambda < 1) lambda *= 10;
  const determinant = (a + lambda) * (d + lambda) - b * b;
  return [((d + lambda) * x - b * y) / determinant, ((a + lambda) * y - b * x) / determinant];
}

/** Ratio of the eigenvalues of [[a, b], [b, d]]. */
function condition(a: number, b: number, d: number): number {
  const middle = (a + d) / 2;
  const spread = Math.hypot((a - d) / 2, b);
  return (middle + spread) / Math.max(middle - spread, Number.MIN_VALUE);
}
