import type { Backend } from '../backend.ts';
import { KernelError } from '../errors.ts';
import type { Gpu } from './api.ts';
import { WebGpuBackend } from './backend.ts';

export interface WebGpuOptions {
  /** Who implements WebGPU, for a run's context: Dawn's package with its version, or the browser's user agent. */
  readonly implementation: string;
}

/**
 * The WGSL kernels on `navigator.gpu`, or on an object like it. Asks for buffers as large as the adapter has (by default they end at
 * 128 MiB) and for nothing else: no kernel binds more than the eight buffers that every device has. Throws `backend-unavailable` where there is no adapter.
 */
export async function createWebGpuBackend(gpu: Gpu | undefined, { implementation }: WebGpuOptions): Promise<Backend> {
  if (gpu === undefined) {
    throw new KernelError('backend-unavailable', 'this environment has no WebGPU (no navigator.gpu)');
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new KernelError('backend-unavailable', 'WebGPU finds no adapter: no graphics driver that it accepts');
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const requiredLimits = { maxBufferSize, maxStorageBufferBindingSize };
  try {
    return new WebGpuBackend(await adapter.requestDevice({ requiredLimits }), adapter, implementation);
  } catch (cause) {
    throw new KernelError('backend-unavailable', 'the WebGPU adapter gives no device', { cause });
  }
}
