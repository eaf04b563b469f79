import { pseudoQuantize, searchClipping, searchScales } from '../quantization/awq.ts';
import { halfQuadraticGrid } from '../quantization/half-quadratic.ts';
import { NF4 } from '../quantization/normal-float.ts';
import { tableCodes } from '../quantization/table-codes.ts';
import { Findings, type GoldenCheck, largest } from './finding.ts';

/** Along the rows (axis 1) groups are runs of weights; along the columns they are those of the matrix as `[group, -1]`. */
export const hqqCheck: GoldenCheck = (golden) => {
  const weights = golden.floats('inputs', 'W');
  const groupSize = golden.number('params', 'group');
  const byRow = golden.number('params', 'axis') === 1;
  const options = {
    bits: golden.number('params', 'bits'),
    norm: golden.number('params', 'lp_norm'),
    beta: golden.number('params', 'beta'),
    iterations: golden.number('params', 'iters'),
  };
  const columns = weights.length / groupSize;
  const transposed = (values: ArrayLike<number>, rows: number) =>
    Float32Array.from({ length: values.length }, (_, i) => values[(i % rows) * (values.length / rows) + Math.floor(i / rows)]!);
  const grouped = byRow ? weights : transposed(weights, groupSize);
  const grid = halfQuadraticGrid(grouped, groupSize, options);
  const values = Float32Array.from(grid.codes, (code, i) => {
    const group = Math.floor(i / groupSize);
    return grid.scales[group]! * (code - grid.zeros[group]!);
  });
  return new Findings(golden)
    .close('scale', grid.scales, 1e-6)
    .close('zero', grid.zeros, 1e-4)
    .equal('codes', byRow ? grid.codes : transposed(grid.codes, columns), 0.005)
    .close('weights', byRow ? values : transposed(values, columns), 1e-4 + 0.01 * largest(weights)).list;
};

/** NF4 by our own table; the cases of FP4 belong to no technique here and are passed over. */
export const normalFloatCheck: GoldenCheck = (golden) => {
  if (golden.text('type') !== 'nf4') return [];
  const weights = golden.floats('inputs', 'W');
  const { codes, largest: scales, values } = tableCodes(weights, golden.number('params', 'blocksize'), NF4);
  return new Findings(golden)
    .close('table', NF4, 1e-7)
    .equal('codes', codes, 1e-3)
    .close('weights', values, 1e-6 * largest(weights) + 1e-6)
    .close('absmax', scales, 1e-7).list;
};

/** Rounding, the search of the scales, and the search of the ranges, on the first 32 rows as the file holds them. */
export const awqCheck: GoldenCheck = (golden) => {
  const [, inSize] = golden.array('inputs', 'W').shape as [number, number];
  const rows = golden.array('outputs', 'weights_plain').shape[0]!;
  const weights = golden.floats('inputs', 'W').subarray(0, rows * inSize);
  const x = golden.floats('inputs', 'X');
  const tokens = x.length / inSize;
  const meanSize = new Float64Array(inSize);
  const products = new Float64Array(inSize * inSize);
  for (let token = 0; token < tokens; token++) {
    for (let j = 0; j < inSize; j++) {
      const value = x[token * inSize + j]!;
      meanSize[j]! += Math.abs(value) / tokens;
      for (let k = 0; k < inSize; k++) products[j * inSize + k]! += value * x[token * inSize + k]!;
    }
  }
  const group = golden.number('params', 'group');
  const shape = { inSize, groupSize: group === -1 ? inSize : group, bits: golden.number('params', 'bits') };
  const statistics = { meanSize, products, tokens };
  const search = searchScales(weights, statistics, shape);
  const findings = new Findings(golden)
    .close('weights_plain', pseudoQuantize(weights, shape), 1e-5)
    .close('act_scale', meanSize, 1e-5 * largest(meanSize))
    .close('losses', search.losses, 1e-4 * largest(search.losses))
    .number('best_ratio', search.ratio, 1e-9)
    .close('best_scale', search.scales, 1e-5 * largest(search.scales))
    .close('weights_awq', search.values, 1e-5);
  if (golden.has('outputs', 'clip_max')) findings.close('clip_max', searchClipping(weights, statistics, shape), 1e-6);
  return findings.list;
};
