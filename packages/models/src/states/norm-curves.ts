import { Tensor } from '@claimbench/kernels';
import { LAYER_NORM_PLACES, normAt } from '../decoder/config.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { normName } from '../decoder/parameter-specs.ts';
import type { EvaluationItem } from '../evaluation/items.ts';
import { firstItems, inPasses } from '../evaluation/passes.ts';
import { IGNORED } from '../ignored.ts';
import { capturing } from './capture.ts';

/** The relation of a norm's input to its output, element by element and before gain and bias. */
export interface NormCurve {
  /** `layers.3.norms.mlpInput`, `norms.final`. */
  readonly name: string;
  /** Slope b of the best `a tanh(b x)`. */
  readonly slope: number;
  /** Share of a line's squared error that `a tanh(b x)` spares; below 0 where the line fits better. */
  readonly gain: number;
}

/** Tokens that curves are fitted to: with tens of features each, tens of thousands of points a norm. */
const TOKENS = 1024;

/**
 * How tanh-like the norms of a decoder's layers and its final norm are (Zhu et al. 2025, section 3), on the first items that hold a
 * thousand tokens. Curves are in the order of the layers; a decoder without norms has none, and what a plan never runs is left out.
 */
export async function normCurves(
  decoder: Decoder,
  items: readonly EvaluationItem[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<readonly NormCurve[]> {
  const names = normsOf(decoder);
  const points = new Map(names.map((name) => [name, { inputs: [] as number[], outputs: [] as number[] }]));
  await inPasses(
    firstItems(items, TOKENS),
    decoder.config.contextLength,
    options,
    async ({ members, time, inputs, targets }) => {
      const places = names.flatMap((name) => [`${name}.input`, `${name}.output`]);
      const captured = capturing(decoder, places, () => {
        decoder.hidden(Tensor.from(decoder.backend, inputs, [members.length, time]));
      });
      try {
        for (const name of names) {
          const [before, after] = [captured.get(`${name}.input`), captured.get(`${name}.output`)];
          if (before === undefined || after === undefined) continue;
          const { inputs: xs, outputs: ys } = points.get(name)!;
          const x = await before.readFloats();
          const y = await after.readFloats();
          const plain = await withoutAffine(decoder, name);
          const width = x.length / targets.length;
          targets.forEach((target, row) => {
            if (target === IGNORED) return;
            for (let at = row * width; at < (row + 1) * width; at++) {
              const output = plain(y[at]!, at);
              // A feature whose gain is 0 shows nothing of the curve.
              if (!Number.isFinite(output)) continue;
              xs.push(x[at]!);
              ys.push(output);
            }
          });
        }
      } finally {
        for (const tensor of captured.values()) tensor.dispose();
      }
    },
  );
  return [...points]
    .filter(([, { inputs }]) => inputs.length > 0)
    .map(([name, { inputs, outputs }]) => ({ name, ...fitTanh(inputs, outputs) }));
}

function normsOf({ config }: Decoder): string[] {
  const inLayers = Array.from({ length: config.layers }, (_, layer) =>
    LAYER_NORM_PLACES.filter((place) => normAt(config, layer, place).kind !== 'none').map((place) =>
      normName(place, layer),
    ),
  );
  return [...inLayers.flat(), ...(config.norms.final.kind === 'none' ? [] : [normName('final')])];
}

/** Takes a norm's gain and bias from its output. */
async function withoutAffine(decoder: Decoder, name: string): Promise<(y: number, at: number) => number> {
  const read = async (parameter: string) =>
    decoder.parameters.has(parameter) ? await decoder.readParameter(parameter) : undefined;
  const [weight, bias] = [await read(`${name}.weight`), await read(`${name}.bias`)];
  return (y, at) =>
    (y - (bias === undefined ? 0 : bias[at % bias.length]!)) / (weight === undefined ? 1 : weight[at % weight.length]!);
}

/** Slopes that are tried, as multiples of one over the inputs' root mean square: from a line to a step. */
const SLOPES = Array.from({ length: 41 }, (_, at) => 10 ** (-2 + at / 10));
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Least-squares `a tanh(b x)` against least-squares `c x + d`: two numbers each. `b` is the best of a grid over four orders of magnitude,
 * refined by golden-section search between its neighbours.
 */
export function fitTanh(x: ArrayLike<number>, y: ArrayLike<number>): { readonly slope: number; readonly gain: number } {
  const { length } = x;
  let [sumX, sumY, squareX, squareY, product] = [0, 0, 0, 0, 0];
  for (let i = 0; i < length; i++) {
    sumX += x[i]!;
    sumY += y[i]!;
    squareX += x[i]! ** 2;
    squareY += y[i]! ** 2;
    product += x[i]! * y[i]!;
  }
  const spread = squareX - sumX ** 2 / length;
  const covariance = product - (sumX * sumY) / length;
  const line = squareY - sumY ** 2 / length - (spread > 0 ? covariance ** 2 / spread : 0);
  const errorAt = (logSlope: number) => {
    const b = Math.exp(logSlope);
    let [along, size] = [0, 0];
    for (let i = 0; i < length; i++) {
      const t = Math.tanh(b * x[i]!);
      along += t * y[i]!;
      size += t * t;
    }
    return size > 0 ? squareY - along ** 2 / size : squareY;
  };
  const unit = Math.sqrt(squareX / length);
  const grid = SLOPES.map((slope) => Math.log(slope / unit));
  const errors = grid.map(errorAt);
  const best = errors.indexOf(Math.min(...errors));
  let low = grid[Math.max(0, best - 1)]!;
  let high = grid[Math.min(grid.length - 1, best + 1)]!;
  for (let step = 0; step < 25; step++) {
    const [a, b] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (errorAt(a) < errorAt(b)) high = b;
    else low = a;
  }
  const middle = (low + high) / 2;
  // Sums of squares that differ by rounding alone are no error.
  const nothing = 1e-12 * squareY;
  const gain = line > nothing ? 1 - Math.max(0, errorAt(middle)) / line : 0;
  return { slope: Math.exp(middle), gain };
}
