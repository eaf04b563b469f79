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

/** Dispatches of one submission, its mark among them: what their parameters have room for. */
const dispatchesAtOnce = 256;
const parameterBytes = parameterWords * 4;

interface Pipeline {
  readonly pipeline: GpuObject;
  readonly layout: GpuObject;
}

/**
 * Records dispatches into one compute pass and submits them together. The parameters of all of them lie in one buffer, written when
 * they are submitted: the queue keeps the order, so the same buffer serves again at once. Each submission ends with `mark`, which
 * counts on the device: one that the device refused is missing in the count.
 */
export class Recorder {
  readonly #device: GpuDevice;
  readonly #parameters = new Uint32Array(dispatchesAtOnce * parameterWords);
  readonly #parameterBuffer: GpuBuffer;
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #layouts = new Map<string, { readonly group: GpuObject; readonly pipeline: GpuObject }>();
  readonly #used = new Set<GpuBuffer>();
  readonly #mark: Dispatch;
  #recorded = 0;
  #submissions = 0;
  #encoder: GpuCommandEncoder | undefined;
  #pass: GpuComputePass | undefined;

  constructor(device: GpuDevice, mark: Dispatch) {
    this.#device = device;
    this.#mark = mark;
    this.#parameterBuffer = device.createBuffer({
      size: dispatchesAtOnce * parameterBytes,
      usage: usage.uniform | usage.copyTo,
    });
  }

  /** Whether a dispatch that is not submitted yet reads or writes the buffer. */
  uses(buffer: GpuBuffer): boolean {
    return this.#used.has(buffer);
  }

  /** Submissions so far, modulo 2^32: what the marks have counted when all of them ran. */
  get submissions(): number {
    return this.#submissions;
  }

  dispatch(kernel: string, dispatch: Dispatch): void {
    if (this.#recorded === dispatchesAtOnce - 1) this.submit();
    this.#record(kernel, dispatch);
  }

  /** Hands over what is recorded, if anything is. */
  submit(): void {
    if (this.#recorded > 0) this.#submit();
  }

  /** Submits copies after all that was recorded. */
  submitWith(copies: (encoder: GpuCommandEncoder) => void): void {
    this.#submit(copies);
  }

  destroy(): void {
    this.#parameterBuffer.destroy();
  }

  #record(kernel: string, dispatch: Dispatch): void {
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

  #submit(copies?: (encoder: GpuCommandEncoder) => void): void {
    this.#record('mark', this.#mark);
    this.#submissions = (this.#submissions + 1) >>> 0;
    const { queue } = this.#device;
    queue.writeBuffer(this.#parameterBuffer, 0, this.#parameters, 0, this.#recorded * parameterWords);
    this.#pass?.end();
    if (this.#encoder !== undefined) {
      copies?.(this.#encoder);
      queue.submit([this.#encoder.finish()]);
    }
    this.#pass = undefined;
    this.#encoder = undefined;
    this.#recorded = 0;
    this.#used.clear();
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
