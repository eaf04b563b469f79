import type { ParameterValues } from '../../decoder/parameters.ts';
import { ModelError } from '../../model-error.ts';
import { type ElementType, floatsOf } from '../element-types.ts';
import { Called, Persistent, type Pickled, unpickle } from './unpickle.ts';
import { readStoredZip } from './zip.ts';

const types: Readonly<Record<string, { readonly type: ElementType; readonly bytes: number }>> = {
  'torch.DoubleStorage': { type: 'F64', bytes: 8 },
  'torch.FloatStorage': { type: 'F32', bytes: 4 },
  'torch.HalfStorage': { type: 'F16', bytes: 2 },
  'torch.BFloat16Storage': { type: 'BF16', bytes: 2 },
  'torch.LongStorage': { type: 'I64', bytes: 8 },
  'torch.IntStorage': { type: 'I32', bytes: 4 },
  'torch.ShortStorage': { type: 'I16', bytes: 2 },
  'torch.CharStorage': { type: 'I8', bytes: 1 },
  'torch.ByteStorage': { type: 'U8', bytes: 1 },
  'torch.BoolStorage': { type: 'BOOL', bytes: 1 },
};

type Refuse = (message: string) => never;

/**
 * The tensors of a state dictionary as `torch.save` writes it since 1.6 (a zip archive), as f32. Its pickle is read as data with an
 * allow-list: no code of the file runs. Strides and offsets are checked against the storage before any memory is taken. Throws
 * `bad-checkpoint`.
 */
export function readStateDict(file: Uint8Array, what = 'PyTorch file'): Map<string, ParameterValues> {
  const refuse: Refuse = (message) => {
    throw new ModelError('bad-checkpoint', `${what}: ${message}`);
  };
  const files = readStoredZip(file, what);
  const pickle = [...files.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) return refuse("it holds no 'data.pkl'");
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = files.get(`${folder}byteorder`);
  if (order !== undefined && new TextDecoder().decode(order) !== 'little') refuse('its numbers are not little-endian');
  const dictionary = unpickle(files.get(pickle)!, what);
  if (!(dictionary instanceof Map)) return refuse('it holds no dictionary of tensors');
  const tensors = new Map<string, ParameterValues>();
  const storage = (key: string) => files.get(`${folder}data/${key}`);
  let total = 0;
  for (const [name, value] of dictionary) {
    if (typeof name !== 'string') return refuse('a tensor has a name that is no text');
    const described = describe(value, name, refuse);
    // several names may share a storage, but not so many that memory grows far beyond the file
    total += described.shape.reduce((product, extent) => product * extent, 1);
    if (total > 4 * file.length) refuse('its tensors have many more elements than the file has bytes');
    tensors.set(name, { shape: described.shape, data: valuesOf(described, storage, name, refuse) });
  }
  return tensors;
}

interface Described {
  readonly storage: { readonly kind: string; readonly key: string; readonly size: number };
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

function describe(value: Pickled, name: string, refuse: Refuse): Described {
  if (value instanceof Called && value.name === 'torch._utils._rebuild_parameter') {
    return describe(value.args[0] ?? null, name, refuse);
  }
  if (!(value instanceof Called) || value.name !== 'torch._utils._rebuild_tensor_v2') {
    return refuse(`'${name}' is no tensor`);
  }
  const [reference, offset, shape, strides] = value.args;
  const id = reference instanceof Persistent ? reference.id : null;
  if (!Array.isArray(id) || id[0] !== 'storage') return refuse(`'${name}' names no storage`);
  const kind = (id[1] as { name?: unknown } | null)?.name;
  const [, , key, , size] = id as readonly Pickled[];
  if (typeof kind !== 'string' || typeof key !== 'string' || !isCount(size) || !isCount(offset)) {
    return refuse(`'${name}' describes its storage badly`);
  }
  if (!isCounts(shape) || !isCounts(strides) || shape.length !== strides.length) {
    return refuse(`'${name}' has no proper shape and strides`);
  }
  return { storage: { kind, key, size }, offset, shape, strides };
}

function valuesOf(
  { storage, offset, shape, strides }: Described,
  file: (key: string) => Uint8Array | undefined,
  name: string,
  refuse: Refuse,
): Float32Array {
  const type = types[storage.kind];
  const bytes = file(storage.key);
  if (type === undefined) return refuse(`'${name}' has elements of ${storage.kind}`);
  if (bytes === undefined) return refuse(`'${name}' lies in the storage '${storage.key}', which is not there`);
  if (bytes.length !== storage.size * type.bytes) {
    return refuse(`the storage '${storage.key}' must have ${storage.size * type.bytes} bytes, it has ${bytes.length}`);
  }
  const count = shape.reduce((product, extent) => product * extent, 1);
  const last = count === 0 ? offset : shape.reduce((at, extent, axis) => at + (extent - 1) * strides[axis]!, offset);
  if (!Number.isSafeInteger(count) || last >= storage.size + (count === 0 ? 1 : 0)) {
    return refuse(`'${name}' [${shape.join(', ')}] reaches beyond its storage of ${storage.size} elements`);
  }
  const stored = floatsOf({ name, type: type.type, shape: [storage.size], bytes });
  return isContiguous(shape, strides) ? stored.slice(offset, offset + count) : gathered(stored, offset, shape, strides);
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

function gathered(
  stored: Float32Array,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Float32Array {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length: count }, (_, index) => {
    let rest = index;
    let at = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return stored[at]!;
  });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isCount);
}
