/** Shapes that kernels get wrong first: nothing, one, primes, odd widths, and more rows than 16 bits count. */

export const elementShapes: readonly (readonly number[])[] = [[0], [1], [7], [3, 17], [100_003]];

/** For ops along the last dimension. */
export const rowShapes: readonly (readonly number[])[] = [
  [0, 8],
  [1, 1],
  [5, 1],
  [3, 7],
  [2, 3, 16],
  [5, 33],
  [17, 257],
  [3, 1024],
  [70_001, 3],
];

export const alongAxisShapes: readonly { readonly shape: readonly number[]; readonly axis: number }[] = [
  { shape: [0, 5], axis: -1 },
  { shape: [4, 1], axis: -1 },
  { shape: [5, 7], axis: -1 },
  { shape: [3, 257], axis: -1 },
  { shape: [70_001, 3], axis: -1 },
  { shape: [2, 5, 3], axis: 1 },
  { shape: [7, 11], axis: 0 },
];

export const broadcastShapePairs: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [0, 3],
    [1, 3],
  ],
  [[1], [1]],
  [
    [7, 13],
    [7, 13],
  ],
  [[5, 33], [33]],
  [[5, 33], []],
  [[33], [5, 33]],
  [
    [5, 1, 5],
    [2, 1],
  ],
  [
    [3, 5, 7],
    [5, 1],
  ],
  [
    [2, 3, 4, 5],
    [3, 1, 5],
  ],
  [[65_537, 3], [3]],
  [[4099], [4099]],
];

export const reductions: readonly {
  readonly shape: readonly number[];
  readonly axes: readonly number[] | undefined;
}[] = [
  { shape: [], axes: undefined },
  { shape: [1], axes: undefined },
  { shape: [100_003], axes: undefined },
  { shape: [3, 0], axes: [-1] },
  { shape: [0, 3], axes: [0] },
  { shape: [7, 11], axes: [-1] },
  { shape: [7, 11], axes: [0] },
  { shape: [3, 5, 7], axes: [0, 2] },
  { shape: [3, 5, 7], axes: [1] },
  { shape: [2, 3, 4, 5], axes: [1, 3] },
  { shape: [5, 1], axes: [1] },
  { shape: [70_001, 3], axes: [0] },
  { shape: [70_001, 3], axes: [1] },
];

export function shapeName(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** For ops over [batch, channels, ...]. */
export const channelShapes: readonly (readonly number[])[] = [
  [0, 3],
  [3, 0, 5],
  [2, 3, 0],
  [1, 1],
  [2, 1],
  [7, 5],
  [5, 33],
  [3, 5, 7],
  [2, 3, 5, 11],
  [1, 2, 10_007],
];

/** The same with more batch entries than 16 bits count. */
export const largeChannelShapes: readonly (readonly number[])[] = [
  [70_001, 3],
  [65_537, 1, 2],
];
