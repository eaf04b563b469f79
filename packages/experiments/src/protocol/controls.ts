import type { ControlResult, Protocol } from '@claimbench/contracts';
import { FIXED_LEVEL, quantifierRule } from '../verdicts/index.ts';
import type { History } from './history.ts';
import { judgeProtocolPart, type PartContext } from './judge-part.ts';
import { repeatedArm } from './register.ts';

/**
 * The comparisons whose result is known beforehand. Positive: a known effect comes out supported (for template exact: the
 * broken copy is noticed). Negative: the baseline against itself under other seeds is neither better nor worse. Bit: the same
 * run twice gives the same digest.
 */
export function judgeControls(
  protocol: Protocol,
  history: History,
  context: Omit<PartContext, 'rule' | 'mutantCaught'>,
  level: number = FIXED_LEVEL,
): ControlResult[] {
  const rule = quantifierRule('single', 1, level);
  return protocol.controls.map((control): ControlResult => {
    const { id, kind, statement, part } = control;
    if (kind === 'bit') return { id, kind, statement, ...compareDigests(protocol, control.arm, history), result: null };
    if (!part) throw new RangeError(`the ${kind} control ${id} has no part`);
    const result = judgeProtocolPart(part, { ...context, rule, mutantCaught: true });
    const found = `${result.verdict}: ${result.reason}`;
    if (kind === 'positive') {
      const expected = part.template === 'exact' ? 'contradicted' : 'supported';
      const passed = result.verdict === expected;
      return { id, kind, statement, passed, finding: passed ? `seen (${found})` : `not seen (${found})`, result };
    }
    const seen = result.verdict === 'supported' || result.reason === 'opposite';
    const wrong = part.template === 'greater' ? seen : result.verdict === 'contradicted';
    const finding = wrong ? `a difference where there is none (${found})` : `no difference (${found})`;
    return { id, kind, statement, passed: !wrong, finding, result };
  });
}

function compareDigests(
  protocol: Protocol,
  repeatId: string | null,
  history: History,
): { passed: boolean; finding: string } {
  const original = repeatId === null ? undefined : repeatedArm(protocol, repeatId);
  if (repeatId === null || original === undefined)
    throw new RangeError('a bit control names an arm that repeats another');
  const first = history.outcome(original, 0);
  const second = history.outcome(repeatId, 0);
  if (!first || !second) throw new RangeError(`the bit control needs the outcomes of ${original} and ${repeatId}`);
  const passed = first.digest === second.digest;
  const short = (digest: string) => digest.slice(0, 12);
  return {
    passed,
    finding: passed
      ? `${original} twice: the same digest ${short(first.digest)}`
      : `${original} twice: digests ${short(first.digest)} and ${short(second.digest)} differ`,
  };
}
