import { KernelError } from '../errors.ts';
import {
  computeStage,
  type GpuBuffer,
  type GpuCommandEncoder,
  type GpuComputePass,
  type GpuDevice,
  type GpuObject,
  usage,
} from './api.ts';
import { assemble, type Dispatch, parameterWords } from './dispatch.ts';

/** Dispatches of one submission: what their parameters have room for. */
const dispatchesAtOnce = 256;
const parameterBytes = parameterWords * 4;

interface Pipeline {
  readonly pipeline: GpuObject;
  readonly layout: GpuObject;
}

/**
 * Records dispatches into one compute pass and submits them together. The parameters of all of them lie in one buffer, written when
 * they are submitted: the queue keeps the order, so the same buffer serves again at once.
 */
export class Recorder {
  readonly #device: GpuDevice;
  readonly #parameters = new Uint32Array(dispatchesAtOnce * parameterWords);
  readonly #parameterBuffer: GpuBuffer;
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #layouts = new Map<string, { readonly group: GpuObject; readonly pipeline: GpuObject }>();
  readonly #used = new Set<GpuBuffer>();
  #recorded = 0;
  #encoder: GpuCommandEncoder | undefined;
  #pass: GpuComputePass | undefined;

  constructor(device: GpuDevice) {
    this.#device = device;
    this.#parameterBuffer = device.createBuffer({
      size: dispatchesAtOnce * parameterBytes,
      usage: usage.uniform | usage.copyTo,
    });
  }

  /** Whether a dispatch that is not submitted yet reads or writes the buffer. */
  uses(buffer: GpuBuffer): boolean {
    return this.#used.has(buffer);
  }

  dispatch(kernel: string, dispatch: Dispatch): void {
    if (this.#recorded === dispatchesAtOnce) this.submit();
    const at = this.#recorded * parameterWords;
    const parameters = this.#parameters.subarray(at, at + parameterWords);
    const { code, reads, writes, workgroups } = assemble(kernel, dispatch, parameters);
    const { pipeline, layout } = this.#pipelineOf(kernel, code, reads.length, writes.length);
    const entries: object[] = [{ binding: 0, resource: { buffer: this.#parameterBuffer, size: parameterBytes } }];
    for (const { buffer } of [...reads, ...writes]) {
      entries.push({ binding: entries.length, resource: { buffer } });
      this.#used.add(buffer);
    }
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass();
    this.#pass.setPipeline(pipeline);
    this.#pass.setBindGroup(0, this.#device.createBindGroup({ layout, entries }), [at * 4]);
    // more workgroups than one dimension holds are laid out in two; invocations beyond the count return at once
    const across = Math.min(workgroups, this.#device.limits.maxComputeWorkgroupsPerDimension);
    this.#pass.dispatchWorkgroups(across, Math.ceil(workgroups / across));
    this.#recorded += 1;
  }

  /** Hands over what is recorded. */
  submit(): void {
    if (this.#recorded > 0) {
      this.#device.queue.writeBuffer(this.#parameterBuffer, 0, this.#parameters, 0, this.#recorded * parameterWords);
    }
    this.#pass?.end();
    this.#pass = undefined;
    if (this.#encoder !== undefined) this.#device.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#recorded = 0;
    this.#used.clear();
  }

  /** Submits copies, after all that was recorded. */
  copy(record: (encoder: GpuCommandEncoder) => void): void {
    this.submit();
    const encoder = this.#device.createCommandEncoder();
    record(encoder);
    this.#device.queue.submit([encoder.finish()]);
  }

  destroy(): void {
    this.#parameterBuffer.destroy();
  }

  #pipelineOf(kernel: string, code: string, reads: number, writes: number): Pipeline {
    const known = this.#pipelines.get(code);
    if (known !== undefined) return known;
    const { group, pipeline: layout } = this.#layoutOf(kernel, reads, writes);
    const module = this.#device.createShaderModule({ code, label: kernel });
    const compute = { module, entryPoint: 'main' };
    const made = { pipeline: this.#device.createComputePipeline({ layout, compute, label: kernel }), layout: group };
    this.#pipelines.set(code, made);
    return made;
  }

  #layoutOf(kernel: string, reads: number, writes: number) {
    const key = `${reads} ${writes}`;
    const known = this.#layouts.get(key);
    if (known !== undefined) return known;
    const most = this.#device.limits.maxStorageBuffersPerShaderStage;
    if (reads + writes > most) {
      throw new KernelError(
        'device-failure',
        `${kernel} needs ${reads + writes} buffers at once, the WebGPU device binds ${most}`,
      );
    }
    const entry = (binding: number, buffer: object) => ({ binding, visibility: computeStage, buffer });
    const entries = [entry(0, { type: 'uniform', hasDynamicOffset: true, minBindingSize: parameterBytes })];
    for (let i = 0; i < reads; i++) entries.push(entry(entries.length, { type: 'read-only-storage' }));
    for (let i = 0; i < writes; i++) entries.push(entry(entries.length, { type: 'storage' }));
    const group = this.#device.createBindGroupLayout({ entries });
    const made = { group, pipeline: this.#device.createPipelineLayout({ bindGroupLayouts: [group] }) };
    this.#layouts.set(key, made);
    return made;
  }
}
