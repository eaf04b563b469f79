import {
  AppError,
  type BackendName,
  type ComparisonRequest,
  type ComparisonRow,
  type ExperimentPlan,
  type MetricName,
  type PlannedRun,
  type Protocol,
  type RegisteredProtocol,
  type RunSpec,
  type SubjectOption,
  type TechniqueDescriptor,
  type Verdict,
} from '@claimbench/contracts';
import type { FinishedRun } from './finished-run.ts';
import type { Resources } from './resources.ts';

const pending = (what: string): never => {
  throw new AppError('internal', `${what} is not built yet`);
};
export type Advance = { kind: 'runs'; stage: number; runs: PlannedRun[] } | { kind: 'verdict'; verdict: Verdict };
export const RULE_VERSION = 1;
export async function planComparison(_request: ComparisonRequest, _resources: Resources): Promise<PlannedRun[]> {
  return pending('planComparison');
}
export function planSummary(
  _runs: readonly PlannedRun[],
  _options: { labels?: Record<string, string>; reused?: ReadonlySet<string>; slots: number },
): ExperimentPlan {
  return pending('planSummary');
}
export function armLabels(_request: ComparisonRequest): Record<string, string> {
  return pending('armLabels');
}
export function compareArms(
  _runs: readonly FinishedRun[],
  _options: { baseline: string | null; metric: MetricName; labels?: Record<string, string> },
): ComparisonRow[] {
  return pending('compareArms');
}
export function checkProtocol(_protocol: Protocol): void {
  pending('checkProtocol');
}
export function previewProtocol(
  _protocol: Protocol,
  _resources: Resources,
  _options: { slots: number },
): ExperimentPlan {
  return pending('previewProtocol');
}
export async function registerProtocol(
  _protocol: Protocol,
  _resources: Resources,
  _options?: { backend?: BackendName },
): Promise<{ registered: RegisteredProtocol; protocolHash: string }> {
  return pending('registerProtocol');
}
export async function advanceProtocol(_input: {
  registered: RegisteredProtocol;
  protocolHash: string;
  secret: string;
  finished: readonly FinishedRun[];
}): Promise<Advance> {
  return pending('advanceProtocol');
}
export function techniqueDescriptors(): TechniqueDescriptor[] {
  return pending('techniqueDescriptors');
}
export function recipeSubjects(): SubjectOption[] {
  return pending('recipeSubjects');
}
export async function specHashOf(_spec: RunSpec): Promise<string> {
  return pending('specHashOf');
}
export function baseOf(_spec: RunSpec): RunSpec | null {
  return pending('baseOf');
}
export function estimateSeconds(_spec: RunSpec): number {
  return pending('estimateSeconds');
}
