import { RandomStream } from '@claimbench/kernels';

const SAMPLES = 16_384;
const ROUNDS = 25;
const SEED = 178;

const known = new Map<string, Float64Array>();

/**
 * `points` vectors of `dimension` numbers that represent a standard normal distribution with small mean squared error: Lloyd's algorithm
 * on 16,384 fixed normal vectors. Row-major; computed once a process.
 */
export function gaussianGrid(points: number, dimension: 1 | 2): Float64Array {
  const key = `${points} ${dimension}`;
  const present = known.get(key);
  if (present) return present;
  const samples = normalSamples(SAMPLES * dimension);
  const grid = firstPoints(points, dimension);
  const sums = new Float64Array(grid.length);
  const counts = new Float64Array(points);
  for (let round = 0; round < ROUNDS; round++) {
    sums.fill(0);
    counts.fill(0);
    for (let start = 0; start < samples.length; start += dimension) {
      const code = nearestPoint(grid, dimension, samples, start);
      counts[code]! += 1;
      for (let d = 0; d < dimension; d++) sums[code * dimension + d]! += samples[start + d]!;
    }
    grid.forEach((_, i) => {
      const count = counts[Math.floor(i / dimension)]!;
      if (count > 0) grid[i] = sums[i]! / count;
    });
  }
  known.set(key, grid);
  return grid;
}

/**
 * Points that lie evenly under a wider normal distribution: the best ones have density f^(d/(d+2)), hence (d+2)/d times the variance.
 * Single numbers at its quantiles (of a logistic curve, which is close), pairs on a spiral of equal steps by the golden angle.
 */
function firstPoints(points: number, dimension: number): Float64Array {
  const deviation = Math.sqrt((dimension + 2) / dimension);
  const share = (point: number) => (point + 0.5) / points;
  if (dimension === 1) {
    return Float64Array.from({ length: points }, (_, point) => {
      return (deviation * Math.log(share(point) / (1 - share(point)))) / 1.702;
    });
  }
  return Float64Array.from({ length: points * 2 }, (_, i) => {
    const point = Math.floor(i / 2);
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - share(point)));
    const angle = point * Math.PI * (3 - Math.sqrt(5));
    return radius * (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
  });
}

/** The point nearest to the vector that begins at `start`; the first of equals. */
export function nearestPoint(
  grid: ArrayLike<number>,
  dimension: number,
  values: ArrayLike<number>,
  start: number,
): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let point = 0; point < grid.length / dimension; point++) {
    let distance = 0;
    for (let d = 0; d < dimension; d++) distance += (values[start + d]! - grid[point * dimension + d]!) ** 2;
    if (distance < least) {
      least = distance;
      best = point;
    }
  }
  return best;
}

/** Box and Muller's normal numbers from one stream. */
function normalSamples(count: number): Float64Array {
  const stream = new RandomStream(SEED, 0);
  return Float64Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - stream.nextUniform()));
    return radius * Math.cos(2 * Math.PI * stream.nextUniform());
  });
}
