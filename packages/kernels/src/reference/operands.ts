import type { Command } from '../ops/command.ts';
import type { StridedLoop } from '../ops/strides.ts';

/** Reads give numbers in float64, so every sum accumulates in float64; a store rounds to what the array holds. */
export type FloatArray = Float32Array | Float64Array;

/** One buffer of the reference backend, seen as what a kernel takes it for. */
export interface ReferenceBuffer {
  readonly floats: FloatArray;
  readonly integers: Int32Array;
  readonly bytes: Uint8Array;
}

/** A kernel in plain TypeScript, by the names of its signature. */
export type ReferenceKernel = (operands: Operands) => void;

/** The reference kernels of one op. */
export type ReferenceKernels = Readonly<Record<string, ReferenceKernel>>;

/** The buffers and scalars of one command, by their names in the kernel's signature. */
export class Operands {
  readonly #command: Command<ReferenceBuffer>;

  constructor(command: Command<ReferenceBuffer>) {
    this.#command = command;
  }

  floats(name: string): FloatArray {
    return this.#command.buffer(name).floats;
  }

  /** Undefined where the operand is absent. */
  floatsIfAny(name: string): FloatArray | undefined {
    return this.#command.bufferIfAny(name)?.floats;
  }

  integers(name: string): Int32Array {
    return this.#command.buffer(name).integers;
  }

  integersIfAny(name: string): Int32Array | undefined {
    return this.#command.bufferIfAny(name)?.integers;
  }

  bytes(name: string): Uint8Array {
    return this.#command.buffer(name).bytes;
  }

  scalar(name: string): number {
    return this.#command.scalar(name);
  }

  flag(name: string): boolean {
    return this.#command.flag(name);
  }

  /** The scalars after the named ones. */
  rest(): readonly number[] {
    return this.#command.rest();
  }

  /** `[rank, ...extents, ...strides of each operand]` after the named scalars. */
  loop(): StridedLoop {
    return this.#command.loop();
  }

  /** The members of the list that a kernel with a repeated part takes. */
  members(): MemberOperands[] {
    return this.#command.members().map((member) => new Operands(member));
  }
}

/** One member of a list: the same access, to the repeated names. */
export type MemberOperands = Pick<Operands, 'floats' | 'floatsIfAny' | 'scalar'>;

/** Overwrites, or adds in place. What an overwritten place held is never read: it may be NaN. */
export function store(target: FloatArray, index: number, value: number, accumulate: boolean): void {
  target[index] = accumulate ? target[index]! + value : value;
}

/** Stores a whole array of sums. */
export function storeAll(target: FloatArray | undefined, values: Float64Array, accumulate: boolean): void {
  if (target === undefined) return;
  for (let i = 0; i < values.length; i++) store(target, i, values[i]!, accumulate);
}

/** Calls `visit` with the element offset of each operand, for every index of the loop in row-major order. */
export function walk(loop: StridedLoop, visit: (offsets: readonly number[]) => void): void {
  const offsets = loop.strides.map(() => 0);
  const descend = (axis: number): void => {
    if (axis === loop.extents.length) {
      visit(offsets);
      return;
    }
    const extent = loop.extents[axis]!;
    for (let i = 0; i < extent; i++) {
      descend(axis + 1);
      for (let operand = 0; operand < offsets.length; operand++) offsets[operand]! += loop.strides[operand]![axis]!;
    }
    for (let operand = 0; operand < offsets.length; operand++) {
      offsets[operand]! -= extent * loop.strides[operand]![axis]!;
    }
  };
  descend(0);
}

/**
 * For kernels that sum where the last operand has stride 0: calls `term` at every index of the loop and puts the sums, in float64
 * until all terms are in, into `target`.
 */
export function sumInto(
  loop: StridedLoop,
  target: FloatArray,
  accumulate: boolean,
  term: (offsets: readonly number[]) => number,
): void {
  const sums = folded(loop, 0, (sum, offsets) => sum + term(offsets));
  storeAll(target, sums, accumulate);
}

/** For reductions where the last operand has stride 0: from `start`, `combine` at every index of the loop; by the offset in the last operand. */
export function folded(
  loop: StridedLoop,
  start: number,
  combine: (soFar: number, offsets: readonly number[]) => number,
): Float64Array {
  const last = loop.strides.length - 1;
  const strides = loop.strides[last]!;
  const written = loop.extents.map((extent, axis) => (strides[axis] === 0 ? 1 : extent));
  const size = 1 + written.reduce((end, extent, axis) => end + (extent - 1) * strides[axis]!, 0);
  const results = new Float64Array(written.includes(0) ? 0 : size).fill(start);
  walk(loop, (offsets) => {
    results[offsets[last]!] = combine(results[offsets[last]!]!, offsets);
  });
  return results;
}
