import type { ParameterValues } from '../../decoder/parameters.ts';
import { ModelError } from '../../model-error.ts';
import { type BlockType, blockTypeById, decodeBlocks } from './block-types.ts';
import {
  aligned,
  DEFAULT_ALIGNMENT,
  FEWEST_BYTES,
  type GgufValue,
  MAGIC,
  type Scalar,
  type ScalarType,
  VALUE_TYPES,
  type ValueType,
} from './values.ts';

/** A tensor of a GGUF file, not yet decoded: its bytes are a view of the file's. */
export interface GgufTensor {
  readonly name: string;
  readonly type: BlockType;
  /** Row-major: the last extent is contiguous (the file lists extents the other way round). */
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface GgufFile {
  readonly version: number;
  readonly alignment: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

type Refuse = (message: string) => never;

/** More than any real file has; each takes at least 24 bytes of the file besides. */
const MOST_DIMENSIONS = 4;

/**
 * Reads a GGUF file of version 2 or 3. Every length and count is checked against the bytes that are there before any memory is taken;
 * tensors must be of known types, aligned, inside the file and must not overlap. Throws `bad-checkpoint`.
 */
export function readGguf(file: Uint8Array, what = 'GGUF file'): GgufFile {
  const refuse: Refuse = (message) => {
    throw new ModelError('bad-checkpoint', `${what}: ${message}`);
  };
  const reader = new Reader(file, refuse);
  if (file.length < 24) refuse(`24 bytes of header expected, the file has ${file.length}`);
  const magic = reader.uint32('the magic number');
  if (magic !== MAGIC) refuse(`it starts with 0x${magic.toString(16)}, not with "GGUF"`);
  const version = reader.uint32('the version');
  if (version !== 2 && version !== 3) refuse(`version ${version}; 2 and 3 are read`);
  const tensorCount = reader.count('tensors', 24);
  const valueCount = reader.count('metadata values', 13);
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < valueCount; index++) {
    const key = reader.string('a metadata key');
    if (metadata.has(key)) refuse(`the metadata has '${key}' twice`);
    metadata.set(key, reader.value(key));
  }
  const alignment = alignmentOf(metadata, refuse);
  const described = Array.from({ length: tensorCount }, () => readDescription(reader, refuse));
  const start = aligned(reader.at, alignment);
  return { version, alignment, metadata, tensors: placeTensors(file, described, start, alignment, refuse) };
}

/** A tensor's values in float32. */
export function ggufValues(tensor: GgufTensor): ParameterValues {
  return { shape: tensor.shape, data: decodeBlocks(tensor.type, tensor.bytes) };
}

interface Description {
  readonly name: string;
  readonly type: BlockType;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

function readDescription(reader: Reader, refuse: Refuse): Description {
  const name = reader.string('a tensor name');
  const dimensions = reader.uint32(`the dimensions of '${name}'`);
  if (dimensions > MOST_DIMENSIONS)
    refuse(`tensor '${name}' has ${dimensions} dimensions; ${MOST_DIMENSIONS} are the most`);
  const shape = Array.from({ length: dimensions }, () => reader.size(`an extent of '${name}'`)).reverse();
  const id = reader.uint32(`the type of '${name}'`);
  const offset = reader.size(`the offset of '${name}'`);
  const type = blockTypeById(id);
  if (type === undefined) return refuse(`tensor '${name}' has the type ${id}, which is not read here`);
  const values = shape.reduce((product, extent) => product * extent, 1);
  const width = shape.at(-1) ?? 1;
  if (!Number.isSafeInteger(values) || width % type.blockSize !== 0) {
    refuse(`tensor '${name}' has the impossible shape [${shape.join(', ')}] for ${type.name} of ${type.blockSize}`);
  }
  return { name, type, shape, offset, size: (values / type.blockSize) * type.blockBytes };
}

function placeTensors(
  file: Uint8Array,
  described: readonly Description[],
  start: number,
  alignment: number,
  refuse: Refuse,
): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  for (const { name, type, shape, offset, size } of described) {
    if (tensors.has(name)) refuse(`tensor '${name}' is there twice`);
    if (offset % alignment !== 0) refuse(`tensor '${name}' starts at ${offset}, no multiple of ${alignment}`);
    const end = start + offset + size;
    if (!Number.isSafeInteger(end) || end > file.length) {
      refuse(`tensor '${name}' needs ${size} bytes from ${start + offset}, the file has ${file.length}: truncated`);
    }
    tensors.set(name, { name, type, shape, bytes: file.subarray(start + offset, end) });
  }
  const inOrder = described.filter(({ size }) => size > 0).sort((a, b) => a.offset - b.offset);
  for (const [index, { name, offset }] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before !== undefined && before.offset + before.size > offset) {
      refuse(`tensor '${name}' overlaps '${before.name}'`);
    }
  }
  return tensors;
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>, refuse: Refuse): number {
  const given = metadata.get('general.alignment');
  if (given === undefined) return DEFAULT_ALIGNMENT;
  const value = typeof given.value === 'number' ? given.value : 0;
  if (!Number.isInteger(value) || value < 8 || value > 65_536 || value % 8 !== 0) {
    refuse(`general.alignment is ${String(given.value)}; a multiple of 8 up to 65536 expected`);
  }
  return value;
}

