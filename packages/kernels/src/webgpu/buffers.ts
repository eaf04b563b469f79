import { KernelError } from '../errors.ts';
import { type GpuBuffer, type GpuDevice, usage } from './api.ts';

/** A buffer handed out. `bytes` is what was asked for; the GPU's buffer is at least as large. */
export interface Slot {
  readonly bytes: number;
  readonly buffer: GpuBuffer;
}

/** Even an empty tensor is something that can be bound. */
const smallest = 16;

/**
 * GPU buffers by size class, eight for each power of two. Commands run in the order of their encoding, so a buffer may be handed out
 * again as soon as its last command is encoded.
 */
export class BufferPool {
  readonly #device: GpuDevice;
  readonly #unused = new Map<number, GpuBuffer[]>();
  readonly #made = new Set<GpuBuffer>();

  constructor(device: GpuDevice) {
    this.#device = device;
  }

  take(bytes: number): Slot {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new KernelError('invalid-argument', `a buffer has a whole number of bytes, found ${bytes}`);
    }
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#device.limits;
    const largest = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    if (bytes > largest) {
      throw new KernelError(
        'out-of-memory',
        `the WebGPU device has buffers of up to ${largest} bytes, ${bytes} are needed`,
      );
    }
    const size = Math.min(sizeClass(bytes), largest - (largest % 4));
    const buffer = this.#unused.get(size)?.pop() ?? this.#make(size);
    return { bytes, buffer };
  }

  giveBack({ buffer }: Slot): void {
    const unused = this.#unused.get(buffer.size);
    if (unused === undefined) this.#unused.set(buffer.size, [buffer]);
    else unused.push(buffer);
  }

  destroy(): void {
    for (const buffer of this.#made) buffer.destroy();
    this.#made.clear();
    this.#unused.clear();
  }

  #make(size: number): GpuBuffer {
    const buffer = this.#device.createBuffer({ size, usage: usage.storage | usage.copyFrom | usage.copyTo });
    this.#made.add(buffer);
    return buffer;
  }
}

/** The next of eight steps within a power of two, a multiple of 16. */
function sizeClass(bytes: number): number {
  if (bytes <= smallest) return smallest;
  const step = Math.max(2 ** (Math.floor(Math.log2(bytes)) - 3), smallest);
  return Math.ceil(bytes / step) * step;
}
