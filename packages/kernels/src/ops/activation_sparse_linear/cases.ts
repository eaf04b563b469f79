import type { OpCase } from '../../conformance/case.ts';
import { products } from '../../conformance/common_bounds.ts';
import { activationSparseLinear } from './op.ts';

interface Setting {
  readonly size: readonly [rows: number, width: number, out: number];
  readonly threshold: number;
  readonly bias?: boolean;
}

const settings: readonly Setting[] = [
  { size: [0, 4, 3], threshold: 0 },
  { size: [2, 0, 3], threshold: 0, bias: true },
  { size: [1, 1, 1], threshold: 0 },
  { size: [1, 67, 35], threshold: 0, bias: true },
  { size: [3, 67, 35], threshold: 0.7, bias: true },
  { size: [2, 40, 16], threshold: 100 },
  { size: [1, 512, 1100], threshold: 1 },
  { size: [5, 300, 700], threshold: 0.2 },
];

export const cases: readonly OpCase[] = settings.map(({ size: [rows, width, out], threshold, bias = false }) => ({
  name: `${rows} rows, ${width} to ${out}, above ${threshold}`,
  forward: products,
  gradient: products,
  build: (inputs) => {
    // like relu, half of x is 0 exactly
    const drawn = inputs.constantNormal([rows, width]);
    const zeros = inputs.constant([rows, width], (i) => (i % 2 === 0 ? 0 : Math.sin(i * i) * 2));
    const x = threshold === 0 ? zeros : drawn;
    const columns = inputs.constantNormal([width, out]);
    const added = bias ? inputs.constantNormal([out]) : undefined;
    return () => activationSparseLinear(x, columns, threshold, added);
  },
}));
