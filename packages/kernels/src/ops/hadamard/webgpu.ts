import type { WebGpuKernels } from '../../webgpu/kernel.ts';

export const hadamardWebGpu: WebGpuKernels = {
  // One dispatch for each stage: blocks start at multiples of their size, so the bits of i say which of a pair an element is.
  'hadamard.forward': (command, recording) => {
    const count = command.scalar('rows') * command.scalar('width');
    const size = command.scalar('size');
    const [x, y] = [command.buffer('x'), command.buffer('y')];
    const store = command.flag('accumulate') ? '+=' : '=';
    const f32 = { factor: command.scalar('factor') };
    if (size === 1) {
      recording.run({ count, reads: { x }, writes: { y }, f32, body: `y[i] ${store} p.factor * x[i];` });
      return;
    }
    const between = [recording.scratch(count), recording.scratch(count)] as const;
    let from = x;
    for (let apart = 1, stage = 0; apart < size; apart *= 2, stage++) {
      const last = 2 * apart === size;
      const to = last ? y : between[stage % 2]!;
      recording.run({
        count,
        reads: { x: from },
        writes: { y: to },
        u32: { apart },
        f32,
        body: `var value = x[i];
  if ((i & p.apart) == 0u) { value = value + x[i + p.apart]; } else { value = x[i - p.apart] - value; }
  y[i] ${last ? `${store} p.factor * value` : '= value'};`,
      });
      from = to;
    }
  },
};
