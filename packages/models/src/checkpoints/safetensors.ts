import { z } from 'zod';
import { ModelError } from '../model-error.ts';
import { type ElementType, elementTypes } from './element-types.ts';

/** A tensor of a file, not yet decoded: its bytes are a view of the file's. */
export interface StoredTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface SafetensorsFile {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** The format's own limit; a larger header is an attack or an accident. */
const LARGEST_HEADER = 100_000_000;

const Entry = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.number()),
  data_offsets: z.tuple([z.number(), z.number()]),
});

/**
 * Reads a safetensors file. Everything is checked before any memory is taken: header length and form, types, shapes, and that
 * the tensors' bytes follow each other without hole or overlap to the very end. Throws `bad-checkpoint`.
 */
export function readSafetensors(file: Uint8Array, what = 'safetensors file'): SafetensorsFile {
  const refuse = (message: string, cause?: unknown): never => {
    throw new ModelError('bad-checkpoint', `${what}: ${message}`, { cause });
  };
  if (file.length < 8) refuse(`8 bytes of header length expected, the file has ${file.length}`);
  const headerLength = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (headerLength > BigInt(LARGEST_HEADER)) {
    refuse(`a header of ${headerLength} bytes; ${LARGEST_HEADER} are the most`);
  }
  const headerEnd = 8 + Number(headerLength);
  if (headerEnd > file.length) refuse(`the header needs ${headerEnd} bytes, the file has ${file.length}: truncated`);
  const header = parseHeader(file.subarray(8, headerEnd), refuse);
  const data = file.subarray(headerEnd);
  const metadata = new Map<string, string>();
  const tensors: (StoredTensor & { readonly begin: number; readonly end: number })[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      for (const [key, text] of readMetadata(value, refuse)) metadata.set(key, text);
      continue;
    }
    const entry = Entry.safeParse(value);
    if (!entry.success) return refuse(`tensor '${name}': ${z.prettifyError(entry.error)}`);
    const { dtype, shape, data_offsets: offsets } = entry.data;
    const type = elementTypes.find((candidate) => candidate === dtype);
    if (type === undefined) return refuse(`tensor '${name}' has type '${dtype}'; known: ${elementTypes.join(', ')}`);
    const [begin, end] = offsets;
    const expected = bytesOf(type, shape);
    if (expected === undefined) return refuse(`tensor '${name}' has the impossible shape [${shape.join(', ')}]`);
    if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0 || end - begin !== expected) {
      refuse(`tensor '${name}' of ${expected} bytes has the offsets ${begin} to ${end}`);
    }
    tensors.push({ name, type, shape, begin, end, bytes: data.subarray(begin, end) });
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of tensors) {
    if (begin !== covered) {
      refuse(
        `tensor '${name}' starts at ${begin}, the one before it ends at ${covered}: ${begin < covered ? 'overlap' : 'hole'}`,
      );
    }
    covered = end;
  }
  if (covered !== data.length) {
    refuse(
      `the tensors take ${covered} bytes, the file has ${data.length}${data.length < covered ? ': truncated' : ''}`,
    );
  }
  return { metadata, tensors: new Map(tensors.map(({ begin, end, ...tensor }) => [tensor.name, tensor])) };
}

type Refuse = (message: string, cause?: unknown) => never;

function parseHeader(bytes: Uint8Array, refuse: Refuse): object {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    return refuse(`the header is not JSON in UTF-8 (${cause instanceof Error ? cause.message : String(cause)})`, cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    return refuse('the header is JSON, but no object');
  }
  return header;
}

function readMetadata(value: unknown, refuse: Refuse): [string, string][] {
  const metadata = z.record(z.string(), z.string()).safeParse(value);
  return metadata.success ? Object.entries(metadata.data) : refuse('the metadata must be strings');
}

function bytesOf(type: ElementType, shape: readonly number[]): number | undefined {
  let bytes = bytesOfElementType[type];
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0) return undefined;
    bytes *= extent;
  }
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const bytesOfElementType: Readonly<Record<ElementType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};

/** A tensor to be written: f32 values in row-major order. */
export interface TensorToStore {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Writes F32 tensors in the order given, with the header padded so that the data starts at a multiple of 8 bytes. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, TensorToStore>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let offset = 0;
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  for (const [name, { shape, data }] of tensors) {
    const end = offset + data.byteLength;
    entries.push([name, { dtype: 'F32', shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerLength + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, 8, 8 + headerLength);
  file.set(json, 8);
  let at = 8 + headerLength;
  for (const { data } of tensors.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}
