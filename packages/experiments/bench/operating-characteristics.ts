/**
 * How often the rules speak a false word, by simulation (docs/method.md): independent blocks, normal noise.
 *   pnpm --filter @claimbench/experiments exec node bench/operating-characteristics.ts [draws]
 * Columns: supported / contradicted in %, at true effects in % of the loss (1.95 nats per byte).
 * Ends with exit code 1 if a false word is spoken in more than 2.5 % (plus four standard errors of the simulation).
 */
import type { Plan } from '@claimbench/contracts';
import type { IntervalTemplate } from '../src/verdicts/index.ts';
import {
  anytimeMisses,
  Draws,
  itemMisses,
  planRates,
  quantifierRates,
  type Rates,
  speedRates,
  stabilityRates,
} from '../src/verdicts/simulation.testing.ts';

const count = Number(process.argv[2] ?? 20_000);
const LOSS = 1.95;
const draws = new Draws(20_261);
const allowed = 0.025 + 4 * Math.sqrt((0.025 * 0.975) / count);
const percent = (share: number) => (100 * share).toFixed(1).padStart(5);
const both = ({ supported, contradicted }: Rates) => `${percent(supported)} / ${percent(contradicted)}`;
let tooOften = 0;
const falseWord = (share: number) => {
  if (share > allowed) tooOften++;
};

const plans: [string, Plan][] = [
  ['n = 3', { name: 'fixed', blocks: 3 }],
  ['n = 5', { name: 'fixed', blocks: 5 }],
  ['n = 8', { name: 'fixed', blocks: 8 }],
  ['standard', { name: 'standard' }],
  ['cheap', { name: 'cheap' }],
];
const noises: [string, number][] = [
  ['4-bit rounding, sd 0.19 %', 0.0019],
  ['norm swap, sd 0.51 %', 0.0051],
  ['another learning rate, sd 1.5 %', 0.015],
  ['unlike arms, sd 2.9 %', 0.029],
];
const columns: [IntervalTemplate, number, number][] = [
  ['greater', 0.005, 0],
  ['greater', 0.005, 0.005],
  ['greater', 0.005, 0.01],
  ['greater', 0.005, 0.02],
  ['greater', 0.005, 0.05],
  ['not-worse', 0.01, -0.02],
  ['not-worse', 0.01, -0.01],
  ['not-worse', 0.01, 0],
  ['within', 0.01, 0.01],
  ['within', 0.01, 0],
];

console.log(`${count} draws; supported / contradicted in %; a false word may reach ${percent(allowed).trim()} %`);
console.log(`| noise | plan | ${columns.map(([t, , truth]) => `${t} ${100 * truth}`).join(' | ')} |`);
for (const [noise, sd] of noises) {
  for (const [name, plan] of plans) {
    const cells = columns.map(([template, margin, truth]) => {
      const scaled = { plan, template, margin: margin * LOSS, truth: truth * LOSS, sd: sd * LOSS };
      const rates = planRates(draws, count, scaled);
      const untrue = { greater: truth <= 0, 'not-worse': truth <= -margin, within: Math.abs(truth) >= margin };
      const true_ = { greater: truth >= margin, 'not-worse': truth >= -margin, within: Math.abs(truth) <= margin };
      if (untrue[template]) falseWord(rates.supported);
      if (true_[template]) falseWord(rates.contradicted);
      return both(rates);
    });
    console.log(`| ${noise} | ${name} | ${cells.join(' | ')} |`);
  }
}

console.log('\nThree conditions, n = 5, sd = margin');
for (const [quantifier, truths, word] of [
  ['all', [1, 1, 1], 'contradicted'],
  ['all', [0, 10, 10], 'supported'],
  ['any', [0, 0, 0], 'supported'],
  ['any', [1, -10, -10], 'contradicted'],
  ['most', [0, 0, 10], 'supported'],
  ['most', [1, 1, -10], 'contradicted'],
] as const) {
  const rates = quantifierRates(draws, count, { quantifier, margin: 1, truths, sd: 1 });
  falseWord(rates[word]);
  console.log(`${quantifier}, true effects ${truths.join(', ')} margins: ${both(rates)}; ${word} is false`);
}

console.log('\nFailure rates');
for (const [pairs, baseline, technique, word] of [
  [24, 0.4, 0.4, 'supported'],
  [24, 0.4, 0.2, 'contradicted'],
  [12, 0.6, 0.1, null],
  [24, 0.6, 0.1, null],
  [36, 0.6, 0.1, null],
  [24, 0.4, 0.2, null],
] as const) {
  const rates = stabilityRates(draws, count, { pairs, baseline, technique });
  if (word) falseWord(rates[word]);
  console.log(`${pairs} pairs, ${100 * baseline} against ${100 * technique} %: ${both(rates)}`);
}

console.log('\nSpeed, 8 processes, rounds with 3 % noise');
for (const ratio of [1, 1.02, 1.05]) {
  for (const processSd of [0.002, 0.01, 0.03]) {
    const rates = speedRates(draws, count, { ratio, processSd, roundSd: 0.03 });
    if (ratio === 1) falseWord(rates.supported);
    if (ratio === 1.02) falseWord(rates.contradicted);
    console.log(`${ratio}x, process sd ${100 * processSd} %: ${both(rates)}, refused ${percent(rates.refused)}`);
  }
}

console.log('\nMissed truth, nominal 5 %');
for (const [seedSd, itemSd] of [
  [0.004, 0.06],
  [0.01, 0.02],
  [0.01, 0],
] as const) {
  const misses = itemMisses(draws, count / 10, { seeds: 5, items: 200, seedSd, itemSd, restSd: 0.05 });
  console.log(`seeds ${seedSd}, items ${itemSd}: ${percent(misses)} %`);
}
console.log(`any time up to 30 blocks: ${percent(anytimeMisses(draws, count / 10, 30))} %`);
if (tooOften > 0) {
  console.error(`${tooOften} cells exceed the allowed rate of false words`);
  process.exitCode = 1;
}
