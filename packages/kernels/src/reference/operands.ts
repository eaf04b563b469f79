import { KernelError } from '../errors.ts';
import type { KernelSignature } from '../ops/signature.ts';
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
  readonly #signature: KernelSignature;
  readonly #positions: ReadonlyMap<string, number>;
  readonly #buffers: readonly (ReferenceBuffer | undefined)[];
  readonly #scalars: readonly number[];

  constructor(
    signature: KernelSignature,
    buffers: readonly (ReferenceBuffer | undefined)[],
    scalars: readonly number[],
  ) {
    this.#signature = signature;
    this.#positions = positionsOf(signature);
    this.#buffers = buffers;
    this.#scalars = scalars;
  }

  floats(name: string): FloatArray {
    return this.#present(name).floats;
  }

  /** Undefined where the operand is absent. */
  floatsIfAny(name: string): FloatArray | undefined {
    return this.#buffer(name)?.floats;
  }

  integers(name: string): Int32Array {
    return this.#present(name).integers;
  }

  integersIfAny(name: string): Int32Array | undefined {
    return this.#buffer(name)?.integers;
  }

  bytes(name: string): Uint8Array {
    return this.#present(name).bytes;
  }

  scalar(name: string): number {
    const position = this.#positions.get(`scalar ${name}`);
    const value = position === undefined ? undefined : this.#scalars[position];
    if (value === undefined) throw this.#fault(`has no scalar ${name}`);
    return value;
  }

  flag(name: string): boolean {
    return this.scalar(name) !== 0;
  }

  /** The scalars after the named ones. */
  rest(): readonly number[] {
    return this.#scalars.slice(this.#signature.scalars.filter((name) => !name.startsWith('...')).length);
  }

  /** `[rank, ...extents, ...strides of each operand]` after the named scalars. */
  loop(): StridedLoop {
    const [rank = 0, ...rest] = this.rest();
    const strides: number[][] = [];
    for (let start = rank; start < rest.length; start += rank) strides.push(rest.slice(start, start + rank));
    return { extents: rest.slice(0, rank), strides };
  }

  /** The members of the list that a kernel with a repeated part takes. */
  members(): MemberOperands[] {
    const repeated = this.#signature.repeated;
    if (repeated === undefined) throw this.#fault('takes no list');
    const fixedBuffers = this.#signature.reads.length + this.#signature.writes.length;
    const members: MemberOperands[] = [];
    const member = { name: this.#signature.name, reads: repeated.buffers, writes: [], scalars: repeated.scalars };
    const scalars = this.rest();
    const count = scalars.length / repeated.scalars.length;
    for (let index = 0; index < count; index++) {
      const start = fixedBuffers + index * repeated.buffers.length;
      const buffers = this.#buffers.slice(start, start + repeated.buffers.length);
      const values = scalars.slice(index * repeated.scalars.length, (index + 1) * repeated.scalars.length);
      members.push(new Operands(member, buffers, values));
    }
    return members;
  }

  #buffer(name: string): ReferenceBuffer | undefined {
    const position = this.#positions.get(name);
    if (position === undefined) throw this.#fault(`has no operand ${name}`);
    return this.#buffers[position];
  }

  #present(name: string): ReferenceBuffer {
    const buffer = this.#buffer(name);
    if (buffer === undefined) throw this.#fault(`needs ${name}, which is absent`);
    return buffer;
  }

  #fault(what: string): KernelError {
    return new KernelError('invalid-argument', `${this.#signature.name} ${what}`);
  }
}

const positionsBySignature = new WeakMap<KernelSignature, ReadonlyMap<string, number>>();

/** Where each operand and each scalar of a command stands. */
function positionsOf(signature: KernelSignature): ReadonlyMap<string, number> {
  const known = positionsBySignature.get(signature);
  if (known !== undefined) return known;
  const positions = new Map<string, number>();
  for (const [position, name] of [...signature.reads, ...signature.writes].entries()) {
    positions.set(name.replace(/\?$/, ''), position);
  }
  for (const [position, name] of signature.scalars.entries()) positions.set(`scalar ${name}`, position);
  positionsBySignature.set(signature, positions);
  return positions;
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
  const last = loop.strides.length - 1;
  const strides = loop.strides[last]!;
  const written = loop.extents.map((extent, axis) => (strides[axis] === 0 ? 1 : extent));
  const size = 1 + written.reduce((end, extent, axis) => end + (extent - 1) * strides[axis]!, 0);
  const sums = new Float64Array(written.includes(0) ? 0 : size);
  walk(loop, (offsets) => {
    sums[offsets[last]!]! += term(offsets);
  });
  storeAll(target, sums, accumulate);
}
