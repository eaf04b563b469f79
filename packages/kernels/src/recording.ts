import type { BufferId } from './backend.ts';
import type { Tensor } from './tensor.ts';

/** Where a kernel puts the gradient of one input. `buffer` 0: nobody needs it. */
export interface GradientTarget {
  readonly buffer: BufferId;
  /** 1: add to what the buffer holds; 0: overwrite (its contents are undefined). */
  readonly accumulate: 0 | 1;
}

/** What a gradient rule writes to. */
export interface GradientSink {
  /** The buffer for the gradient of `input`, shaped as `input`. An absent input gives buffer 0. */
  into(input: Tensor | undefined): GradientTarget;
  /** Says that `gradient` (same size as `input`) is the gradient of `input`, or a summand of it. Costs no command the first time. */
  pass(input: Tensor, gradient: Tensor): void;
}

export type GradientRule = (outputGradient: Tensor, sink: GradientSink) => void;

/** What ops tell while a loss is computed. */
export interface Recorder {
  depends(input: Tensor): boolean;
  record(output: Tensor, inputs: readonly Tensor[], saved: readonly Tensor[], rule: GradientRule): void;
}

let active: Recorder | undefined;

export function activeRecorder(): Recorder | undefined {
  return active;
}

export function setActiveRecorder(recorder: Recorder | undefined): void {
  active = recorder;
}

/** Whether a gradient can flow to any of these inputs: only then does an op keep what its gradient needs. */
export function needsGradient(...inputs: readonly (Tensor | undefined)[]): boolean {
  if (active === undefined) return false;
  for (const input of inputs) if (input !== undefined && active.depends(input)) return true;
  return false;
}

/**
 * Records the gradient rule of an op whose inputs need one. `saved` lists every tensor whose buffer the rule reads: it
 * stays alive until the rule has run, whatever scope made it. The rule reads them by `tensor.storage.id`.
 */
export function recordGradient(
  output: Tensor,
  inputs: readonly (Tensor | undefined)[],
  saved: readonly (Tensor | undefined)[],
  rule: GradientRule,
): void {
  if (active === undefined) return;
  active.record(
    output,
    inputs.filter((tensor) => tensor !== undefined),
    saved.filter((tensor) => tensor !== undefined),
    rule,
  );
}
