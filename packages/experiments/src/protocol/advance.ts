import type { PartResult, PlannedRun, RegisteredProtocol, SubjectSpec, Verdict } from '@claimbench/contracts';
import { MissingMetric, type OutcomesByArm } from '../contrast.ts';
import type { FinishedRun } from '../finished-run.ts';
import { plannedRuns } from '../plan/planned-runs.ts';
import { subjectLine } from '../subjects/subjects.ts';
import { type Look, RULE_VERSION } from '../verdicts/index.ts';
import { type ProtocolArm, protocolArms } from './arms.ts';
import { judgedDrafts, type SeedlessDraft, subjectOf, withSeeds } from './drafts.ts';
import { SECOND_SIZE } from './guards.ts';
import { History } from './history.ts';
import { judgeLook, judgeParts, type LookFinding, type Sitting } from './judge-look.ts';
import { contrastsOf } from './judge-part.ts';
import { labelsOf } from './labels.ts';
import { pilotState } from './pilot.ts';
import { tuningState } from './tuning.ts';
import { verdictWords } from './words.ts';

export interface AdvanceInput {
  readonly registered: RegisteredProtocol;
  readonly protocolHash: string;
  /** The revealed x_k, 64 hexadecimal digits. */
  readonly secret: string;
  /** All runs of the experiment that reached a terminal state; none for the first stage. */
  readonly finished: readonly FinishedRun[];
  /**
   * What earlier registrations of the same protocol (equal hash) measured, in their order: their verdicts, or `blocksSoFar` of
   * those that were ended before one. Their blocks are pooled with these: registering again is never a fresh try. None for the
   * first registration.
   */
  readonly earlier?: readonly EarlierBlocks[];
}

/** The contrasts of one earlier registration; a verdict is one. With the label `pooled` it holds those of all before it too. */
export interface EarlierBlocks {
  readonly protocolHash: string;
  readonly labels: readonly string[];
  readonly parts: readonly Pick<PartResult, 'id' | 'contrasts'>[];
}

/** What an experiment needs next: more runs, or nothing, because its verdict stands. */
export type Advance =
  | { readonly kind: 'runs'; readonly stage: number; readonly runs: PlannedRun[] }
  | { readonly kind: 'verdict'; readonly verdict: Verdict };

/**
 * The next step of a registered protocol, from its finished runs alone: the same runs give the same step, so that asking
 * again after a crash is harmless. Stages: tuning; then the runs of one look after the other until one decides; then, where
 * a scaled-down claim would be contradicted, the second size.
 */
export async function advanceProtocol(input: AdvanceInput): Promise<Advance> {
  const { registered, protocolHash, secret, earlier = [] } = input;
  const history = new History(input.finished);
  const step = nextStep(registered, protocolHash, history, earlier);
  if (step.kind === 'verdict') return step;
  const stage = history.nextStage;
  const drafts = await withSeeds(step.drafts, secret, protocolHash);
  return { kind: 'runs', stage, runs: await plannedRuns(drafts, stage, history.specHashes) };
}

/**
 * The blocks of a registration that are complete, whether or not it ever reached a verdict: a registration that is cancelled when its
 * numbers displease counts as evidence all the same.
 */
export function blocksSoFar({
  registered,
  protocolHash,
  finished,
}: Pick<AdvanceInput, 'registered' | 'protocolHash' | 'finished'>): EarlierBlocks {
  const arms = protocolArms(registered.protocol);
  const history = new History(finished);
  const parts = registered.protocol.parts.map((part) => {
    const named = [...new Set(part.contrast.terms.map(({ arm }) => arm))];
    // Blocks are planned in their order; one whose arms have not all ended tells nothing yet.
    const complete: number[] = [];
    for (let block = 0; named.every((arm) => history.outcome(arm, block)); block++) complete.push(block);
    return { id: part.id, contrasts: contrastsOf(part, outcomesOf(history, arms), complete) };
  });
  return { protocolHash, labels: [], parts };
}

function outcomesOf(history: History, arms: readonly ProtocolArm[]): OutcomesByArm {
  return history.outcomesAt(
    'first',
    arms.map(({ arm }) => arm.id),
  );
}

/**
 * Judges an ended experiment again by the rules of this build, from the outcomes that are stored: nothing is run. Where today's rules
 * would ask for more blocks than there are, the answer is inconclusive and says so.
 */
export async function rejudgeProtocol(input: AdvanceInput): Promise<Verdict> {
  const registered = { ...input.registered, ruleVersion: RULE_VERSION };
  const next = await advanceProtocol({ ...input, registered });
  if (next.kind === 'verdict') return next.verdict;
  const because = `Rule ${RULE_VERSION} asks for ${next.runs.length} more runs than rule ${input.registered.ruleVersion} did.`;
  return endedVerdict(registered, input.protocolHash, 'needs-more-runs', because);
}

