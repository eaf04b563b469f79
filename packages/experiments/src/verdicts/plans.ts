import type { Plan, Template } from '@claimbench/contracts';
import { studentQuantile } from '../statistics/index.ts';

/** Version of the rules in docs/method.md that these functions follow; stored with every verdict. */
export const RULE_VERSION = 2;

/** One moment at which a verdict may be reached: number of blocks and one-sided error level spent there. */
export interface Look {
  readonly blocks: number;
  readonly level: number;
}

const LOOKS = {
  standard: [
    { blocks: 3, level: 0.0028 },
    { blocks: 5, level: 0.0084 },
    { blocks: 8, level: 0.0168 },
  ],
  cheap: [
    { blocks: 5, level: 0.0056 },
    { blocks: 10, level: 0.0084 },
    { blocks: 20, level: 0.014 },
  ],
} as const satisfies Record<string, readonly Look[]>;

/** One-sided level of a plan with a single look. */
export const FIXED_LEVEL = 0.025;

/** The looks of a plan, in order; over all of them each kind of error stays at or below 2.5 %. Of a pilot's: the latest possible one. */
export function looksOf(plan: Plan): readonly Look[] {
  switch (plan.name) {
    case 'fixed':
      return [{ blocks: plan.blocks, level: FIXED_LEVEL }];
    case 'pilot':
      return [{ blocks: plan.most, level: FIXED_LEVEL }];
    default:
      return LOOKS[plan.name];
  }
}

/** Blocks of a pilot, and what its spread is multiplied by: three values tell it no better. */
export const PILOT_BLOCKS = 3;
const PILOT_CAUTION = 1.5;
const PILOT_SIZES = [3, 5, 8, 12, 20, 32, 64];

export interface PilotFinding {
  readonly blocks: number;
  /** Even `most` blocks would not find an effect of two margins in four of five tries. */
  readonly underpowered: boolean;
}

/**
 * The fewest blocks with which an effect of two margins is found in 4 of 5 tries (`within`: 9 of 10), by the standard deviation of a
 * pilot's contrasts; `most` where none does.
 */
export function blocksAfterPilot(sd: number, margin: number, template: Template, most: number): PilotFinding {
  const power = template === 'within' ? 0.9 : 0.8;
  for (const n of [...PILOT_SIZES.filter((size) => size < most), most]) {
    const perSd = (studentQuantile(1 - FIXED_LEVEL, n - 1) + studentQuantile(power, n - 1)) / Math.sqrt(n);
    if (perSd * PILOT_CAUTION * sd <= 2 * margin) return { blocks: n, underpowered: false };
  }
  return { blocks: most, underpowered: true };
}

/** The level at `blocks` blocks; throws RangeError between looks, where no verdict exists. */
export function levelAt(plan: Plan, blocks: number): number {
  const looks = looksOf(plan);
  const look = looks.find((candidate) => candidate.blocks === blocks);
  if (look) return look.level;
  const allowed = looks.map((candidate) => candidate.blocks).join(', ');
  throw new RangeError(`the plan ${plan.name} looks at ${allowed} blocks, not at ${blocks}`);
}
