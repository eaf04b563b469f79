import { ascending, cosines } from '@claimbench/models';
import { blockDistances, nearestStart } from '../pruning/angular-layers.ts';
import { Findings, type GoldenCheck } from './finding.ts';

/** Distances of runs of layers at the last token that is no padding, and ShortGPT's block influence over all tokens. */
export const angularDistanceCheck: GoldenCheck = (golden) => {
  const { shape, data } = golden.array('inputs', 'hidden');
  const [count, batch, time, width] = shape as [number, number, number, number];
  const size = batch * time * width;
  const states = Array.from({ length: count }, (_, state) => Float32Array.from(data.slice(state * size, (state + 1) * size)));
  const mask = golden.array('inputs', 'mask').data;
  const rows = Array.from({ length: batch }, (_, row) => {
    const tokens = mask.slice(row * time, (row + 1) * time);
    return row * time + tokens.lastIndexOf(1);
  });
  const findings = new Findings(golden);
  for (const n of [1, 2, 3]) {
    const distances = blockDistances({ states, width }, n, rows);
    findings.close(`block_distance_n${n}`, distances, 1e-5);
    findings.number(`best_start_n${n}`, nearestStart(distances), 0);
  }
  const influence = states.slice(1).map((state, layer) => {
    const perToken = cosines(states[layer]!, state, width);
    return 1 - perToken.reduce((sum, cosine) => sum + cosine, 0) / perToken.length;
  });
  return findings.close('block_influence_mean', influence, 1e-5).equal('removal_order', ascending(influence)).list;
};
