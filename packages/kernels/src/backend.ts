/**
 * The one interface between tensors and what computes: a list of commands, executed in order.
 * Native and WebGPU work alike behind it, and the reference backend is its plain TypeScript form.
 */

/** Names a buffer of one backend. 0 is "no buffer": how a command says that an optional operand is absent. */
export type BufferId = number;

export type Dtype = 'f32' | 'i32' | 'u8';

export const bytesOfElement: Readonly<Record<Dtype, number>> = { f32: 4, i32: 4, u8: 1 };

export interface BackendDescription {
  /** The instruction-set class that numbers depend on: 'portable', 'avx2', 'avx512', 'neon', 'javascript', … */
  readonly instructionSet: string;
  readonly threads: number;
  readonly device: string;
  /** What the kernels were built from (source digest or version): a part of a run's context. */
  readonly build: string;
}

export interface Backend {
  readonly name: 'reference' | 'native' | 'webgpu';
  readonly description: BackendDescription;

  /**
   * A buffer of at least `bytes` bytes (0 is allowed and gives a buffer too). Contents are undefined. Pooled: sizes that
   * come again cost no system call. Throws `out-of-memory`.
   */
  allocate(bytes: number): BufferId;

  /**
   * Returns a buffer to the pool once the commands encoded so far have run. The id is invalid from now on. Does nothing after
   * `close`, which has freed all: a tensor may be disposed later than its backend.
   */
  free(id: BufferId): void;

  /** Copies `data` (at once: the caller may reuse it) into the buffer, in order with the commands. */
  write(id: BufferId, data: ArrayBufferView, byteOffset?: number): void;

  /**
   * Appends a command. Commands run in the order of their encoding; each sees all that earlier ones wrote.
   * `scalars` are float64. Which buffers and scalars a kernel takes stands in its op's `op.ts`. A kernel reads its
   * sizes from the scalars alone (a buffer may be larger than needed) and writes nothing beyond them.
   * Throws `unknown-kernel`, or `invalid-buffer` for a freed or foreign id.
   */
  encode(kernel: string, buffers: readonly BufferId[], scalars: readonly number[]): void;

  /** Hands what is encoded to the executor and does not wait. */
  flush(): void;

  /**
   * Flushes, waits, and copies `into.byteLength` bytes out. Rejects with what went wrong in a command since the last
   * read (such as `index-out-of-range`): a fault of the data is found here, not at `encode`.
   */
  read(id: BufferId, into: ArrayBufferView, byteOffset?: number): Promise<void>;

  /** Buffers handed out and not freed, and their bytes: a leak is a failing test. */
  readonly liveBuffers: number;
  readonly liveBytes: number;

  /** Waits for nothing, frees everything; any later call but `free` and `close` throws `backend-closed`. */
  close(): void;
}
