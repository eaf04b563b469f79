import type { Backend, BackendDescription, BufferId } from '../backend.ts';
import { ensure, KernelError, type KernelErrorCode } from '../errors.ts';
import { Command } from '../ops/command.ts';
import { kernelSignatures } from '../ops/registry.ts';
import { type GpuAdapter, type GpuBuffer, type GpuDevice, mapRead, usage } from './api.ts';
import { BufferPool, type Slot } from './buffers.ts';
import type { Dispatch } from './dispatch.ts';
import { Faults, faultWords, markOf, recordWords, submissionsIn } from './faults.ts';
import type { IndexCheck, Recording } from './kernel.ts';
import { Recorder } from './recorder.ts';
import { webGpuKernels } from './registry.ts';
import { partialWords } from './words.ts';

/** Frequencies and the like that are kept on the device between commands. */
const tablesKept = 64;

export class WebGpuBackend implements Backend, Recording {
  readonly name = 'webgpu';
  readonly description: BackendDescription;
  readonly #device: GpuDevice;
  readonly #pool: BufferPool;
  readonly #recorder: Recorder;
  readonly #faults = new Faults();
  /** On the device: the first fault, and how many submissions ran. */
  readonly #record: Slot;
  readonly #live = new Map<BufferId, Slot>();
  #liveBytes = 0;
  #nextId = 1;
  /** The command that is being encoded, for messages, and what it took for itself. */
  #kernel = '';
  readonly #scratch: Slot[] = [];
  readonly #tables = new Map<string, Slot>();
  readonly #staging = new Map<number, GpuBuffer[]>();
  #closed = false;
  #failure: KernelError | undefined;

  constructor(device: GpuDevice, adapter: GpuAdapter, build: string) {
    this.#device = device;
    this.description = { instructionSet: 'wgsl', threads: 1, device: nameOf(adapter), build };
    this.#pool = new BufferPool(device);
    this.#record = this.#pool.take(recordWords * 4);
    this.#recorder = new Recorder(device, markOf(this.#record));
    device.addEventListener('uncapturederror', ({ error }) => {
      const code: KernelErrorCode = /out.?of.?memory/i.test(error.constructor.name)
        ? 'out-of-memory'
        : 'device-failure';
      this.#failure ??= new KernelError(code, `the WebGPU device refused a command: ${error.message}`);
    });
    void device.lost.then(({ reason, message }) => {
      if (this.#closed) return;
      this.#failure = new KernelError(
        'device-lost',
        `the WebGPU device was lost (${reason}): ${message || 'the driver says nothing more'}; make a new backend`,
      );
    });
  }

  get liveBuffers(): number {
    return this.#live.size;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  allocate(bytes: number): BufferId {
    this.#ensureUsable();
    const slot = this.#pool.take(bytes);
    const id = this.#nextId++;
    this.#live.set(id, slot);
    this.#liveBytes += bytes;
    return id;
  }

