import type { Pool1dOptions, Pool2dOptions } from '../ops/pools.ts';
import type { Tensor } from '../tensor.ts';
import type { Bound } from './bounds.ts';
import type { OpCase } from './case.ts';
import { shapeName } from './shapes.ts';
import { specialValues } from './special_values.ts';

/** Images and windows: none, one, primes, windows that overlap, leave gaps, stand in the padding, or only begin inside. */
const pools: readonly (readonly [readonly [number, number, number, number], Pool2dOptions])[] = [
  [[0, 3, 5, 5], { kernel: 2 }],
  [[2, 0, 5, 5], { kernel: 2 }],
  [[1, 1, 1, 1], { kernel: 1 }],
  [[2, 3, 7, 11], { kernel: 1, stride: 3 }],
  [[2, 3, 8, 6], { kernel: 2 }],
  [[2, 3, 7, 5], { kernel: 3, stride: 2, padding: 1 }],
  [[2, 2, 7, 9], { kernel: [3, 2], stride: [1, 2], padding: [1, 0] }],
  [[1, 2, 5, 5], { kernel: 2, stride: 2, ceilMode: true }],
  [[1, 2, 6, 7], { kernel: 4, stride: 3, padding: 2, ceilMode: true }],
  [[1, 1, 3, 4], { kernel: 2, stride: 4, padding: 1, ceilMode: true }],
  [[1, 2, 13, 17], { kernel: 5, stride: 1, padding: 2 }],
  [[1, 1, 61, 67], { kernel: 61, stride: 1, padding: 30 }],
  [[9001, 1, 2, 3], { kernel: 2, stride: 1 }],
];

/** The cases of a pool over images; `gradient` where its bound is another. */
export function poolCases(
  remark: string,
  forward: Bound,
  pool: (x: Tensor, options: Pool2dOptions) => Tensor,
  gradient = forward,
): OpCase[] {
  return pools.map(([image, options]) => ({
    name: `${shapeName(image)} ${JSON.stringify(options)}${remark}`,
    forward,
    gradient,
    build: (inputs) => {
      const x = inputs.normal('x', image);
      return () => pool(x, options);
    },
  }));
}

const lines: readonly (readonly [readonly [number, number, number], Pool1dOptions])[] = [
  [[0, 3, 5], { kernel: 2 }],
  [[1, 1, 1], { kernel: 1 }],
  [[2, 3, 13], { kernel: 3, stride: 2 }],
  [[2, 3, 13], { kernel: 4, stride: 3, padding: 2, ceilMode: true }],
  [[1, 2, 4099], { kernel: 7, stride: 2, padding: 3 }],
];

/** The cases of a pool over lines. */
export function linePoolCases(
  forward: Bound,
  pool: (x: Tensor, options: Pool1dOptions) => Tensor,
  gradient = forward,
): readonly OpCase[] {
  return lines.map(([line, options]) => ({
    name: `${shapeName(line)} ${JSON.stringify(options)}`,
    forward,
    gradient,
    build: (inputs) => {
      const x = inputs.normal('x', line);
      return () => pool(x, options);
    },
  }));
}

/** An element of an image of 81 elements with all special values among others. */
export function specialImage(i: number): number {
  return i % 5 === 2 ? specialValues[Math.floor(i / 5) % specialValues.length]! : (i % 7) - 3;
}
