import { collapse, sentenceSimilarity } from '../pruning/laco.ts';
import { Findings, type GoldenCheck } from './finding.ts';

/** The merge of m layers into one in both readings, and the similarity by which a merge is accepted. */
export const lacoCheck: GoldenCheck = (golden) => {
  const { shape, data } = golden.array('inputs', 'weights');
  const [layers, matrices] = shape as [number, number];
  const size = data.length / layers / matrices;
  const base = golden.number('params', 'base');
  const merged = Math.min(golden.number('params', 'merge_layers'), layers - 1 - base);
  const weights = (layer: number, matrix: number) => {
    const start = (layer * matrices + matrix) * size;
    return Float32Array.from(data.slice(start, start + size));
  };
  const collapsed = (reading: 'paper' | 'released') =>
    Array.from({ length: matrices }, (_, matrix) => {
      const above = Array.from({ length: merged }, (_, k) => weights(base + 1 + k, matrix));
      return [...collapse(weights(base, matrix), above, reading)];
    }).flat();
  const after = golden.array('outputs', 'weights_after').data;
  const ofBase = after.slice(base * matrices * size, (base + 1) * matrices * size);
  const [sentences] = golden.array('inputs', 'hidden_a').shape;
  const hidden = (name: string) => golden.floats('inputs', name);
  return new Findings(golden)
    .close('paper_formula_for_base', collapsed('paper'), 1e-6)
    .close('weights_after', collapsed('released'), 1e-6, ofBase)
    .number('similarity', sentenceSimilarity(hidden('hidden_a'), hidden('hidden_b'), sentences!), 1e-6).list;
};
