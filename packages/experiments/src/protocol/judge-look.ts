import type {
  ClaimKind,
  ControlResult,
  PartResult,
  RegisteredProtocol,
  TuningResult,
  VerdictWord,
} from '@claimbench/contracts';
import { combine, type Look, type QuantifierRule, quantifierRule } from '../verdicts/index.ts';
import type { ProtocolArm } from './arms.ts';
import { judgeControls } from './controls.ts';
import { missingGuards } from './guards.ts';
import type { History, Size } from './history.ts';
import { judgeProtocolPart, type PartContext } from './judge-part.ts';

/** Everything that one look at a protocol shows. */
export interface LookFinding {
  readonly verdict: VerdictWord;
  readonly reason: string;
  /** What the parts alone say, before premises, guards and grade. */
  readonly measured: VerdictWord;
  readonly parts: readonly PartResult[];
  readonly premises: readonly PartResult[];
  readonly controls: readonly ControlResult[];
  readonly missingGuards: readonly string[];
  /** Arm to number of judged runs that failed to train; arms without any are left out. */
  readonly failedRuns: Readonly<Record<string, number>>;
  /** More blocks could not change the answer. */
  readonly settled: boolean;
}

/** A protocol in the middle of its life: what does not change from look to look. */
export interface Sitting {
  readonly registered: RegisteredProtocol;
  readonly arms: readonly ProtocolArm[];
  readonly history: History;
  readonly tuning: readonly TuningResult[];
  /** Contrasts of earlier registrations of the same protocol, by part. */
  readonly earlier: ReadonlyMap<string, readonly number[]>;
}

/** Kinds whose claim is worthless when the technique fails to train under some seeds, however good the others are. */
const NEEDS_SOUND_TECHNIQUE: readonly ClaimKind[] = ['superiority', 'no-loss', 'equivalence', 'ordering', 'generality'];

/** Judges a look. `secondSize` holds the parts at the second size once they were run. */
export function judgeLook(sitting: Sitting, look: Look, secondSize: readonly PartResult[] | null): LookFinding {
  const { registered, arms, tuning, history } = sitting;
  const { protocol } = registered;
  const context = contextOf(sitting, 'first', look.blocks);
  const controls = judgeControls(protocol, history, context, look.level);
  const single = quantifierRule('single', 1, look.level);
  const mutantCaught = controls.filter(({ kind }) => kind === 'positive').every(({ passed }) => passed);
  const premises = protocol.premises.map((part) => judgeProtocolPart(part, { ...context, rule: single, mutantCaught }));
  const rule = quantifierRule(protocol.quantifier, protocol.parts.length, look.level);
  const parts = judgeParts(sitting, 'first', look, mutantCaught);
  const failedRuns = failedRunsOf(sitting, look.blocks);
  const { verdict, reason } = rawVerdict(parts, rule);
  const found = { parts, premises, controls, failedRuns, measured: verdict };

  const absent = premises.filter((premise) => premise.verdict !== 'supported');
  if (absent.length > 0) {
    const why = protocol.kind === 'gap-closure' ? 'no-gap' : 'premise-absent';
    const settled = absent.some((premise) => premise.verdict === 'contradicted');
    return { ...found, verdict: 'inconclusive', reason: why, missingGuards: [], settled };
  }
  if (verdict === 'inconclusive') {
    const settled = parts.every((part) => part.reason === 'no-variation');
    return { ...found, verdict, reason, missingGuards: [], settled };
  }
  const unsound = NEEDS_SOUND_TECHNIQUE.includes(protocol.kind) && techniqueFailed(arms, failedRuns);
  if (verdict === 'supported' && unsound) {
    return { ...found, verdict: 'inconclusive', reason: 'technique-failed', missingGuards: [], settled: true };
  }
  if (verdict === 'contradicted' && protocol.grade === 'mechanism-only') {
    return { ...found, verdict: 'inconclusive', reason: 'mechanism-not-seen', missingGuards: [], settled: true };
  }
  const missing = missingGuards(verdict, { protocol, arms, controls, tuning, parts, secondSize });
  if (missing.length > 0) {
    // A positive control that is merely too noisy may still come out with more blocks; nothing else is mended by them.
    const open = controls.some(({ kind, passed, result }) => {
      return kind === 'positive' && !passed && result?.verdict === 'inconclusive';
    });
    return { ...found, verdict: 'inconclusive', reason: 'unguarded', missingGuards: missing, settled: !open };
  }
  return { ...found, verdict, reason, missingGuards: [], settled: true };
}

/** The parts of a protocol at one size and look. */
export function judgeParts(sitting: Sitting, size: Size, look: Look, mutantCaught: boolean): PartResult[] {
  const { protocol } = sitting.registered;
  const rule = quantifierRule(protocol.quantifier, protocol.parts.length, look.level);
  const earlier = size === 'first' ? sitting.earlier : undefined;
  const context = { ...contextOf(sitting, size, look.blocks), rule, mutantCaught, earlier };
  return protocol.parts.map((part) => judgeProtocolPart(part, context));
}

function contextOf(sitting: Sitting, size: Size, blocks: number): Omit<PartContext, 'rule' | 'mutantCaught'> {
  const { registered, arms, history } = sitting;
  return {
    outcomes: history.outcomesAt(
      size,
      arms.map(({ arm }) => arm.id),
    ),
    blocks: Array.from({ length: blocks }, (_, block) => block),
    scope: registered.protocol.scope,
  };
}

function rawVerdict(parts: readonly PartResult[], rule: QuantifierRule): { verdict: VerdictWord; reason: string } {
  const { verdict } = combine(
    parts.map((part) => part.verdict),
    rule,
  );
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only) return { verdict, reason: only.reason };
  const reasons = { supported: 'parts-supported', contradicted: 'parts-contradicted', inconclusive: 'parts-open' };
  return { verdict, reason: reasons[verdict] };
}

function failedRunsOf({ arms, history }: Sitting, blocks: number): Record<string, number> {
  const failed: Record<string, number> = {};
  for (const { arm } of arms) {
    if (arm.seeds === 'repeat') continue;
    let count = 0;
    for (let block = 0; block < blocks; block++) if (history.outcome(arm.id, block)?.diverged) count++;
    if (count > 0) failed[arm.id] = count;
  }
  return failed;
}

function techniqueFailed(arms: readonly ProtocolArm[], failedRuns: Readonly<Record<string, number>>): boolean {
  return arms.some(({ arm }) => arm.role === 'technique' && (failedRuns[arm.id] ?? 0) >= 2);
}