/** Reads from front to back, checking each length against what is left. */
class Reader {
  readonly #file: Uint8Array;
  readonly #view: DataView;
  readonly #refuse: Refuse;
  #at = 0;

  constructor(file: Uint8Array, refuse: Refuse) {
    this.#file = file;
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    this.#refuse = refuse;
  }

  get at(): number {
    return this.#at;
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }

  /** A 64-bit length, extent or offset, as a number. */
  size(what: string): number {
    const value = this.#view.getBigUint64(this.#take(8, what), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.#refuse(`${what} is ${value}`);
    return Number(value);
  }

  /** A number of things that take at least `fewest` bytes each. */
  count(what: string, fewest: number): number {
    const count = this.size(`the number of ${what}`);
    const left = this.#file.length - this.#at;
    if (count > left / fewest) this.#refuse(`${count} ${what} do not fit into the ${left} bytes that are left`);
    return count;
  }

  string(what: string): string {
    const length = this.count(`bytes of ${what}`, 1);
    const start = this.#take(length, what);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.#file.subarray(start, start + length));
    } catch {
      return this.#refuse(`${what} is not UTF-8`);
    }
  }

  value(key: string): GgufValue {
    const type = this.#type(key);
    if (type !== 'array') return { type, value: this.#scalar(type, key) } as GgufValue;
    const of = this.#type(key);
    if (of === 'array') return this.#refuse(`'${key}' is an array of arrays, which is not read here`);
    const count = this.count(`elements of '${key}'`, FEWEST_BYTES[of]);
    return { type, of, value: Array.from({ length: count }, () => this.#scalar(of, key)) };
  }

  #type(key: string): ValueType {
    const id = this.uint32(`the type of '${key}'`);
    return VALUE_TYPES[id] ?? this.#refuse(`'${key}' has the type ${id}; there are 0 to ${VALUE_TYPES.length - 1}`);
  }

  #scalar(type: ScalarType, key: string): Scalar {
    if (type === 'string') return this.string(`'${key}'`);
    const at = this.#take(FEWEST_BYTES[type], `'${key}'`);
    const view = this.#view;
    switch (type) {
      case 'uint8':
        return view.getUint8(at);
      case 'int8':
        return view.getInt8(at);
      case 'uint16':
        return view.getUint16(at, true);
      case 'int16':
        return view.getInt16(at, true);
      case 'uint32':
        return view.getUint32(at, true);
      case 'int32':
        return view.getInt32(at, true);
      case 'float32':
        return view.getFloat32(at, true);
      case 'float64':
        return view.getFloat64(at, true);
      case 'uint64':
        return view.getBigUint64(at, true);
      case 'int64':
        return view.getBigInt64(at, true);
      case 'bool':
        return view.getUint8(at) !== 0;
    }
  }

  #take(bytes: number, what: string): number {
    const at = this.#at;
    if (at + bytes > this.#file.length) {
      this.#refuse(`${what} needs ${bytes} bytes from ${at}, the file has ${this.#file.length}: truncated`);
    }
    this.#at += bytes;
    return at;
  }
}
