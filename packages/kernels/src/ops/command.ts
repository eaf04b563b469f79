import { KernelError } from '../errors.ts';
import type { KernelSignature } from './signature.ts';
import type { StridedLoop } from './strides.ts';

/** The buffers and scalars of one command, by their names in the kernel's signature; what a buffer is, the backend says. */
export class Command<Buffer> {
  readonly signature: KernelSignature;
  readonly #positions: ReadonlyMap<string, number>;
  readonly #buffers: readonly (Buffer | undefined)[];
  readonly #scalars: readonly number[];

  constructor(signature: KernelSignature, buffers: readonly (Buffer | undefined)[], scalars: readonly number[]) {
    this.signature = signature;
    this.#positions = positionsOf(signature);
    this.#buffers = buffers;
    this.#scalars = scalars;
  }

  buffer(name: string): Buffer {
    const buffer = this.bufferIfAny(name);
    if (buffer === undefined) throw this.#fault(`needs ${name}, which is absent`);
    return buffer;
  }

  /** Undefined where the operand is absent. */
  bufferIfAny(name: string): Buffer | undefined {
    const position = this.#positions.get(name);
    if (position === undefined) throw this.#fault(`has no operand ${name}`);
    return this.#buffers[position];
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
    return this.#scalars.slice(this.signature.scalars.filter((name) => !name.startsWith('...')).length);
  }

  /** `[rank, ...extents, ...strides of each operand]` after the named scalars. */
  loop(): StridedLoop {
    const [rank = 0, ...rest] = this.rest();
    const strides: number[][] = [];
    for (let start = rank; start < rest.length; start += rank) strides.push(rest.slice(start, start + rank));
    return { extents: rest.slice(0, rank), strides };
  }

  /** The members of the list that a kernel with a repeated part takes. */
  members(): Command<Buffer>[] {
    const repeated = this.signature.repeated;
    if (repeated === undefined) throw this.#fault('takes no list');
    const fixedBuffers = this.signature.reads.length + this.signature.writes.length;
    const member = { name: this.signature.name, reads: repeated.buffers, writes: [], scalars: repeated.scalars };
    const scalars = this.rest();
    const count = scalars.length / repeated.scalars.length;
    return Array.from({ length: count }, (_, index) => {
      const start = fixedBuffers + index * repeated.buffers.length;
      const buffers = this.#buffers.slice(start, start + repeated.buffers.length);
      const values = scalars.slice(index * repeated.scalars.length, (index + 1) * repeated.scalars.length);
      return new Command(member, buffers, values);
    });
  }

  #fault(what: string): KernelError {
    return new KernelError('invalid-argument', `${this.signature.name} ${what}`);
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
