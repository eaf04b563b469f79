import { readFileSync } from 'node:fs';
import { RandomStream } from '@claimbench/kernels';
import { expect, it } from 'vitest';
import { goldenCases } from '../golden/values.ts';
import { gaussianGrid, nearestPoint } from './gaussian-grid.ts';

const file = (name: string) => readFileSync(new URL(`../../golden/techniques/higgs.${name}`, import.meta.url));
const { cases } = goldenCases(JSON.parse(file('json').toString()), file('safetensors'));

const stream = new RandomStream(99, 3);
const normals = Float64Array.from({ length: 20_000 }, () => {
  return Math.sqrt(-2 * Math.log(1 - stream.nextUniform())) * Math.cos(2 * Math.PI * stream.nextUniform());
});

function meanSquaredError(grid: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < normals.length; i += 2) {
    const code = nearestPoint(grid, 2, normals, i);
    sum += (normals[i]! - grid[2 * code]!) ** 2 + (normals[i + 1]! - grid[2 * code + 1]!) ** 2;
  }
  return sum / normals.length;
}

it('is nearly as good as the grids that the authors found, for pairs', () => {
  const theirs = new Map(cases.map((golden) => [golden.array('outputs', 'grid').data.length / 2, golden]));
  expect([...theirs.keys()].toSorted((a, b) => a - b)).toEqual([16, 64, 256]);
  for (const [points, golden] of theirs) {
    const ours = meanSquaredError(gaussianGrid(points, 2));
    expect(ours / meanSquaredError(golden.array('outputs', 'grid').data), `${points} points`).toBeLessThan(1.08);
  }
});

it('is the Lloyd-Max quantizer for single numbers', () => {
  // Max 1960: mean squared errors of 4 and 16 levels.
  for (const [levels, error] of [
    [4, 0.1175],
    [16, 0.009497],
  ] as const) {
    const grid = gaussianGrid(levels, 1);
    const square = normals.reduce((sum, x) => sum + (x - grid[nearestPoint(grid, 1, [x], 0)]!) ** 2, 0);
    expect(square / normals.length / error, `${levels} levels`).toBeGreaterThan(0.95);
    expect(square / normals.length / error, `${levels} levels`).toBeLessThan(1.06);
  }
});
