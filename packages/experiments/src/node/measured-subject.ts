import { NO_TECHNIQUE, type Outcome, type RunSpec } from '@claimbench/contracts';
import type { Backend } from '@claimbench/kernels';
import type { Network } from '@claimbench/models';
import type { DataLocations } from '@claimbench/models/node';
import type { ResolvedTechnique, WeightCosts } from '@claimbench/techniques';
import { baseOf } from '../plan/run-spec.ts';
import type { ExecutionContext } from './execute.ts';
import type { RunPoints } from './run-points.ts';
import type { Timings } from './timed-work.ts';

/** A run that is being executed: its spec, checked, and all that it needs. */
export interface ExecutingRun {
  readonly spec: RunSpec;
  readonly specHash: string;
  readonly technique: ResolvedTechnique;
  readonly backend: Backend;
  readonly context: ExecutionContext;
  readonly locations: DataLocations;
  readonly points: RunPoints;
}

/** What was measured of a subject of any kind. */
export interface MeasuredSubject {
  /** What is not finite is no measurement and is left out of the outcome. */
  readonly metrics: Outcome['metrics'];
  /** null for a run that failed: what it counts as is no observation of single items. */
  readonly items: Outcome['items'];
  readonly probeItems: NonNullable<Outcome['probeItems']>;
  readonly diverged: Outcome['diverged'];
  /** When it was trained or loaded, and when it was evaluated, by `performance.now()`. */
  readonly trainedAt: number;
  readonly evaluatedAt: number;
  readonly timing: Timings | null;
  /** The trained model, where others may start from it. */
  readonly checkpoint: Uint8Array | null;
}

/** Whether other runs may start from the model that this one trains: from any decoder, whatever has changed it. */
export function isStartedFrom(spec: RunSpec, technique: ResolvedTechnique): boolean {
  if (spec.subject.kind === 'checkpoint' || spec.timing || baseOf(spec) !== null) return false;
  return spec.subject.kind === 'recipe' || spec.technique.id === NO_TECHNIQUE.id || technique.seam === 'training';
}

/** What the weights take that a technique acted on; untouched ones stand as they were trained, in f32. */
export function weightCostsOf(network: Network, costs: WeightCosts | null): Outcome['metrics'] {
  if (costs) {
    const { bitsPerWeight, sparsity, quantizationError } = costs;
    return { bitsPerWeight, sparsity, quantizationError };
  }
  let weights = 0;
  let bytes = 0;
  for (const linear of network.linears.values()) {
    weights += linear.inSize * linear.outSize;
    bytes += linear.storedBytes;
  }
  return { bitsPerWeight: (8 * bytes) / weights, sparsity: 0, quantizationError: 0 };
}