type Step =
  | { readonly kind: 'drafts'; readonly drafts: readonly SeedlessDraft[] }
  | { readonly kind: 'verdict'; readonly verdict: Verdict };

/** The next step before seeds are drawn. */
function nextStep(
  registered: RegisteredProtocol,
  protocolHash: string,
  history: History,
  earlier: readonly EarlierBlocks[],
): Step {
  const broken = history.withoutOutcome;
  if (broken.length > 0) {
    const named = broken.slice(0, 3).map(({ arm, block, state, failure }) => {
      return `${arm}, block ${block}: ${failure ? `${failure.code} (${failure.message})` : state}`;
    });
    const more = broken.length > named.length ? `; and ${broken.length - named.length} more` : '';
    return ended(registered, protocolHash, 'incomplete', `Runs without an outcome: ${named.join('; ')}${more}.`);
  }
  try {
    return stepOf(registered, protocolHash, history, earlier);
  } catch (error) {
    if (!(error instanceof MissingMetric)) throw error;
    return ended(registered, protocolHash, 'metric-undefined', `Not every arm has what is compared: ${error.message}.`);
  }
}

function stepOf(
  registered: RegisteredProtocol,
  protocolHash: string,
  history: History,
  earlier: readonly EarlierBlocks[],
): Step {
  const arms = protocolArms(registered.protocol);
  const tuning = tuningState(registered, arms, 'first', history);
  if (!tuning.done) return { kind: 'drafts', drafts: tuning.drafts };
  const pooled = pooledContrasts(protocolHash, earlier);
  const sitting: Sitting = { registered, arms, history, tuning: tuning.results, earlier: pooled };
  const pilot = pilotState(registered, arms, tuning.rates, history);
  if (!pilot.done) return { kind: 'drafts', drafts: pilot.drafts };
  const { looks } = pilot;
  for (const [index, look] of looks.entries()) {
    const drafts = judgedDrafts(registered, arms, 'first', look.blocks, tuning.rates);
    const missing = missingOf(drafts, history);
    if (missing.length > 0) return { kind: 'drafts', drafts: missing };
    let finding = judgeLook(sitting, look, null);
    let second: PartResult[] | null = null;
    if (registered.secondSubject && finding.missingGuards.some((guard) => guard.startsWith(SECOND_SIZE))) {
      const there = secondSize(sitting, looks[0]!, look);
      if ('drafts' in there) return { kind: 'drafts', drafts: there.drafts };
      second = there.parts;
      finding = judgeLook(sitting, look, second);
    }
    if (!finding.settled && index < looks.length - 1) continue;
    const labels = [
      ...labelsOf(registered, arms, tuning.grid, history, finding.parts, finding.failedRuns),
      ...(pooled.size > 0 ? ['pooled'] : []),
      ...(pilot.underpowered ? ['underpowered'] : []),
    ];
    return {
      kind: 'verdict',
      verdict: verdictOf(sitting, protocolHash, {
        finding,
        look,
        lookNumber: index + 1,
        second,
        labels: [...new Set(labels)],
      }),
    };
  }
  throw new RangeError(`the plan ${registered.protocol.plan.name} has no looks`);
}

/** The second size: tuned like the first, as many blocks as the first look. What it shows, or what it still needs. */
function secondSize(
  { registered, arms, history, earlier }: Sitting,
  first: Look,
  look: Look,
): { drafts: SeedlessDraft[] } | { parts: PartResult[] } {
  const tuning = tuningState(registered, arms, 'second', history);
  if (!tuning.done) return { drafts: tuning.drafts };
  const drafts = judgedDrafts(registered, arms, 'second', first.blocks, tuning.rates);
  const missing = missingOf(drafts, history);
  if (missing.length > 0) return { drafts: missing };
  const sitting = { registered, arms, history, earlier, tuning: tuning.results };
  return { parts: judgeParts(sitting, 'second', { blocks: first.blocks, level: look.level }, true) };
}

/** The blocks of earlier registrations, in their order. Only verdicts that looked at blocks have any. */
function pooledContrasts(protocolHash: string, earlier: readonly EarlierBlocks[]): Map<string, number[]> {
  const contrasts = new Map<string, number[]>();
  for (const verdict of earlier) {
    if (verdict.protocolHash !== protocolHash) {
      throw new RangeError(`blocks of protocol ${verdict.protocolHash} cannot be pooled with those of ${protocolHash}`);
    }
    for (const part of verdict.parts) {
      // A pooled verdict holds the blocks of all before it.
      const known = contrasts.get(part.id) ?? [];
      contrasts.set(part.id, verdict.labels.includes('pooled') ? [...part.contrasts] : [...known, ...part.contrasts]);
    }
  }
  return contrasts;
}

