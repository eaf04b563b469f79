/** How a rate grows from the first layer to the last, or from the first step to the last: from about 0 to 1. */
export const GROWTHS = ['exponential', 'linear', 'logarithmic', 'sine', 'sigmoid', 'constant'] as const;
export type Growth = (typeof GROWTHS)[number];

/**
 * The share that is reached at `at` of 0 … `last`: 2^x - 1 (LayerSkip's), x, ln(at + 1) / ln(last + 1), sin(pi x / 2), the logistic
 * function of 10 (x - 1/2), or 1, where x is at / last. 1 from `last` on, and where there is only one place.
 */
export function growth(kind: Growth, at: number, last: number): number {
  if (at >= last) return 1;
  const x = at / last;
  switch (kind) {
    case 'exponential':
      return 2 ** x - 1;
    case 'linear':
      return x;
    case 'logarithmic':
      return Math.log(at + 1) / Math.log(last + 1);
    case 'sine':
      return Math.sin((Math.PI * x) / 2);
    case 'sigmoid':
      return 1 / (1 + Math.exp(-10 * (x - 0.5)));
    case 'constant':
      return 1;
  }
}

/** How much an exit counts by its depth, before all are divided by their sum. */
export const EXIT_WEIGHTINGS = ['uniform', 'linear', 'sum', 'root', 'inverse', 'inverse-root'] as const;
export type ExitWeighting = (typeof EXIT_WEIGHTINGS)[number];

/**
 * Weights of the exits behind `chosen` layers of `total`, in that order, adding up to 1: 1, l, the sum of all l so far, sqrt(l), 1/l or
 * 1/sqrt(l) for the l-th layer, counted from 1; times `scale` for every layer but the model's last.
 */
export function exitWeights(
  chosen: readonly number[],
  total: number,
  weighting: ExitWeighting,
  scale: number,
): number[] {
  let sum = 0;
  const weights = chosen.map((layer) => {
    sum += layer + 1;
    return (layer === total - 1 ? 1 : scale) * byDepth(weighting, layer + 1, sum);
  });
  const all = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / all);
}

function byDepth(weighting: ExitWeighting, depth: number, sum: number): number {
  switch (weighting) {
    case 'uniform':
      return 1;
    case 'linear':
      return depth;
    case 'sum':
      return sum;
    case 'root':
      return Math.sqrt(depth);
    case 'inverse':
      return 1 / depth;
    case 'inverse-root':
      return 1 / Math.sqrt(depth);
  }
}

/** Which exits a step trains beside the last one, which always counts. */
export const CURRICULA = ['rotational', 'gradual', 'all', 'last'] as const;
export type Curriculum = (typeof CURRICULA)[number];

/**
 * Whether each of `layers` exits counts in `step` (from 0) of `steps`. Rotational: every `stride`-th exit, the pattern moving up by one
 * each step. Gradual: exits join from the last one down, evenly over the first half of training. All, or the last alone.
 */
export function exitsOn(
  curriculum: Curriculum,
  { layers, stride, step, steps }: { layers: number; stride: number; step: number; steps: number },
): boolean[] {
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const last = (layer: number) => layer === layers - 1;
  switch (curriculum) {
    case 'rotational': {
      const pattern = rotated(
        all.map((layer) => layer % stride === 0),
        step,
      );
      return pattern.map((on, layer) => on || last(layer));
    }
    case 'gradual':
      return all.map((layer) => last(layer) || step / steps >= (0.5 * (layers - layer)) / layers);
    case 'all':
      return all.map(() => true);
    case 'last':
      return all.map(last);
  }
}

/** The pattern after `step` steps, each of which moves it up by one, the last place becoming the first. */
export function rotated(pattern: readonly boolean[], step: number): boolean[] {
  const { length } = pattern;
  return pattern.map((_, at) => pattern[(((at - step) % length) + length) % length]!);
}
