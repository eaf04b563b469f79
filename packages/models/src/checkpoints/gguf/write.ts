import type { ParameterValues } from '../../decoder/parameters.ts';
import { ModelError } from '../../model-error.ts';
import { blockTypeNamed } from './block-types.ts';
import { encodeBlocks } from './encode-blocks.ts';
import {
  aligned,
  DEFAULT_ALIGNMENT,
  FEWEST_BYTES,
  type GgufValue,
  MAGIC,
  type Scalar,
  type ScalarType,
  VALUE_TYPES,
} from './values.ts';

/** A tensor and the type that it is written in (`F32`, `Q8_0`, …). */
export interface GgufTensorToStore extends ParameterValues {
  readonly type: string;
}

/** A GGUF file of version 3, aligned to 32 bytes. Equal contents in the same order give equal bytes. Throws `bad-checkpoint`. */
export function writeGguf(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: ReadonlyMap<string, GgufTensorToStore>,
): Uint8Array {
  const header = new Writer();
  header.uint32(MAGIC);
  header.uint32(3);
  header.uint64(BigInt(tensors.size));
  header.uint64(BigInt(metadata.size));
  for (const [key, value] of metadata) {
    header.string(key);
    header.value(value);
  }
  let offset = 0;
  const data: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  for (const [name, tensor] of tensors) {
    const type = blockTypeNamed(tensor.type);
    if (type === undefined) throw new ModelError('bad-checkpoint', `'${name}': there is no type '${tensor.type}'`);
    if ((tensor.shape.at(-1) ?? 1) % type.blockSize !== 0) {
      throw new ModelError(
        'bad-checkpoint',
        `'${name}': rows of ${tensor.shape.at(-1)} do not divide into ${type.name} blocks`,
      );
    }
    const bytes = encodeBlocks(type, tensor.data);
    header.string(name);
    header.uint32(tensor.shape.length);
    for (const extent of tensor.shape.toReversed()) header.uint64(BigInt(extent));
    header.uint32(type.id);
    header.uint64(BigInt(offset));
    data.push({ offset, bytes });
    offset = aligned(offset + bytes.length, DEFAULT_ALIGNMENT);
  }
  const head = header.bytes();
  const start = aligned(head.length, DEFAULT_ALIGNMENT);
  const file = new Uint8Array(start + offset);
  file.set(head);
  for (const tensor of data) file.set(tensor.bytes, start + tensor.offset);
  return file;
}

type WriteScalar = (view: DataView, at: number, value: Scalar) => void;

const SCALARS: Readonly<Record<Exclude<ScalarType, 'string'>, WriteScalar>> = {
  uint8: (view, at, value) => view.setUint8(at, Number(value)),
  int8: (view, at, value) => view.setInt8(at, Number(value)),
  uint16: (view, at, value) => view.setUint16(at, Number(value), true),
  int16: (view, at, value) => view.setInt16(at, Number(value), true),
  uint32: (view, at, value) => view.setUint32(at, Number(value), true),
  int32: (view, at, value) => view.setInt32(at, Number(value), true),
  float32: (view, at, value) => view.setFloat32(at, Number(value), true),
  float64: (view, at, value) => view.setFloat64(at, Number(value), true),
  uint64: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
  int64: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  bool: (view, at, value) => view.setUint8(at, value ? 1 : 0),
};

class Writer {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  uint32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }

  uint64(value: bigint): void {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
  }

  string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.uint64(BigInt(bytes.length));
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  value(value: GgufValue): void {
    this.uint32(VALUE_TYPES.indexOf(value.type));
    if (value.type !== 'array') {
      this.#scalar(value.type, value.value);
      return;
    }
    this.uint32(VALUE_TYPES.indexOf(value.of));
    this.uint64(BigInt(value.value.length));
    for (const element of value.value) this.#scalar(value.of, element);
  }

  #scalar(type: ScalarType, value: Scalar): void {
    if (type === 'string') {
      this.string(String(value));
      return;
    }
    const at = this.#room(FEWEST_BYTES[type]);
    SCALARS[type](this.#view, at, value);
  }

  #room(bytes: number): number {
    const at = this.#length;
    if (at + bytes > this.#bytes.length) {
      const larger = new Uint8Array(2 * (at + bytes));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = at + bytes;
    return at;
  }
}