function missingOf(drafts: readonly SeedlessDraft[], history: History): SeedlessDraft[] {
  return drafts.filter((draft) => !history.outcome(draft.arm, draft.block));
}

interface Reached {
  readonly finding: LookFinding;
  readonly look: Look;
  readonly lookNumber: number;
  readonly second: readonly PartResult[] | null;
  readonly labels: readonly string[];
}

function verdictOf(sitting: Sitting, protocolHash: string, reached: Reached): Verdict {
  const { registered, tuning } = sitting;
  const { finding, look, lookNumber, second, labels } = reached;
  const { verdict, reason, parts, missingGuards, failedRuns } = finding;
  return {
    ...frame(registered, protocolHash),
    verdict,
    reason,
    words: verdictWords({
      protocol: registered.protocol,
      subjects: subjectsOf(registered),
      verdict,
      reason,
      measured: finding.measured,
      parts,
      missingGuards,
      failedRuns,
      blocks: look.blocks,
      because: becauseOf(finding),
    }),
    look: lookNumber,
    n: look.blocks,
    parts: [...parts],
    premises: [...finding.premises],
    secondSize:
      second && registered.secondSubject
        ? { subjectLine: subjectLine(registered.secondSubject), parts: [...second] }
        : null,
    controls: [...finding.controls],
    tuning: [...tuning],
    missingGuards: [...missingGuards],
    failedRuns: { ...failedRuns },
    labels: [...labels],
  };
}

/** Where the parts alone do not tell: what else decided. */
function becauseOf({ reason, premises }: LookFinding): string | null {
  switch (reason) {
    case 'no-gap':
    case 'premise-absent': {
      const absent = premises.filter((premise) => premise.verdict !== 'supported');
      return `What the claim presupposes was not found: ${absent.map(({ statement }) => statement).join('; ')}.`;
    }
    case 'technique-failed':
      return 'The technique failed to train under two seeds or more, which no average of the others makes good.';
    case 'mechanism-not-seen':
      return 'The set-up stands in for the paper’s, so that not seeing the mechanism here does not contradict the paper.';
    case 'no-variation':
      return 'The seeds do not touch what is compared, so that an interval over them would say nothing.';
    default:
      return null;
  }
}

/** A verdict that no measurement reached. */
function ended(registered: RegisteredProtocol, protocolHash: string, reason: string, because: string): Step {
  return { kind: 'verdict', verdict: endedVerdict(registered, protocolHash, reason, because) };
}

function endedVerdict(registered: RegisteredProtocol, protocolHash: string, reason: string, because: string): Verdict {
  return {
    ...frame(registered, protocolHash),
    verdict: 'inconclusive',
    reason,
    words: verdictWords({
      protocol: registered.protocol,
      subjects: subjectsOf(registered),
      verdict: 'inconclusive',
      reason,
      measured: 'inconclusive',
      parts: [],
      missingGuards: [],
      failedRuns: {},
      blocks: 0,
      because,
    }),
    look: 0,
    n: 0,
    parts: [],
    premises: [],
    secondSize: null,
    controls: [],
    tuning: [],
    missingGuards: [],
    failedRuns: {},
    labels: [],
  };
}

/** The subjects that arms are run on, each once. */
function subjectsOf(registered: RegisteredProtocol): SubjectSpec[] {
  const subjects = registered.protocol.arms.map((arm) => subjectOf(registered, arm));
  return [...new Map(subjects.map((subject) => [subject.name, subject])).values()];
}

function frame(registered: RegisteredProtocol, protocolHash: string) {
  const { protocol, ruleVersion } = registered;
  const lines = protocol.arms.flatMap((arm) =>
    arm.subject ? [[arm.id, subjectLine(subjectOf(registered, arm))]] : [],
  );
  const { claim, id, kind, quantifier, grade, scope, plan, backend } = protocol;
  return {
    claim,
    protocolId: id,
    protocolHash,
    ruleVersion,
    backend,
    kind,
    quantifier,
    grade,
    scope,
    plan: planName(plan),
    subjectLine: subjectLine(...subjectsOf(registered)),
    ...(lines.length > 0 ? { armSubjectLines: Object.fromEntries(lines) } : {}),
  };
}

function planName(plan: RegisteredProtocol['protocol']['plan']): string {
  switch (plan.name) {
    case 'fixed':
      return `fixed, ${plan.blocks} blocks`;
    case 'pilot':
      return `pilot, at most ${plan.most} blocks`;
    default:
      return plan.name;
  }
}
