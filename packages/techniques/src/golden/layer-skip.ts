import { createReferenceBackend, crossEntropy, linear, scope, Tensor } from '@claimbench/kernels';
import { checkGuesses, nextTokenProbabilities } from '@claimbench/models';
import { type ExitWeighting, exitWeights, type Growth, growth, rotated } from '../layer-skipping/layer-schedules.ts';
import { Findings, type GoldenCheck } from './finding.ts';
import type { GoldenCase } from './values.ts';

/** The names of the authors' library for rates and weights. */
const RATES: Readonly<Record<string, Growth>> = {
  uniform: 'constant',
  exp: 'exponential',
  linear: 'linear',
  log: 'logarithmic',
  sin: 'sine',
  sigmoid: 'sigmoid',
};
const WEIGHTS: Readonly<Record<string, ExitWeighting>> = {
  uniform: 'uniform',
  linear_l: 'linear',
  sum_l: 'sum',
  sqrt_l: 'root',
  inv_l: 'inverse',
  inv_sqrt_l: 'inverse-root',
};

/** Rates of layer dropout and weights of exits over depth, the early-exit loss of given states, and the rotating curriculum. */
export const layerSkipCheck: GoldenCheck = async (golden) => {
  const findings = new Findings(golden);
  if (golden.id.startsWith('schedules')) checkSchedules(golden, findings);
  else if (golden.id.startsWith('loss')) findings.number('loss', await lossOf(golden), 2e-6);
  else if (golden.text('kind') === 'rotational') checkRotation(golden, findings);
  return findings.list;
};

function checkSchedules(golden: GoldenCase, findings: Findings): void {
  const layers = golden.number('params', 'layers');
  const largest = golden.number('params', 'p_max');
  const scale = golden.number('params', 'e_scale');
  const subset = golden.array('params', 'subset').data;
  const all = Array.from({ length: layers }, (_, layer) => layer);
  for (const [name, kind] of Object.entries(RATES)) {
    findings.close(`rate_${name}`, all.map((layer) => largest * growth(kind, layer, layers - 1)), 1e-6);
  }
  for (const [name, weighting] of Object.entries(WEIGHTS)) {
    findings.close(`weight_${name}`, exitWeights(all, layers, weighting, scale), 1e-6);
    findings.close(`weight_subset_${name}`, exitWeights(subset, layers, weighting, scale), 1e-6);
  }
}

async function lossOf(golden: GoldenCase): Promise<number> {
  const layers = golden.number('params', 'layers');
  const exits = golden.array('params', 'exit_layers').data;
  const weights = exitWeights(exits, layers, WEIGHTS[golden.text('weighting')]!, golden.number('params', 'e_scale'));
  const [classes, width] = golden.array('inputs', 'unembed').shape as [number, number];
  const labels = golden.array('inputs', 'labels').data;
  const hidden = golden.floats('inputs', 'hidden');
  const size = labels.length * width;
  const backend = createReferenceBackend();
  let total = 0;
  for (const [index, weight] of weights.entries()) {
    using loss = scope(() => {
      const states = Tensor.from(backend, hidden.slice(index * size, (index + 1) * size), [labels.length, width]);
      const head = Tensor.from(backend, golden.floats('inputs', 'unembed'), [classes, width]);
      const target = Tensor.from(backend, Int32Array.from(labels), [labels.length]);
      return crossEntropy(linear(states, head), target, { ignoreIndex: golden.number('params', 'ignore_index') });
    });
    total += weight * (await loss.readFloats())[0]!;
  }
  return total;
}

function checkRotation(golden: GoldenCase, findings: Findings): void {
  const pattern = golden.array('inputs', 'pattern').data.map(Boolean);
  const [steps, layers] = findings.array('on').shape as [number, number];
  const on = Array.from({ length: steps }, (_, step) =>
    // The last exit always counts.
    rotated(pattern, step).map((value, layer) => Number(value || layer === layers - 1)),
  );
  findings.equal('on', on.flat());
}

/** One greedy round of self-speculative decoding: what is kept of a draft, and the text after it. Other methods' cases are passed over. */
export const selfSpeculationCheck: GoldenCheck = (golden) => {
  const findings = new Findings(golden);
  if (!golden.id.startsWith('greedy')) return findings.list;
  const greedy = { temperature: 0 };
  const rows = (name: string) => {
    const { shape, data } = golden.array('inputs', name);
    const [count, size] = shape as [number, number];
    return Array.from({ length: count }, (_, at) => Float32Array.from(data.slice(at * size, (at + 1) * size)));
  };
  const ends = golden.array('params', 'end_tokens').data;
  const drafted = rows('draft_logits').map((logits) => {
    const q = nextTokenProbabilities(logits, greedy);
    return { token: q.indexOf(1), q };
  });
  // The draft ends with its first end token.
  const end = drafted.findIndex(({ token }) => ends.includes(token));
  const guesses = end < 0 ? drafted : drafted.slice(0, end + 1);
  const { kept, own } = checkGuesses(guesses, rows('full_logits'), greedy, () => 0);
  const output = [...guesses.slice(0, kept).map(({ token }) => token), own];
  const length = golden.number('params', 'prompt_length') + output.length - 1;
  return findings
    .number('accepted', kept, 0)
    .number('drafted', guesses.length, 0)
    .equal('output', output)
    .number('cache_length', length, 0).list;
};
