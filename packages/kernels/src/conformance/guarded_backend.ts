import type { Backend, BackendDescription, BufferId } from '../backend.ts';

/** Bytes behind each buffer that nobody may write. */
const guardBytes = 64;
const guardByte = 0xa5;

/**
 * A backend that puts sentinels behind every buffer, fills new ones with NaN, and frees only at the end, so that a kernel that
 * writes too far, or reads what nobody wrote, is found out.
 */
export class GuardedBackend implements Backend {
  readonly #inner: Backend;
  readonly #sizes = new Map<BufferId, number>();
  readonly #freed = new Set<BufferId>();

  constructor(inner: Backend) {
    this.#inner = inner;
  }

  get name(): Backend['name'] {
    return this.#inner.name;
  }

  get description(): BackendDescription {
    return this.#inner.description;
  }

  /** Buffers that their owner has not freed. */
  get liveBuffers(): number {
    return this.#sizes.size - this.#freed.size;
  }

  get liveBytes(): number {
    let bytes = 0;
    for (const [id, size] of this.#sizes) if (!this.#freed.has(id)) bytes += size;
    return bytes;
  }

  allocate(bytes: number): BufferId {
    const id = this.#inner.allocate(bytes + guardBytes);
    const contents = new Uint8Array(bytes + guardBytes).fill(0xff, 0, bytes).fill(guardByte, bytes);
    this.#inner.write(id, contents);
    this.#sizes.set(id, bytes);
    return id;
  }

  free(id: BufferId): void {
    if (!this.#sizes.has(id) || this.#freed.has(id)) throw new Error(`buffer ${id} is freed twice`);
    this.#freed.add(id);
  }

  write(id: BufferId, data: ArrayBufferView, byteOffset?: number): void {
    this.#inner.write(id, data, byteOffset);
  }

  encode(kernel: string, buffers: readonly BufferId[], scalars: readonly number[]): void {
    for (const id of buffers) if (this.#freed.has(id)) throw new Error(`${kernel} is given the freed buffer ${id}`);
    this.#inner.encode(kernel, buffers, scalars);
  }

  flush(): void {
    this.#inner.flush();
  }

  read(id: BufferId, into: ArrayBufferView, byteOffset?: number): Promise<void> {
    return this.#inner.read(id, into, byteOffset);
  }

  /** Gives the ids of buffers that were written beyond their end, and frees all. */
  async damaged(): Promise<BufferId[]> {
    const damaged: BufferId[] = [];
    const guard = new Uint8Array(guardBytes);
    for (const [id, bytes] of this.#sizes) {
      await this.#inner.read(id, guard, bytes);
      if (guard.some((byte) => byte !== guardByte)) damaged.push(id);
      this.#inner.free(id);
    }
    this.#sizes.clear();
    this.#freed.clear();
    return damaged;
  }

  close(): void {
    this.#inner.close();
  }
}
