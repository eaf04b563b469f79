/**
 * The part of WebGPU that the backend uses, as structural types: `navigator.gpu` of a browser and the object of Dawn's Node package
 * both fit, and the package needs no global declarations.
 */
export interface Gpu {
  requestAdapter(options?: { powerPreference?: 'low-power' | 'high-performance' }): Promise<GpuAdapter | null>;
}

export interface GpuAdapter {
  readonly info: GpuAdapterInfo;
  readonly limits: GpuLimits;
  requestDevice(options?: { requiredLimits?: Record<string, number> }): Promise<GpuDevice>;
}

export interface GpuAdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

export interface GpuLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxComputeWorkgroupsPerDimension: number;
}

export interface GpuDevice {
  readonly limits: GpuLimits;
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  readonly queue: GpuQueue;
  addEventListener(
    type: 'uncapturederror',
    listener: (event: { readonly error: { readonly message: string } }) => void,
  ): void;
  createBuffer(descriptor: { size: number; usage: number }): GpuBuffer;
  createShaderModule(descriptor: { code: string; label?: string }): GpuObject;
  createBindGroupLayout(descriptor: { entries: Iterable<object> }): GpuObject;
  createPipelineLayout(descriptor: { bindGroupLayouts: Iterable<GpuObject | null | undefined> }): GpuObject;
  createComputePipeline(descriptor: {
    layout: GpuObject | 'auto';
    compute: { module: GpuObject; entryPoint?: string };
    label?: string;
  }): GpuObject;
  createBindGroup(descriptor: { layout: GpuObject; entries: Iterable<object> }): GpuObject;
  createCommandEncoder(): GpuCommandEncoder;
  destroy(): void;
}

/** What is only handed on: layouts, modules, pipelines, bind groups, finished commands. */
export type GpuObject = object;

export interface GpuQueue {
  writeBuffer(buffer: GpuBuffer, offset: number, data: ArrayBufferView, dataOffset?: number, size?: number): void;
  submit(commands: Iterable<GpuObject>): void;
}

export interface GpuBuffer {
  readonly size: number;
  mapAsync(mode: number, offset?: number, size?: number): Promise<unknown>;
  getMappedRange(offset?: number, size?: number): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

export interface GpuCommandEncoder {
  beginComputePass(): GpuComputePass;
  copyBufferToBuffer(from: GpuBuffer, fromOffset: number, to: GpuBuffer, toOffset: number, size: number): void;
  clearBuffer(buffer: GpuBuffer, offset?: number, size?: number): void;
  finish(): GpuObject;
}

export interface GpuComputePass {
  setPipeline(pipeline: GpuObject): void;
  setBindGroup(index: number, group: GpuObject | null | undefined, dynamicOffsets?: Iterable<number>): void;
  dispatchWorkgroups(x: number, y?: number): void;
  end(): void;
}

/** GPUBufferUsage and GPUMapMode: constants of the standard, which outside a browser are not globals. */
export const usage = { mapRead: 1, copyFrom: 4, copyTo: 8, uniform: 64, storage: 128 } as const;
export const mapRead = 1;
export const computeStage = 4;
