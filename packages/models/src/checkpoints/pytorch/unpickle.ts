import { ModelError } from '../../model-error.ts';

/** What a pickle may name: no more, so reading one runs none of its code. */
export type Global =
  | 'collections.OrderedDict'
  | 'torch._utils._rebuild_tensor_v2'
  | 'torch._utils._rebuild_parameter'
  | `torch.${string}Storage`;

const allowed: ReadonlySet<string> = new Set([
  'collections.OrderedDict',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
  ...['Double', 'Float', 'Half', 'BFloat16', 'Long', 'Int', 'Short', 'Char', 'Byte', 'Bool'].map(
    (type) => `torch.${type}Storage`,
  ),
]);

/** What stands on the pickle's stack. Dictionaries are maps; calls and references to storage keep their arguments. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | readonly Pickled[]
  | Map<Pickled, Pickled>
  | Named
  | Called
  | Persistent;
export class Named {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}
/** An allowed name called with arguments; nothing was run. */
export class Called {
  readonly name: string;
  readonly args: readonly Pickled[];
  constructor(name: string, args: readonly Pickled[]) {
    this.name = name;
    this.args = args;
  }
}
/** A reference to something outside the pickle (a storage). */
export class Persistent {
  readonly id: Pickled;
  constructor(id: Pickled) {
    this.id = id;
  }
}

const MARK = Symbol('mark');
type Slot = Pickled | typeof MARK;

/** More values than any state dictionary has. */
const MOST_VALUES = 1_000_000;

/**
 * Reads a pickle of the kinds that PyTorch writes for a state dictionary (protocol 2 to 4) as plain data. Every instruction and every
 * name is on a short list of allowed ones; nothing is imported and nothing is called. Throws `bad-checkpoint`, naming what it met.
 */
export function unpickle(bytes: Uint8Array, what: string): Pickled {
  return new Unpickler(bytes, what).run();
}

