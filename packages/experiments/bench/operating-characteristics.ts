/**
 * How often the rules speak a false word, by simulation: independent blocks, normal noise, one contrast a block.
 *   pnpm --filter @claimbench/experiments exec node bench/operating-characteristics.ts [draws]
 * Columns as in docs/method.md: supported / contradicted in %, at true effects in % of the loss (1.95 nats per byte).
 * Ends with exit code 1 if a false word is spoken in more than 2.5 % (plus four standard errors of the simulation).
 */
import type { Plan } from '@claimbench/contracts';
import { estimateFromBlocks } from '../src/statistics/index.ts';
import { type IntervalTemplate, judge, looksOf } from '../src/verdicts/index.ts';

const draws = Number(process.argv[2] ?? 20_000);
const LOSS = 1.95;

/** Normal numbers from a fixed seed (mulberry32 and Box-Muller). */
let state = 20_261;
function uniform(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

function rates(plan: Plan, template: IntervalTemplate, margin: number, truth: number, sd: number) {
  let supported = 0;
  let contradicted = 0;
  for (let draw = 0; draw < draws; draw++) {
    const contrasts: number[] = [];
    for (const { blocks, level } of looksOf(plan)) {
      while (contrasts.length < blocks) contrasts.push(truth + sd * normal());
      const { verdict } = judge(estimateFromBlocks(contrasts), template, margin, level);
      if (verdict === 'inconclusive') continue;
      if (verdict === 'supported') supported++;
      else contradicted++;
      break;
    }
  }
  return { supported: supported / draws, contradicted: contradicted / draws };
}

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
];
const columns: [IntervalTemplate, number, number][] = [
  ['greater', 0.005, 0],
  ['greater', 0.005, 0.005],
  ['greater', 0.005, 0.01],
  ['greater', 0.005, 0.02],
  ['not-worse', 0.01, -0.02],
  ['not-worse', 0.01, -0.01],
  ['not-worse', 0.01, 0],
  ['within', 0.01, 0.01],
  ['within', 0.01, 0],
];
const allowed = 0.025 + 4 * Math.sqrt((0.025 * 0.975) / draws);
const percent = (share: number) => (100 * share).toFixed(1).padStart(5);
let tooOften = 0;

console.log(`${draws} draws; supported / contradicted in %; a false word may reach ${percent(allowed).trim()} %`);
console.log(`| noise | plan | ${columns.map(([t, , truth]) => `${t} ${100 * truth}`).join(' | ')} |`);
for (const [noise, sd] of noises) {
  for (const [name, plan] of plans) {
    const cells = columns.map(([template, margin, truth]) => {
      const { supported, contradicted } = rates(plan, template, margin * LOSS, truth * LOSS, sd * LOSS);
      const falseSupport = { greater: truth <= 0, 'not-worse': truth <= -margin, within: Math.abs(truth) >= margin };
      const falseContradiction = {
        greater: truth >= margin,
        'not-worse': truth >= -margin,
        within: Math.abs(truth) <= margin,
      };
      if (falseSupport[template] && supported > allowed) tooOften++;
      if (falseContradiction[template] && contradicted > allowed) tooOften++;
      return `${percent(supported)} / ${percent(contradicted)}`;
    });
    console.log(`| ${noise} | ${name} | ${cells.join(' | ')} |`);
  }
}
if (tooOften > 0) {
  console.error(`${tooOften} cells exceed the allowed rate of false words`);
  process.exitCode = 1;
}
