import { estimateFromBlocks, halfWidth, leastSquares } from '../statistics/index.ts';

export interface LadderFinding {
  readonly trend: 'grows' | 'shrinks' | 'flat' | 'unclear';
  /** Change of the effect per tenfold parameters, with its interval. */
  readonly slope: number;
  readonly slopeInterval: readonly [number, number];
  /** The effect one decade past the largest size; farther is never said. */
  readonly extrapolated: number;
  readonly extrapolatedInterval: readonly [number, number];
  /** The extrapolated interval reaches the margin: a contradiction holds at the tested sizes only. */
  readonly openAtScale: boolean;
}

/** How an effect goes with size: a line in log10(parameters) per block. `effects[block][size]`. */
export function sizeLadder(
  parameters: readonly number[],
  effects: readonly (readonly number[])[],
  margin: number,
  level: number,
): LadderFinding {
  const decades = parameters.map(Math.log10);
  const lines = effects.map((row) => leastSquares(decades, row));
  const last = Math.max(...decades);
  const range = last - Math.min(...decades);
  const slope = estimateFromBlocks(lines.map((line) => line.slope));
  const beyond = estimateFromBlocks(lines.map((line) => line.intercept + line.slope * (last + 1)));
  const interval = (estimate: typeof slope): [number, number] => {
    const half = halfWidth(estimate, level);
    return [estimate.effect - half, estimate.effect + half];
  };
  const slopeInterval = interval(slope);
  const extrapolatedInterval = interval(beyond);
  const largestChange = range * Math.max(Math.abs(slopeInterval[0]), Math.abs(slopeInterval[1]));
  const trend =
    slopeInterval[0] > 0 ? 'grows' : slopeInterval[1] < 0 ? 'shrinks' : largestChange <= margin ? 'flat' : 'unclear';
  return {
    trend,
    slope: slope.effect,
    slopeInterval,
    extrapolated: beyond.effect,
    extrapolatedInterval,
    openAtScale: extrapolatedInterval[1] >= margin,
  };
}
