import type { Plan, VerdictWord } from '@claimbench/contracts';
import { anytimeInterval, estimateFromBlocks, estimateFromItems, halfWidth } from '../statistics/index.ts';
import {
  combine,
  type IntervalTemplate,
  judge,
  judgePart,
  judgeRate,
  judgeSpeed,
  levelAt,
  looksOf,
  type Quantifier,
  quantifierRule,
} from './index.ts';

/** Draws of what the rules are fed with, from a fixed seed: how often they speak which word (docs/method.md, "What this cannot do"). */

/** Share of the draws that came out with either word; the rest was inconclusive. */
export interface Rates {
  readonly supported: number;
  readonly contradicted: number;
}

/** A stream of numbers by mulberry32, normal ones by Box and Muller. */
export class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}

function ratesOf(count: number, draw: () => VerdictWord): Rates {
  let supported = 0;
  let contradicted = 0;
  for (let i = 0; i < count; i++) {
    const word = draw();
    if (word === 'supported') supported++;
    else if (word === 'contradicted') contradicted++;
  }
  return { supported: supported / count, contradicted: contradicted / count };
}

/** One contrast, looked at as the plan says until a look decides. */
export function planRates(
  draws: Draws,
  count: number,
  {
    plan,
    template,
    margin,
    truth,
    sd,
  }: { plan: Plan; template: IntervalTemplate; margin: number; truth: number; sd: number },
): Rates {
  return ratesOf(count, () => {
    const contrasts: number[] = [];
    for (const { blocks, level } of looksOf(plan)) {
      while (contrasts.length < blocks) contrasts.push(truth + sd * draws.normal());
      const { verdict } = judge(estimateFromBlocks(contrasts), template, margin, level);
      if (verdict !== 'inconclusive') return verdict;
    }
    return 'inconclusive';
  });
}

/** Several conditions of one claim, each with its own truth, at one look of five blocks. */
export function quantifierRates(
  draws: Draws,
  count: number,
  { quantifier, margin, truths, sd }: { quantifier: Quantifier; margin: number; truths: readonly number[]; sd: number },
): Rates {
  const rule = quantifierRule(quantifier, truths.length, levelAt({ name: 'fixed', blocks: 5 }, 5));
  return ratesOf(count, () => {
    const words = truths.map((truth) => {
      const estimate = estimateFromBlocks(Array.from({ length: 5 }, () => truth + sd * draws.normal()));
      return judgePart((level) => judge(estimate, 'greater', margin, level), rule).verdict;
    });
    return combine(words, rule).verdict;
  });
}

/** Failures of the baseline and of the technique, independent of each other. */
export function stabilityRates(
  draws: Draws,
  count: number,
  { pairs, baseline, technique }: { pairs: number; baseline: number; technique: number },
): Rates {
  return ratesOf(count, () => {
    const drawn = Array.from(
      { length: pairs },
      () => [draws.uniform() < baseline, draws.uniform() < technique] as const,
    );
    return judgeRate(drawn, 0.2).verdict;
  });
}

/** Eight processes: the technique's true speed as a ratio, the spread between processes, and that of the rounds' medians. */
export function speedRates(
  draws: Draws,
  count: number,
  { ratio, processSd, roundSd }: { ratio: number; processSd: number; roundSd: number },
): Rates & { readonly refused: number } {
  let refused = 0;
  // The median of nine normal rounds has about 1.25 / 3 of their spread.
  const noise = () => processSd * draws.normal() + 0.41 * roundSd * draws.normal();
  const rates = ratesOf(count, () => {
    const ours = Array.from({ length: 8 }, () => Math.log(ratio) + noise());
    const twins = Array.from({ length: 8 }, noise);
    const { verdict, reason } = judgeSpeed(ours, twins, 0.025);
    if (reason === 'machine-refused') refused++;
    return verdict;
  });
  return { ...rates, refused: refused / count };
}

/** How often the interval over seeds and shared items misses the truth 0, at 95 %. */
export function itemMisses(
  draws: Draws,
  count: number,
  {
    seeds,
    items,
    seedSd,
    itemSd,
    restSd,
  }: { seeds: number; items: number; seedSd: number; itemSd: number; restSd: number },
): number {
  let missed = 0;
  for (let i = 0; i < count; i++) {
    const luck = Array.from({ length: items }, () => itemSd * draws.normal());
    const rows = Array.from({ length: seeds }, () => {
      const seed = seedSd * draws.normal();
      return luck.map((item) => seed + item + restSd * draws.normal());
    });
    const estimate = estimateFromItems(rows);
    if (Math.abs(estimate.effect) > halfWidth(estimate, 0.025)) missed++;
  }
  return missed / count;
}

/** How often the anytime-valid interval excludes the truth 0 at some number of blocks up to `most`. */
export function anytimeMisses(draws: Draws, count: number, most: number): number {
  let missed = 0;
  for (let i = 0; i < count; i++) {
    const contrasts = [draws.normal(), draws.normal()];
    for (let n = 3; n <= most; n++) {
      contrasts.push(draws.normal());
      const [low, high] = anytimeInterval(contrasts, 0.05);
      if (low > 0 || high < 0) {
        missed++;
        break;
      }
    }
  }
  return missed / count;
}
