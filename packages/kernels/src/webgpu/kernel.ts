import type { Command } from '../ops/command.ts';
import type { Slot } from './buffers.ts';
import type { Dispatch } from './dispatch.ts';

/** What a kernel of this backend does with a command: it appends dispatches. */
export type WebGpuKernel = (command: Command<Slot>, recording: Recording) => void;

/** The kernels of one op. */
export type WebGpuKernels = Readonly<Record<string, WebGpuKernel>>;

export interface Recording {
  /** Appends a dispatch, which sees all that earlier ones wrote. */
  run(dispatch: Dispatch): void;

  /** A buffer of so many words, contents undefined, for the dispatches of this command alone. */
  scratch(elements: number): Slot;

  /** Numbers that are too many for scalars, as a buffer to read in this command: frequencies, for one. */
  table(values: Uint32Array): Slot;

  /**
   * Checks i32 indices against 0 .. limit - 1 (or `ignored`). The first that lies outside is what the next `read` rejects with, in the
   * sentence that `fault` makes of it.
   */
  checkIndices(check: IndexCheck): void;
}

export interface IndexCheck {
  readonly indices: Slot;
  readonly count: number;
  readonly limit: number;
  readonly ignored?: number;
  /** WGSL of what else is wrong with indices[at], named index: that a list falls, for one. */
  readonly alsoWrong?: string;
  readonly fault: (index: number, position: number) => string;
}
