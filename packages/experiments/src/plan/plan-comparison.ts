import {
  AppError,
  type ComparisonRequest,
  canonicalJson,
  MAX_RUNS_PER_EXPERIMENT,
  NO_TECHNIQUE,
  type PlannedRun,
  type RunSpec,
  type SubjectSpec,
} from '@claimbench/contracts';
import type { ResolvedTechnique } from '@claimbench/techniques';
import type { Resources } from '../resources.ts';
import { findDataSet, findSubject } from '../subjects/subjects.ts';
import { checkExampleData } from './example-data.ts';
import { plannedRuns, type RunDraft } from './planned-runs.ts';
import { checkProbes } from './probes.ts';
import { checkFit, completeSpec, resolveTechnique } from './technique.ts';

/** Arm key of the subject without any technique. */
export const BASELINE_ARM = 'baseline';

interface ComparisonArm {
  readonly key: string;
  readonly technique: ResolvedTechnique;
}

/**
 * A free comparison as runs, block by block, every base before the runs that load it. Blocks are the seeds 0, 1, 2, ..., the
 * same in all comparisons, so that bases and earlier outcomes are found again. Throws AppError with a code for whatever does
 * not exist, does not fit or is too much.
 */
export async function planComparison(request: ComparisonRequest, resources: Resources): Promise<PlannedRun[]> {
  const subject = withTraining(findSubject(request.subject, resources), request.training);
  const data = findDataSet(request.data, resources);
  const arms = armsOf(request);
  for (const arm of arms) checkFit(arm.technique, subject);
  const probes = probesOf(request);
  checkExampleData({ subject, evaluation: { data, windowTokens: null } });
  const drafts: RunDraft[] = [];
  for (let block = 0; block < request.seeds; block++) {
    for (const { key, technique } of arms) {
      // Choosing among settings is what free comparisons are for: the test part stays unseen until a protocol judges.
      const evaluation = { data, split: 'validation', items: request.items, windowTokens: null, ...probes } as const;
      const spec: RunSpec = {
        version: 1,
        subject,
        technique: completeSpec(technique),
        evaluation,
        seed: block,
        backend: request.backend,
      };
      checkProbes(spec);
      drafts.push({
        spec,
        arm: key,
        role: 'judged',
        block,
        fresh: false,
      });
    }
  }
  const runs = await plannedRuns(drafts, 0);
  refuseTooMany(runs.length, 'with the bases that they need');
  return runs;
}

/** Arm key to what tables and legends call it. */
export function armLabels(request: ComparisonRequest): Record<string, string> {
  return Object.fromEntries(
    armsOf(request).map(({ key, technique }) => [key, key === BASELINE_ARM ? 'Baseline' : technique.label]),
  );
}

/** The arms in order, each setting once however often the grid reaches it. */
function armsOf(request: ComparisonRequest): ComparisonArm[] {
  const points = request.techniques.reduce(
    (total, { grid }) => total + Object.values(grid).reduce((product, values) => product * values.length, 1),
    request.withBaseline ? 1 : 0,
  );
  // Counted before anything is built: a grid can name more points than memory holds.
  refuseTooMany(points * request.seeds, `${points} settings x ${request.seeds} seeds`);
  const arms: ComparisonArm[] = [];
  const settings = new Set<string>();
  const add = (key: string, technique: ResolvedTechnique) => {
    const setting = canonicalJson(completeSpec(technique));
    if (settings.has(setting)) return;
    settings.add(setting);
    arms.push({ key, technique });
  };
  if (request.withBaseline) add(BASELINE_ARM, resolveTechnique(NO_TECHNIQUE));
  for (const { id, parameters, grid } of request.techniques) {
    for (const point of product(grid)) {
      const given = { ...parameters, ...point };
      add(id === NO_TECHNIQUE.id ? BASELINE_ARM : armKey(id, given), resolveTechnique({ id, parameters: given }));
    }
  }
  return arms;
}

function armKey(id: string, parameters: Record<string, unknown>): string {
  const setting = Object.entries(parameters).map(([name, value]) => `${name}=${canonicalJson(value)}`);
  return [id, ...setting.sort()].join(' ');
}

/** In one order, however they were asked for, so that equal runs have equal hashes; nothing where there are none. */
function probesOf({ probes }: ComparisonRequest): Pick<RunSpec['evaluation'], 'probes'> {
  if (probes.length === 0) return {};
  return { probes: probes.toSorted((a, b) => (a.kind < b.kind ? -1 : 1)) };
}

/** Every combination of the grid's values, the last parameter varying fastest; one empty point for an empty grid. */
function product<Value>(grid: Record<string, readonly Value[]>): Record<string, Value>[] {
  return Object.entries(grid).reduce<Record<string, Value>[]>(
    (points, [name, values]) => points.flatMap((point) => values.map((value) => ({ ...point, [name]: value }))),
    [{}],
  );
}

function withTraining(subject: SubjectSpec, training: ComparisonRequest['training']): SubjectSpec {
  if (Object.keys(training).length === 0) return subject;
  if (subject.kind === 'checkpoint') {
    throw new AppError(
      'invalid-request',
      `${subject.name} is a trained checkpoint: training can only be changed for recipes`,
      { errors: [{ path: 'training', message: 'leave it empty for a checkpoint' }] },
    );
  }
  return { ...subject, training: { ...subject.training, ...training } };
}

function refuseTooMany(runs: number, how: string): void {
  if (runs <= MAX_RUNS_PER_EXPERIMENT) return;
  const count = runs.toLocaleString('en-US');
  const limit = MAX_RUNS_PER_EXPERIMENT.toLocaleString('en-US');
  throw new AppError(
    'too-many-runs',
    `this experiment would plan ${count} runs (${how}); the limit is ${limit}. Choose fewer values or seeds, or split it.`,
  );
}
