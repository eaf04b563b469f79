import { components, keptRank } from '../pruning/laser.ts';
import { sparseGptWeight } from '../pruning/sparsegpt-weight.ts';
import { gptqWeight } from '../quantization/gptq-weight.ts';
import { higgsCodes } from '../quantization/higgs.ts';
import { correctedWeight } from '../quantization/qep-correction.ts';
import { Findings, type GoldenCheck, largest } from './finding.ts';
import type { GoldenArray } from './values.ts';

/** 2 X^T Y, as the released codes count one matrix of inputs. */
function secondMoments(x: GoldenArray, y: GoldenArray = x): Float64Array {
  const [rows, columns] = x.shape as [number, number];
  const sum = new Float64Array(columns * columns);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns; i++) {
      const factor = 2 * x.data[row * columns + i]!;
      for (let j = 0; j < columns; j++) sum[i * columns + j]! += factor * y.data[row * columns + j]!;
    }
  }
  return sum;
}

export const gptqCheck: GoldenCheck = (golden) => {
  const { shape } = golden.array('inputs', 'W');
  const groupSize = golden.number('params', 'groupsize');
  const { values, grid, loss } = gptqWeight(golden.floats('inputs', 'W'), shape[1]!, secondMoments(golden.array('inputs', 'X')), {
    bits: golden.number('params', 'bits'),
    groupSize: groupSize === -1 ? null : groupSize,
    scheme: golden.flag('sym') ? 'symmetric-full' : 'affine',
    actOrder: golden.flag('actorder'),
    staticGroups: golden.flag('static_groups'),
    damping: golden.number('params', 'percdamp'),
    blockSize: golden.number('params', 'blocksize'),
  });
  const weights = golden.array('outputs', 'weights').data;
  const different = [...values].map((w, i) => Number(Math.abs(w - weights[i]!) > 1e-4));
  const expected = golden.number('outputs', 'loss');
  const findings = new Findings(golden)
    .equal('weights', different, 0.005, different.map(() => 0))
    .add('loss', Math.abs(loss - expected) / expected, 1e-3);
  if (grid !== null && golden.has('outputs', 'codes')) findings.equal('codes', grid.codes, 0.005);
  return findings.list;
};

export const sparseGptCheck: GoldenCheck = (golden) => {
  const { shape } = golden.array('inputs', 'W');
  const n = golden.number('params', 'n');
  const { values, loss } = sparseGptWeight(golden.floats('inputs', 'W'), shape[1]!, secondMoments(golden.array('inputs', 'X')), {
    sparsity: golden.number('params', 'sparsity'),
    pattern: n === 0 ? null : [n, golden.number('params', 'm')],
    blockSize: golden.number('params', 'blocksize'),
    damping: golden.number('params', 'percdamp'),
    bits: golden.has('params', 'quant_bits') ? golden.number('params', 'quant_bits') : null,
  });
  const weights = golden.array('outputs', 'weights').data;
  const bound = 1e-3 * largest(weights);
  const different = [...values].map((w, i) => Number(Math.abs(w - weights[i]!) > bound));
  const expected = golden.number('outputs', 'loss');
  const findings = new Findings(golden)
    .equal('weights', different, 0.005, different.map(() => 0))
    .add('loss', Math.abs(loss - expected) / expected, 1e-3);
  // Where kept weights are rounded too, a zero may be a code.
  if (!golden.has('params', 'quant_bits')) findings.equal('mask_removed', [...values].map((w) => Number(w === 0)), 0.005);
  return findings.list;
};

export const qepCheck: GoldenCheck = (golden) => {
  const { shape } = golden.array('inputs', 'W');
  const clean = golden.array('inputs', 'X');
  const quantized = golden.array('inputs', 'Xq');
  const rest = { shape: clean.shape, data: clean.data.map((value, i) => value - quantized.data[i]!) };
  const given = { hessian: secondMoments(quantized), difference: secondMoments(rest, quantized) };
  const values = correctedWeight(golden.floats('inputs', 'W'), shape[1]!, given, {
    strength: golden.number('params', 'perccorr'),
    damping: golden.number('params', 'percdamp'),
  });
  return new Findings(golden).close('weights', values, 1e-4 * largest(golden.array('outputs', 'weights').data)).list;
};

export const laserCheck: GoldenCheck = (golden) => {
  const { shape, data } = golden.array('inputs', 'W');
  const [rows, columns] = shape as [number, number];
  const rank = keptRank(rows, columns, golden.number('params', 'k'));
  const kept = Array.from({ length: rank }, (_, component) => component);
  return new Findings(golden)
    .number('rank', rank, 0)
    .close('exact', components(data, rows, columns, kept), 1e-4 * largest(data)).list;
};

/** With the grid of the file, and without signs, as the released integration. */
export const higgsCheck: GoldenCheck = (golden) => {
  const { shape } = golden.array('inputs', 'W');
  const [rows, columns] = shape as [number, number];
  const block = golden.number('params', 'hadamard_size');
  const dimension = golden.number('params', 'p');
  const padded = Math.ceil(columns / block) * block;
  const weights = golden.floats('inputs', 'W');
  const filled = Float32Array.from({ length: rows * padded }, (_, i) => {
    const column = i % padded;
    return column < columns ? weights[Math.floor(i / padded) * columns + column]! : 0;
  });
  const points = golden.array('outputs', 'grid').data;
  const cut = (values: Float32Array) => values.filter((_, i) => i % padded < columns);
  const { scales, values } = higgsCodes(filled, block, { points, dimension });
  const golds = golden.array('outputs', 'weights').data;
  const bound = 1e-4 * largest(weights);
  const different = [...cut(values)].map((w, i) => Number(Math.abs(w - golds[i]!) > bound));
  return new Findings(golden)
    .equal('weights', different, 0.02, different.map(() => 0))
    .close('scales', scales, 1e-5 * largest(scales)).list;
};
