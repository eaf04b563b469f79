import type { Verdict } from '@claimbench/contracts';

/** What the negative controls of many verdicts say about the rule: how often it saw a difference where there is none. */
export interface NegativeControls {
  readonly count: number;
  readonly failed: number;
  /** Share that failed; null where there are none. */
  readonly rate: number | null;
  /** Most that may fail by chance, in the mean over the controls: what the rule states. */
  readonly stated: number | null;
  /** Chance that as many or more fail when each does so as often as stated. Small: the rule errs more often than it says. */
  readonly chance: number | null;
  /** Protocols whose control failed. */
  readonly failedIn: readonly string[];
}

/**
 * Counts the negative controls of verdicts that looked at blocks. A control of template `greater` fails by either word, in
 * each direction with the probability that its interval leaves out on that side; any other only by a contradiction.
 */
export function negativeControlsOf(verdicts: readonly Pick<Verdict, 'protocolId' | 'controls'>[]): NegativeControls {
  const controls = verdicts.flatMap(({ protocolId, controls: all }) =>
    all.flatMap(({ kind, passed, result }) => (kind === 'negative' && result ? [{ protocolId, passed, result }] : [])),
  );
  const count = controls.length;
  const failedIn = controls.filter(({ passed }) => !passed).map(({ protocolId }) => protocolId);
  const failed = failedIn.length;
  if (count === 0) return { count, failed, rate: null, stated: null, chance: null, failedIn };
  const stated = mean(
    controls.map(({ result: { level, template } }) => (template === 'greater' ? 1 - level : (1 - level) / 2)),
  );
  return { count, failed, rate: failed / count, stated, chance: binomialTail(failed, count, stated), failedIn };
}

/** P(X >= k) of a binomial with n trials of probability p. */
export function binomialTail(k: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let below = 0;
  for (let i = 0; i < k; i++) {
    below += term;
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
  }
  return Math.max(0, 1 - below);
}

/** "Negative controls: 1 of 24 found a difference where there is none, 4.2 %; at most 5.0 % is stated …". */
export function negativeControlsLine(controls: NegativeControls): string {
  const { count, failed, rate, stated, chance, failedIn } = controls;
  if (rate === null || stated === null || chance === null) return 'Negative controls: none was judged.';
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const where = failed === 0 ? '' : ` (${failedIn.join(', ')})`;
  return (
    `Negative controls: ${failed} of ${count} found a difference where there is none${where}, ${percent(rate)}; at most ` +
    `${percent(stated)} is what the rule states, and then ${failed} or more of ${count} come about in ${percent(chance)} of the cases.`
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