  free(id: BufferId): void {
    if (this.#closed) return;
    const slot = this.#slotOf(id);
    this.#live.delete(id);
    this.#liveBytes -= slot.bytes;
    this.#pool.giveBack(slot);
  }

  write(id: BufferId, data: ArrayBufferView, byteOffset = 0): void {
    this.#ensureUsable();
    const slot = this.#slotOf(id);
    ensureInside(slot, data.byteLength, byteOffset);
    this.#upload(slot, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), byteOffset);
  }

  encode(kernel: string, buffers: readonly BufferId[], scalars: readonly number[]): void {
    this.#ensureUsable();
    const run = webGpuKernels.get(kernel);
    const signature = kernelSignatures.get(kernel);
    if (run === undefined || signature === undefined) {
      throw new KernelError('unknown-kernel', `the webgpu backend has no kernel ${kernel}: use native or reference`);
    }
    const slots = buffers.map((id) => (id === 0 ? undefined : this.#slotOf(id)));
    this.#kernel = kernel;
    try {
      run(new Command(signature, slots, scalars), this);
    } finally {
      for (const slot of this.#scratch) this.#pool.giveBack(slot);
      this.#scratch.length = 0;
    }
  }

  flush(): void {
    this.#ensureUsable();
    this.#recorder.submit();
  }

  async read(id: BufferId, into: ArrayBufferView, byteOffset = 0): Promise<void> {
    this.#ensureUsable();
    const slot = this.#slotOf(id);
    ensureInside(slot, into.byteLength, byteOffset);
    const start = byteOffset - (byteOffset % 4);
    const size = roundUp(byteOffset + into.byteLength, 4) - start;
    const record = this.#record.buffer;
    const recordBytes = recordWords * 4;
    const staging = this.#takeStaging(recordBytes + size);
    this.#recorder.submitWith((encoder) => {
      encoder.copyBufferToBuffer(record, 0, staging, 0, recordBytes);
      encoder.clearBuffer(record, 0, faultWords * 4);
      if (size > 0) encoder.copyBufferToBuffer(slot.buffer, start, staging, recordBytes, size);
    });
    const { submissions } = this.#recorder;
    try {
      await staging.mapAsync(mapRead);
    } catch (cause) {
      if (this.#closed) throw closedError();
      throw this.#failure ?? new KernelError('device-failure', 'the WebGPU device gave nothing back', { cause });
    }
    const mapped = staging.getMappedRange();
    const found = new Uint32Array(mapped.slice(0, recordBytes));
    const bytes = new Uint8Array(mapped, recordBytes + byteOffset - start, into.byteLength);
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(bytes);
    staging.unmap();
    this.#giveStagingBack(staging);
    if (submissionsIn(found) !== submissions) {
      await new Promise((resolve) => setTimeout(resolve)); // the event that says why may still be on its way
      throw this.#failure ?? new KernelError('device-failure', 'the WebGPU device did not run the commands');
    }
    const fault = this.#faults.errorOf(found);
    if (fault !== undefined) throw fault;
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#live.clear();
    this.#liveBytes = 0;
    this.#pool.destroy();
    this.#recorder.destroy();
    for (const buffers of this.#staging.values()) for (const buffer of buffers) buffer.destroy();
    this.#device.destroy();
  }

  run(dispatch: Dispatch): void {
    if (dispatch.count === 0) return;
    this.#recorder.dispatch(this.#kernel, dispatch);
  }

  scratch(elements: number): Slot {
    const slot = this.#pool.take(elements * 4);
    this.#scratch.push(slot);
    return slot;
  }

  table(values: Uint32Array): Slot {
    const key = values.join();
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    for (const [oldest, slot] of this.#tables) {
      if (this.#tables.size < tablesKept) break;
      this.#tables.delete(oldest);
      this.#pool.giveBack(slot);
    }
    const slot = this.#pool.take(values.byteLength);
    this.#upload(slot, new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 0);
    this.#tables.set(key, slot);
    return slot;
  }

  checkIndices(check: IndexCheck): void {
    this.run(this.#faults.dispatchOf(this.#kernel, check, this.#record));
  }

  /** WebGPU copies whole words: those that the bytes fill only in part are merged on the device. */
  #upload(slot: Slot, bytes: Uint8Array, byteOffset: number): void {
    if (bytes.length === 0) return;
    const { whole, parts } = partialWords(bytes, byteOffset, slot.bytes);
    if (whole.bytes.length > 0) {
      // what the queue is given at once would overtake the commands that are still being recorded
      if (this.#recorder.uses(slot.buffer)) this.#recorder.submit();
      this.#device.queue.writeBuffer(slot.buffer, whole.byteOffset, whole.bytes);
    }
    for (const { word, mask, value } of parts) {
      this.#recorder.dispatch('write', {
        count: 1,
        writes: { to: { slot, type: 'u32' } },
        u32: { word, mask, value },
        body: 'to[p.word] = (to[p.word] & ~p.mask) | p.value;',
      });
    }
  }

  #takeStaging(bytes: number): GpuBuffer {
    const size = Math.max(256, 2 ** Math.ceil(Math.log2(bytes)));
    return this.#staging.get(size)?.pop() ?? this.#device.createBuffer({ size, usage: usage.mapRead | usage.copyTo });
  }

  #giveStagingBack(buffer: GpuBuffer): void {
    if (this.#closed) {
      buffer.destroy();
      return;
    }
    const unused = this.#staging.get(buffer.size);
    if (unused === undefined) this.#staging.set(buffer.size, [buffer]);
    else unused.push(buffer);
  }

  #ensureUsable(): void {
    if (this.#closed) throw closedError();
    if (this.#failure?.code === 'device-lost') throw this.#failure;
  }

  #slotOf(id: BufferId): Slot {
    const slot = this.#live.get(id);
    if (slot !== undefined) return slot;
    if (this.#closed) throw closedError();
    throw new KernelError('invalid-buffer', `buffer ${id} was freed or never allocated`);
  }
}

function closedError(): KernelError {
  return new KernelError('backend-closed', 'the webgpu backend is closed');
}

function ensureInside(slot: Slot, bytes: number, byteOffset: number): void {
  ensure(
    Number.isSafeInteger(byteOffset) && byteOffset >= 0 && byteOffset + bytes <= slot.bytes,
    'size-mismatch',
    () => `${bytes} bytes from ${byteOffset} do not lie in a buffer of ${slot.bytes}`,
  );
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Adapter and driver, as far as they are told: a browser may tell nothing. */
function nameOf({ info }: GpuAdapter): string {
  const names = [info.vendor, info.architecture, info.device, info.description].filter((name) => name !== '');
  const name = [...new Set(names)].join(', ') || 'unnamed adapter';
  return info.isFallbackAdapter === true ? `${name} (in software)` : name;
}
