import type { Plan } from '@claimbench/contracts';

/** Version of the rules in docs/method.md that these functions follow; stored with every verdict. */
export const RULE_VERSION = 1;

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

/** The looks of a plan, in order; over all of them each kind of error stays at or below 2.5 %. */
export function looksOf(plan: Plan): readonly Look[] {
  return plan.name === 'fixed' ? [{ blocks: plan.blocks, level: FIXED_LEVEL }] : LOOKS[plan.name];
}

/** The level at `blocks` blocks; throws RangeError between looks, where no verdict exists. */
export function levelAt(plan: Plan, blocks: number): number {
  const looks = looksOf(plan);
  const look = looks.find((candidate) => candidate.blocks === blocks);
  if (look) return look.level;
  const allowed = looks.map((candidate) => candidate.blocks).join(', ');
  throw new RangeError(`the plan ${plan.name} looks at ${allowed} blocks, not at ${blocks}`);
}
