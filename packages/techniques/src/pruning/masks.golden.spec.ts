import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { erdosRenyiSparsities } from './erdos-renyi.ts';
import { lampMasks, lampScores } from './lamp.ts';
import { magnitudeMasks } from './magnitude.ts';

interface MagnitudeCase {
  id: string;
  sparsity: number;
  scope: 'layer' | 'global';
  weights: number[][];
  masks: number[][];
}
interface LampCase {
  id: string;
  sparsity: number;
  shapes: number[][];
  weights: number[][];
  scores: number[][];
  masks: number[][];
  globalMasks: number[][];
  lampSparsities: number[];
  erdosRenyiSparsities: number[];
}

function golden<Case>(file: string): Case[] {
  return JSON.parse(readFileSync(new URL(`../../golden/${file}`, import.meta.url), 'utf8')).cases;
}

const arrays = (rows: number[][]) => rows.map((row) => Float32Array.from(row));
const lists = (masks: readonly Uint8Array[]) => masks.map((mask) => [...mask]);
const lampCases = golden<LampCase>('lamp.json');
const linearCases = lampCases.filter(({ shapes }) => shapes.every((shape) => shape.length === 2));

describe('magnitude pruning', () => {
  it.each(golden<MagnitudeCase>('magnitude.json'))(
    'gives the masks of torch: $id',
    ({ weights, masks, ...parameters }) => {
      expect(lists(magnitudeMasks(arrays(weights), parameters))).toEqual(masks);
    },
  );

  it.each(lampCases)("gives the global masks of LAMP's authors: $id", ({ weights, globalMasks, sparsity }) => {
    expect(lists(magnitudeMasks(arrays(weights), { sparsity, scope: 'global' }))).toEqual(globalMasks);
  });
});

describe('LAMP', () => {
  it.each(lampCases)("gives its authors' scores, masks and layer rates: $id", (sample) => {
    const weights = arrays(sample.weights);
    weights.forEach((matrix, i) => {
      lampScores(matrix).forEach((score, j) => {
        expect(Math.abs(score / sample.scores[i]![j]! - 1)).toBeLessThan(1e-4);
      });
    });
    const masks = lampMasks(weights, sample.sparsity);
    expect(lists(masks)).toEqual(sample.masks);
    masks.forEach((mask, i) => {
      const removed = mask.filter((bit) => bit === 0).length / mask.length;
      expect(removed).toBeCloseTo(sample.lampSparsities[i]!, 6);
    });
  });

  it('gives the largest weight of a matrix the score 1, equal weights the same, and zeros nothing', () => {
    const scores = lampScores(Float32Array.of(3, -4, 0, 4));
    expect([...scores]).toEqual([9 / 41, 0.5, 0, 0.5]);
    expect([...lampScores(Float32Array.of(2, 1))]).toEqual([1, 0.2]);
    expect([...lampScores(new Float32Array(3))]).toEqual([0, 0, 0]);
  });

  it('keeps a weight in every matrix, however small the matrix is in scale', () => {
    const large = Float32Array.from({ length: 50 }, (_, i) => 100 + i);
    const small = Float32Array.from({ length: 50 }, (_, i) => (100 + i) / 1e6);
    const [ofLarge, ofSmall] = lampMasks([large, small], 0.9);
    expect(ofLarge!.reduce((a, b) => a + b)).toBe(5);
    expect(ofSmall!.reduce((a, b) => a + b)).toBe(5);
    const [, global] = magnitudeMasks([large, small], { sparsity: 0.5, scope: 'global' });
    expect(global!.reduce((a, b) => a + b)).toBe(0);
  });
});

describe('Erdős–Rényi rates', () => {
  it.each(linearCases)("are those of LAMP's authors: $id", ({ shapes, sparsity, erdosRenyiSparsities: expected }) => {
    const sparsities = erdosRenyiSparsities(
      shapes.map(([outSize, inSize]) => ({ outSize: outSize!, inSize: inSize! })),
      sparsity,
    );
    // The authors give the share after rounding to a number of weights.
    sparsities.forEach((share, i) => {
      const size = shapes[i]![0]! * shapes[i]![1]!;
      expect(Math.round(share * size) / size).toBeCloseTo(expected[i]!, 6);
    });
  });

  it('keep the share that was asked for, with matrices that are too small left dense', () => {
    const shapes = [
      { outSize: 2, inSize: 2 },
      { outSize: 64, inSize: 64 },
      { outSize: 172, inSize: 64 },
    ];
    const sparsities = erdosRenyiSparsities(shapes, 0.7);
    expect(sparsities[0]).toBe(0);
    const sizes = shapes.map(({ outSize, inSize }) => outSize * inSize);
    const removed = sizes.reduce((sum, size, i) => sum + size * sparsities[i]!, 0);
    expect(removed / sizes.reduce((a, b) => a + b)).toBeCloseTo(0.7, 12);
  });
});
