import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';

export const swigluWebGpu: WebGpuKernels = {
  'swiglu.forward': (command, recording) => {
    recording.run({
      count: command.scalar('count'),
      reads: { gate: command.buffer('gate'), up: command.buffer('up') },
      writes: { y: command.buffer('y') },
      functions: math,
      body: 'y[i] = gate[i] * sigmoid(gate[i]) * up[i];',
    });
  },

  'swiglu.backward': (command, recording) => {
    const dgate = command.bufferIfAny('dgate');
    const dup = command.bufferIfAny('dup');
    const store = (name: string) => (command.flag(name) ? '+=' : '=');
    if (dgate === undefined && dup === undefined) return;
    recording.run({
      count: command.scalar('count'),
      // the gradient of gate alone needs up
      reads: { dy: command.buffer('dy'), gate: command.buffer('gate'), up: dgate && command.buffer('up') },
      writes: { dgate, dup },
      functions: math,
      body: `let g = gate[i];
  let s = sigmoid(g);
  ${dgate === undefined ? '' : `dgate[i] ${store('accumulateGate')} dy[i] * up[i] * (s * (1.0 + g * (1.0 - s)));`}
  ${dup === undefined ? '' : `dup[i] ${store('accumulateUp')} dy[i] * (g * s);`}`,
    });
  },
};
