import { principalAxes } from '../pruning/slicegpt.ts';
import { Findings, type GoldenCheck } from './finding.ts';

/** Eigenvalues and axes of the inputs; an axis is one up to its sign. What keeps only the largest turned entries is no technique here. */
export const principalAxesCheck: GoldenCheck = (golden) => {
  const { shape, data } = golden.array('inputs', 'X');
  const width = shape[1]!;
  const products = new Float64Array(width * width);
  for (let row = 0; row < data.length; row += width) {
    for (let j = 0; j < width; j++) {
      for (let k = 0; k < width; k++) products[j * width + k]! += data[row + j]! * data[row + k]!;
    }
  }
  const { values, axes } = principalAxes(products, width);
  const expected = golden.array('outputs', 'eigenvalues').data;
  const golds = golden.array('outputs', 'eigenvectors').data;
  const apart = Array.from({ length: width }, (_, axis) => {
    let dot = 0;
    for (let row = 0; row < width; row++) dot += axes[row * width + axis]! * golds[row * width + axis]!;
    return 1 - Math.abs(dot);
  });
  return new Findings(golden)
    .close('eigenvalues', values.map((value, i) => value / expected[i]! - 1), 1e-6, expected.map(() => 0))
    .close('eigenvectors', apart, 1e-5, expected.map(() => 0)).list;
};
