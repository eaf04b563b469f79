import type { Outcome } from '@claimbench/contracts';
import type { OutcomesByArm } from '../contrast.ts';
import type { FinishedRun } from '../finished-run.ts';

/** Protocols run at the subject's size, and at a second one where a contradiction must hold at two. */
export type Size = 'first' | 'second';

/** The key under which an arm's runs are planned at a size. */
export function judgedKey(size: Size, arm: string): string {
  return size === 'first' ? arm : `${arm}@second`;
}

/** The key of an arm's tuning runs at one rate; their block is the index of the tuning seed. */
export function tuningKey(size: Size, arm: string, rate: number): string {
  return `tune/${judgedKey(size, arm)}@${rate}`;
}

/** The key of an arm's pilot runs: their seeds are their own, and they are never judged. */
export function pilotKey(arm: string): string {
  return `pilot/${arm}`;
}

/** The finished runs of one protocol, by key and block. */
export class History {
  readonly runs: readonly FinishedRun[];
  readonly #outcomes = new Map<string, Map<number, Outcome>>();

  constructor(runs: readonly FinishedRun[]) {
    this.runs = runs;
    for (const { role, arm, block, outcome } of runs) {
      if (role === 'base' || outcome === null) continue;
      const ofArm = this.#outcomes.get(arm) ?? new Map<number, Outcome>();
      ofArm.set(block, outcome);
      this.#outcomes.set(arm, ofArm);
    }
  }

  outcome(key: string, block: number): Outcome | undefined {
    return this.#outcomes.get(key)?.get(block);
  }

  /** Spec hashes that the experiment has runs of: bases among them need not be planned again. */
  get specHashes(): ReadonlySet<string> {
    return new Set(this.runs.map((run) => run.specHash));
  }

  /** Runs that ended without an outcome: a fault of the platform or of the protocol, never a measurement. */
  get withoutOutcome(): readonly FinishedRun[] {
    return this.runs.filter((run) => run.state !== 'succeeded' || run.outcome === null);
  }

  get nextStage(): number {
    return 1 + Math.max(-1, ...this.runs.map((run) => run.stage));
  }

  /** Outcomes of the arms at one size, under the arms' own ids. */
  outcomesAt(size: Size, arms: readonly string[]): OutcomesByArm {
    return new Map(arms.map((arm) => [arm, this.#outcomes.get(judgedKey(size, arm)) ?? new Map<number, Outcome>()]));
  }
}