class Unpickler {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;
  #stack: Slot[] = [];
  readonly #memo = new Map<number, Pickled>();

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  run(): Pickled {
    for (let steps = 0; ; steps++) {
      if (steps > MOST_VALUES) return this.#refuse(`more than ${MOST_VALUES} instructions`);
      const code = String.fromCharCode(this.#byte());
      if (code === '.') return this.#pop();
      const instruction = INSTRUCTIONS[code];
      if (instruction === undefined) {
        return this.#refuse(`the instruction 0x${code.charCodeAt(0).toString(16)} at ${this.#at - 1} is not allowed`);
      }
      instruction(this);
    }
  }

  #refuse(message: string): never {
    throw new ModelError('bad-checkpoint', `${this.#what}: ${message}`);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length < 0 || at + length > this.#bytes.length) this.#refuse(`${length} bytes from ${at} are beyond its end`);
    this.#at += length;
    return at;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) return this.#refuse('its stack runs empty');
    return value;
  }

  /** What was pushed since the last mark. */
  #sinceMark(): Pickled[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark === -1) this.#refuse('a mark is missing');
    return this.#stack.splice(mark).slice(1) as Pickled[];
  }

  mark(): void {
    this.#stack.push(MARK);
  }

  push(value: Pickled): void {
    this.#stack.push(value);
  }

  skip(length: number): void {
    this.#take(length);
  }

  integer(length: 1 | 2 | 4): void {
    const at = this.#take(length);
    const view = this.#view;
    this.push(length === 1 ? view.getUint8(at) : length === 2 ? view.getUint16(at, true) : view.getInt32(at, true));
  }

  /** A signed integer of so many bytes as its first byte says; only what a number holds exactly. */
  longInteger(): void {
    const length = this.#byte();
    if (length > 8) this.#refuse(`an integer of ${length} bytes`);
    const at = this.#take(length);
    let value = 0n;
    for (let index = 0; index < length; index++) value |= BigInt(this.#bytes[at + index]!) << BigInt(8 * index);
    this.push(Number(BigInt.asIntN(8 * length, value)));
  }

  float(): void {
    this.push(this.#view.getFloat64(this.#take(8)));
  }

  text(lengthBytes: 1 | 4): void {
    const at = this.#take(lengthBytes);
    const length = lengthBytes === 1 ? this.#view.getUint8(at) : this.#view.getUint32(at, true);
    const start = this.#take(length);
    this.push(new TextDecoder().decode(this.#bytes.subarray(start, start + length)));
  }

  put(id: number): void {
    const top = this.#stack.at(-1);
    if (top === undefined || top === MARK) this.#refuse('there is nothing to remember');
    this.#memo.set(id, top);
  }

  putByte(): void {
    this.put(this.#byte());
  }

  putLong(): void {
    this.put(this.#view.getUint32(this.#take(4), true));
  }

  memoize(): void {
    this.put(this.#memo.size);
  }

  get(lengthBytes: 1 | 4): void {
    const at = this.#take(lengthBytes);
    const id = lengthBytes === 1 ? this.#view.getUint8(at) : this.#view.getUint32(at, true);
    if (!this.#memo.has(id)) this.#refuse(`it recalls number ${id}, which was never kept`);
    this.push(this.#memo.get(id)!);
  }

  /** A tuple of the last `count` values, or of all since the mark. */
  tuple(count?: number): void {
    const values = count === undefined ? this.#sinceMark() : Array.from({ length: count }, () => this.#pop()).reverse();
    this.push(values);
  }

  /** Module and name as two lines. */
  global(): void {
    this.#name(this.#line(), this.#line());
  }

  /** Module and name from the stack. */
  stackGlobal(): void {
    const [name, module] = [this.#pop(), this.#pop()];
    this.#name(String(module), String(name));
  }

  #name(module: string, name: string): void {
    const full = `${module}.${name}`;
    if (!allowed.has(full))
      this.#refuse(`it names '${full}', which is not among the allowed ${[...allowed].join(', ')}`);
    this.push(new Named(full));
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end === -1 || end - this.#at > 200) this.#refuse('a name has no end');
    const text = new TextDecoder().decode(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return text;
  }

  reduce(): void {
    const [args, callee] = [this.#pop(), this.#pop()];
    if (!(callee instanceof Named) || !Array.isArray(args)) this.#refuse('it calls what is no allowed name');
    this.push(callee.name === 'collections.OrderedDict' ? new Map() : new Called(callee.name, args));
  }

  persistent(): void {
    this.push(new Persistent(this.#pop()));
  }

  /** State of an object: PyTorch hangs its own notes onto the dictionary, which nobody needs. */
  build(): void {
    this.#pop();
  }

  setItem(): void {
    const [value, key] = [this.#pop(), this.#pop()];
    this.#dictionary().set(key, value);
  }

  setItems(): void {
    const pairs = this.#sinceMark();
    const target = this.#dictionary();
    for (let index = 0; index + 1 < pairs.length; index += 2) target.set(pairs[index]!, pairs[index + 1]!);
  }

  #dictionary(): Map<Pickled, Pickled> {
    const target = this.#stack.at(-1);
    return target instanceof Map ? target : this.#refuse('it sets items of what is no dictionary');
  }

  appends(): void {
    const values = this.#sinceMark();
    const target = this.#pop();
    if (!Array.isArray(target)) this.#refuse('it appends to what is no list');
    this.push([...target, ...values]);
  }
}

/** The allowed instructions by their codes. */
const INSTRUCTIONS: Readonly<Record<string, (machine: Unpickler) => void>> = {
  '\x80': (machine) => machine.skip(1),
  '\x95': (machine) => machine.skip(8),
  '(': (machine) => machine.mark(),
  ')': (machine) => machine.push([]),
  ']': (machine) => machine.push([]),
  '}': (machine) => machine.push(new Map()),
  N: (machine) => machine.push(null),
  '\x88': (machine) => machine.push(true),
  '\x89': (machine) => machine.push(false),
  K: (machine) => machine.integer(1),
  M: (machine) => machine.integer(2),
  J: (machine) => machine.integer(4),
  '\x8a': (machine) => machine.longInteger(),
  G: (machine) => machine.float(),
  X: (machine) => machine.text(4),
  '\x8c': (machine) => machine.text(1),
  q: (machine) => machine.putByte(),
  r: (machine) => machine.putLong(),
  '\x94': (machine) => machine.memoize(),
  h: (machine) => machine.get(1),
  j: (machine) => machine.get(4),
  '\x85': (machine) => machine.tuple(1),
  '\x86': (machine) => machine.tuple(2),
  '\x87': (machine) => machine.tuple(3),
  t: (machine) => machine.tuple(),
  c: (machine) => machine.global(),
  '\x93': (machine) => machine.stackGlobal(),
  R: (machine) => machine.reduce(),
  Q: (machine) => machine.persistent(),
  b: (machine) => machine.build(),
  s: (machine) => machine.setItem(),
  u: (machine) => machine.setItems(),
  e: (machine) => machine.appends(),
};
