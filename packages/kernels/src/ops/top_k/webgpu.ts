import { integers, words } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { order } from '../../webgpu/order.ts';

export const topKWebGpu: WebGpuKernels = {
  /** An invocation for each line: for every rank the best of what comes after the one before. */
  'top_k.forward': (command, recording) => {
    const [width, inner, k] = [command.scalar('width'), command.scalar('inner'), command.scalar('k')];
    if (k === 0) return;
    recording.run({
      count: command.scalar('outer') * inner,
      reads: { x: words(command.buffer('x')) },
      writes: { values: words(command.buffer('values')), indices: integers(command.buffer('indices')) },
      u32: { width, inner, k, flipped: command.flag('largest') ? 0 : 2 ** 31 },
      functions: order,
      body: `let start = (i / p.inner) * p.width * p.inner + i % p.inner;
  var last = 0x7fffffffi;
  var last_at = 0u;
  for (var rank = 0u; rank < p.k; rank++) {
    var best = before_all;
    var best_at = 0u;
    for (var w = 0u; w < p.width; w++) {
      let found = rank_of(x[start + w * p.inner] ^ p.flipped);
      let open = rank == 0u || found < last || (found == last && w > last_at);
      if (open && found > best) { best = found; best_at = w; }
    }
    let to = ((i / p.inner) * p.k + rank) * p.inner + i % p.inner;
    values[to] = x[start + best_at * p.inner];
    indices[to] = i32(best_at);
    last = best;
    last_at = best_at;
  }`,
    });
  },
};
