import { type Backend, type BufferId, bytesOfElement, type Dtype } from './backend.ts';
import { ensure, formatShape, KernelError } from './errors.ts';
import { needsGradient, recordGradient } from './recording.ts';

export type TensorData = Float32Array | Int32Array | Uint8Array;

/** A backend's buffer with a count of who uses it: tensors, views, and the tape. */
export class Storage {
  readonly backend: Backend;
  /** The buffer; -1 once the last user has let go. */
  id: BufferId;
  references = 1;

  constructor(backend: Backend, bytes: number) {
    this.backend = backend;
    this.id = backend.allocate(bytes);
  }

  retain(): Storage {
    this.references += 1;
    return this;
  }

  release(): void {
    this.references -= 1;
    if (this.references === 0) {
      this.backend.free(this.id);
      this.id = -1;
    }
  }
}

/** Tensors made in each open scope, innermost last. */
const openScopes: Tensor[][] = [];

/**
 * An n-dimensional array in row-major order on a backend. Computing with it only encodes commands; `read` waits.
 * Memory is explicit: dispose it, make it inside a `scope`, or declare it with `using`.
 */
export class Tensor implements Disposable {
  readonly backend: Backend;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  /** Number of elements. */
  readonly size: number;
  /** Shared by views. Gradient rules read `storage.id`, everyone else `buffer`. */
  storage: Storage;
  /** Taken out of its scope by `keep`. */
  kept = false;
  #disposed = false;

  /** Use `Tensor.from`, `zeros`, `full` or `empty`. Without `storage` a buffer with undefined contents is allocated. */
  constructor(backend: Backend, shape: readonly number[], dtype: Dtype, storage?: Storage) {
    this.backend = backend;
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOfShape(shape);
    this.storage = storage ?? new Storage(backend, this.size * bytesOfElement[dtype]);
    openScopes.at(-1)?.push(this);
  }

  static from(backend: Backend, data: TensorData, shape: readonly number[]): Tensor {
    requireSize(data.length, shape);
    const tensor = new Tensor(backend, shape, dtypeOf(data));
    backend.write(tensor.storage.id, data);
    return tensor;
  }

  static zeros(backend: Backend, shape: readonly number[], dtype: Dtype = 'f32'): Tensor {
    if (dtype === 'f32') return Tensor.full(backend, shape, 0);
    return Tensor.from(backend, new arrayOf[dtype](sizeOfShape(shape)), shape);
  }

  static full(backend: Backend, shape: readonly number[], value: number): Tensor {
    const tensor = Tensor.empty(backend, shape);
    backend.encode('fill.forward', [tensor.storage.id], [tensor.size, value]);
    return tensor;
  }

  /** Contents undefined: for an op that overwrites all of it. */
  static empty(backend: Backend, shape: readonly number[], dtype: Dtype = 'f32'): Tensor {
    return new Tensor(backend, shape, dtype);
  }

  get buffer(): BufferId {
    if (this.#disposed)
      throw new KernelError('disposed-tensor', `tensor ${formatShape(this.shape)} is used after dispose`);
    return this.storage.id;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Replaces the contents, in order with the commands. Same size and dtype. */
  write(data: TensorData): void {
    requireSize(data.length, this.shape);
    ensure(
      dtypeOf(data) === this.dtype,
      'dtype-mismatch',
      () => `tensor holds ${this.dtype}, data is ${dtypeOf(data)}`,
    );
    this.backend.write(this.buffer, data);
  }

  async read(): Promise<TensorData> {
    const data = new arrayOf[this.dtype](this.size);
    await this.backend.read(this.buffer, data);
    return data;
  }

  async readFloats(): Promise<Float32Array> {
    ensure(this.dtype === 'f32', 'dtype-mismatch', () => `readFloats needs f32, tensor holds ${this.dtype}`);
    const data = new Float32Array(this.size);
    await this.backend.read(this.buffer, data);
    return data;
  }

  /** A view of the same buffer. One extent may be -1: what remains. */
  reshape(shape: readonly number[]): Tensor {
    const resolved = resolveShape(shape, this.size);
    void this.buffer; // refuses a disposed tensor
    const view = new Tensor(this.backend, resolved, this.dtype, this.storage.retain());
    if (needsGradient(this)) {
      recordGradient(view, [this], [], (gradient, sink) => sink.pass(this, gradient));
    }
    return view;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.storage.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Runs `body` and frees every tensor made inside, except those in what it returns (a tensor, or arrays and records of
 * them): these belong to the enclosing scope, or to the caller where there is none. When `body` throws, all are freed.
 */
export function scope<T>(body: () => T): T {
  const made: Tensor[] = [];
  openScopes.push(made);
  const survivors = new Set<Tensor>();
  try {
    const result = body();
    ensure(!(result instanceof Promise), 'async-scope', () => 'the body of a scope must not be async: await outside');
    collectTensors(result, survivors);
    return result;
  } finally {
    openScopes.pop();
    const outer = openScopes.at(-1);
    for (const tensor of made) {
      if (survivors.has(tensor)) outer?.push(tensor);
      else if (!tensor.kept) tensor.dispose();
    }
  }
}

/** Takes a tensor out of the scope that would free it. The owner disposes it. */
export function keep(tensor: Tensor): Tensor {
  tensor.kept = true;
  return tensor;
}

export function sizeOfShape(shape: readonly number[]): number {
  let size = 1;
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0) {
      throw new KernelError('shape-mismatch', `extents are integers from 0, found ${formatShape(shape)}`);
    }
    size *= extent;
  }
  if (!Number.isSafeInteger(size)) {
    throw new KernelError('shape-mismatch', `shape ${formatShape(shape)} has too many elements`);
  }
  return size;
}

const arrayOf = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const;

function dtypeOf(data: TensorData): Dtype {
  if (data instanceof Float32Array) return 'f32';
  if (data instanceof Int32Array) return 'i32';
  return 'u8';
}

function requireSize(length: number, shape: readonly number[]): void {
  const size = sizeOfShape(shape);
  ensure(
    length === size,
    'size-mismatch',
    () => `shape ${formatShape(shape)} holds ${size} elements, data has ${length}`,
  );
}

function resolveShape(shape: readonly number[], size: number): readonly number[] {
  const open = shape.indexOf(-1);
  const message = () => `${size} elements do not reshape to ${formatShape(shape)}`;
  if (open === -1) {
    ensure(sizeOfShape(shape) === size, 'shape-mismatch', message);
    return shape;
  }
  const known = sizeOfShape(shape.filter((_, axis) => axis !== open));
  ensure(known > 0 && size % known === 0, 'shape-mismatch', message);
  return shape.with(open, size / known);
}

function collectTensors(value: unknown, into: Set<Tensor>): void {
  if (value instanceof Tensor) into.add(value);
  else if (Array.isArray(value)) for (const item of value) collectTensors(item, into);
  else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) collectTensors(item, into);
  }
}
