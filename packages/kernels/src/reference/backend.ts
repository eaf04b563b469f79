import type { Backend, BackendDescription, BufferId } from '../backend.ts';
import { ensure, KernelError } from '../errors.ts';
import { Command } from '../ops/command.ts';
import { kernelSignatures, referenceKernels } from '../ops/registry.ts';
import { Operands, type ReferenceBuffer } from './operands.ts';

export interface ReferenceOptions {
  /**
   * What a float tensor is stored in. 'f64' keeps every intermediate value exact to 1e-16, for finite differences and as the
   * oracle of the conformance suite: there, floats are written and read as Float64Array too.
   */
  readonly precision?: 'f32' | 'f64';
}

/** The oracle: every kernel in plain TypeScript, accumulating in float64. Runs wherever JavaScript does. */
export function createReferenceBackend(options: ReferenceOptions = {}): Backend {
  return new ReferenceBackend(options.precision ?? 'f32');
}

class ReferenceBackend implements Backend {
  readonly name = 'reference';
  readonly description: BackendDescription;
  readonly #precision: 'f32' | 'f64';
  readonly #buffers = new Map<BufferId, StoredBuffer>();
  #nextId = 1;
  #liveBytes = 0;
  #closed = false;
  /** The first fault of a command since the last read. */
  #fault: unknown;

  constructor(precision: 'f32' | 'f64') {
    this.#precision = precision;
    this.description = { instructionSet: 'javascript', threads: 1, device: 'cpu', build: `typescript-${precision}` };
  }

  get liveBuffers(): number {
    return this.#buffers.size;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  allocate(bytes: number): BufferId {
    this.#ensureOpen();
    ensure(
      Number.isSafeInteger(bytes) && bytes >= 0,
      'invalid-argument',
      () => `a buffer has a whole number of bytes, found ${bytes}`,
    );
    const id = this.#nextId++;
    try {
      this.#buffers.set(id, new StoredBuffer(bytes, this.#precision));
    } catch (cause) {
      throw new KernelError('out-of-memory', `no memory for a buffer of ${bytes} bytes`, { cause });
    }
    this.#liveBytes += bytes;
    return id;
  }

  free(id: BufferId): void {
    if (this.#closed) return;
    this.#liveBytes -= this.#bufferOf(id).byteLength;
    this.#buffers.delete(id);
  }

  write(id: BufferId, data: ArrayBufferView, byteOffset = 0): void {
    this.#ensureOpen();
    this.#bufferOf(id).write(data, byteOffset);
  }

  /** Runs the command at once: order is the same, and a stack trace shows who encoded it. */
  encode(kernel: string, buffers: readonly BufferId[], scalars: readonly number[]): void {
    this.#ensureOpen();
    const signature = kernelSignatures.get(kernel);
    const run = referenceKernels.get(kernel);
    if (signature === undefined || run === undefined) {
      throw new KernelError('unknown-kernel', `the reference backend has no kernel ${kernel}`);
    }
    const operands = new Operands(
      new Command(
        signature,
        buffers.map((id) => (id === 0 ? undefined : this.#bufferOf(id))),
        scalars,
      ),
    );
    try {
      run(operands);
    } catch (fault) {
      this.#fault ??= fault;
    }
  }

  flush(): void {
    this.#ensureOpen();
  }

  async read(id: BufferId, into: ArrayBufferView, byteOffset = 0): Promise<void> {
    this.#ensureOpen();
    const buffer = this.#bufferOf(id);
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) throw fault;
    buffer.read(into, byteOffset);
  }

  close(): void {
    this.#buffers.clear();
    this.#liveBytes = 0;
    this.#closed = true;
  }

  #bufferOf(id: BufferId): StoredBuffer {
    const buffer = this.#buffers.get(id);
    if (buffer === undefined) throw new KernelError('invalid-buffer', `buffer ${id} was freed or never allocated`);
    return buffer;
  }

  #ensureOpen(): void {
    if (this.#closed) throw new KernelError('backend-closed', 'the reference backend is closed');
  }
}

/** Bytes, with the floats in the precision of the backend. New memory holds NaN, so that reading it before writing shows. */
class StoredBuffer implements ReferenceBuffer {
  readonly byteLength: number;
  readonly bytes: Uint8Array;
  readonly integers: Int32Array;
  readonly #precision: 'f32' | 'f64';
  #floats: Float32Array | Float64Array | undefined;

  constructor(byteLength: number, precision: 'f32' | 'f64') {
    this.byteLength = byteLength;
    const words = Math.ceil(byteLength / 4);
    const memory = new ArrayBuffer(words * 4);
    this.bytes = new Uint8Array(memory, 0, byteLength);
    this.integers = new Int32Array(memory);
    this.#precision = precision;
    if (precision === 'f32') this.#floats = new Float32Array(memory).fill(Number.NaN);
  }

  get floats(): Float32Array | Float64Array {
    this.#floats ??= new Float64Array(this.integers.length).fill(Number.NaN);
    return this.#floats;
  }

  write(data: ArrayBufferView, byteOffset: number): void {
    if (this.#precision === 'f64' && isFloats(data)) {
      this.#ensureInside(data.length * 4, byteOffset);
      this.floats.set(data, byteOffset / 4);
      return;
    }
    this.#ensureInside(data.byteLength, byteOffset);
    this.bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), byteOffset);
  }

  read(into: ArrayBufferView, byteOffset: number): void {
    if (this.#precision === 'f64' && isFloats(into)) {
      this.#ensureInside(into.length * 4, byteOffset);
      into.set(this.floats.subarray(byteOffset / 4, byteOffset / 4 + into.length));
      return;
    }
    this.#ensureInside(into.byteLength, byteOffset);
    const bytes = this.bytes.subarray(byteOffset, byteOffset + into.byteLength);
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(bytes);
  }

  #ensureInside(bytes: number, byteOffset: number): void {
    ensure(
      byteOffset >= 0 && byteOffset % 1 === 0 && byteOffset + bytes <= this.byteLength,
      'size-mismatch',
      () => `${bytes} bytes from ${byteOffset} do not lie in a buffer of ${this.byteLength}`,
    );
  }
}

function isFloats(view: ArrayBufferView): view is Float32Array | Float64Array {
  return view instanceof Float32Array || view instanceof Float64Array;
}
