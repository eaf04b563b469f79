import type { ExperimentPlan, PlannedRun, Protocol, RunSpec } from '@claimbench/contracts';
import { planSummary } from '../plan/plan-summary.ts';
import { baseOf, estimateSeconds } from '../plan/run-spec.ts';
import type { Resources } from '../resources.ts';
import { findDataSet } from '../subjects/subjects.ts';
import { looksOf, PILOT_BLOCKS, RULE_VERSION } from '../verdicts/index.ts';
import { protocolArms } from './arms.ts';
import { judgedDrafts, pilotDrafts, type SeedlessDraft, tuningDrafts } from './drafts.ts';
import { checkProtocol, resolvedSubjects } from './register.ts';
import { MOST_EXTENSIONS } from './tuning.ts';

/**
 * What registering a protocol would start, without registering it: the runs that are certain (tuning and the first look), and
 * how many later stages can add at most. Its seeds do not exist yet.
 */
export function previewProtocol(protocol: Protocol, resources: Resources, options: { slots: number }): ExperimentPlan {
  checkProtocol(protocol);
  const arms = protocolArms(protocol);
  const registered = {
    ruleVersion: RULE_VERSION,
    protocol,
    ...resolvedSubjects(protocol, resources),
    evaluation: { ...protocol.evaluation, data: findDataSet(protocol.evaluation.data, resources) },
  };
  const looks = looksOf(protocol.plan);
  const piloted = protocol.plan.name === 'pilot';
  const first = piloted ? PILOT_BLOCKS : looks[0]!.blocks;
  const last = looks.at(-1)!.blocks;
  const rates = protocol.tuning?.values ?? [];
  const tuning = tuningDrafts(registered, arms, 'first', rates);
  const atLook = (blocks: number) => withBases(judgedDrafts(registered, arms, 'first', blocks, new Map()));
  const pilot = piloted ? withBases(pilotDrafts(registered, arms, new Map())) : [];
  const certain = [...withBases(tuning), ...pilot, ...atLook(first)];
  const extensions = rates.length === 0 ? 0 : (2 * MOST_EXTENSIONS * tuning.length) / rates.length;
  const second = registered.secondSubject
    ? tuning.length +
      extensions +
      withBases(judgedDrafts(registered, arms, 'second', looks[0]!.blocks, new Map())).length
    : 0;
  const labels = Object.fromEntries(protocol.arms.map(({ id, label }) => [id, label]));
  const whenItLooks = piloted
    ? `looks once, at as many seeds as a pilot of ${PILOT_BLOCKS} says, at most ${last}`
    : `looks at ${looks.map(({ blocks }) => blocks).join(', ')} seeds and stops as soon as one decides`;
  const notes = [
    `${protocol.tuning ? `Every trained arm is tuned over ${rates.length} rates x ${protocol.tuning.seeds} seeds; then` : 'It'} ${whenItLooks}.`,
    ...(registered.secondSubject
      ? ['A contradiction is checked at a second size before it is spoken, which adds runs.']
      : []),
  ];
  return planSummary(certain, {
    labels,
    slots: options.slots,
    furtherRuns: atLook(last).length - atLook(first).length + extensions + second,
    notes,
  });
}

/** Stand-ins for planned runs: the seed's index serves as seed, so that equal runs are counted once and different ones are not. */
function withBases(drafts: readonly SeedlessDraft[]): PlannedRun[] {
  const runs: PlannedRun[] = [];
  const named = new Set<string>();
  const add = (run: Omit<PlannedRun, 'specHash' | 'base' | 'estimatedSeconds' | 'stage'>) => {
    const base = baseOf(run.spec);
    const baseName = base && nameOf(base);
    if (base && baseName && !named.has(baseName)) {
      add({ ...run, spec: base, arm: 'base', role: 'base', fresh: false });
    }
    named.add(nameOf(run.spec));
    runs.push({
      ...run,
      stage: 0,
      specHash: nameOf(run.spec),
      base: baseName,
      estimatedSeconds: estimateSeconds(run.spec),
    });
  };
  const ownModelsFirst = [...drafts].sort((a, b) => needsBase(a) - needsBase(b));
  for (const { spec, seedIndex, ...draft } of ownModelsFirst) add({ ...draft, spec: { ...spec, seed: seedIndex } });
  return runs;
}

function needsBase({ spec }: SeedlessDraft): number {
  return baseOf({ ...spec, seed: 0 }) === null ? 0 : 1;
}

/** A name for a spec inside one preview; nothing stores it. */
function nameOf(spec: RunSpec): string {
  return JSON.stringify([spec.technique, spec.subject, spec.evaluation.split, spec.seed, spec.timing ?? null]);
}
