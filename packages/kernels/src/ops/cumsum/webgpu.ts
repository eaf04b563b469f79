import type { Slot } from '../../webgpu/buffers.ts';
import type { Recording, WebGpuKernels } from '../../webgpu/kernel.ts';

/** Elements that one invocation adds up in a row. */
const run = 64;

interface Scan {
  readonly x: Slot;
  readonly y: Slot;
  readonly outer: number;
  readonly width: number;
  readonly inner: number;
  readonly backwards: boolean;
  readonly accumulate: boolean;
}

export const cumsumWebGpu: WebGpuKernels = {
  'cumsum.forward': (command, recording) => {
    scan(recording, {
      x: command.buffer('x'),
      y: command.buffer('y'),
      outer: command.scalar('outer'),
      width: command.scalar('width'),
      inner: command.scalar('inner'),
      backwards: command.flag('backwards'),
      accumulate: command.flag('accumulate'),
    });
  },
};

/**
 * Runs of 64 elements: their sums are scanned first (in the same way), then each run goes on from the sum of those before it. So errors grow
 * with the number of levels and not with the width.
 */
function scan(recording: Recording, { x, y, outer, width, inner, backwards, accumulate }: Scan): void {
  const runs = Math.max(1, Math.ceil(width / run));
  const count = outer * runs * inner;
  const u32 = { width, inner, runs };
  // run `part` of a line holds its elements from `begin` on, in the direction of the sum
  const place = `let column = i % p.inner;
  let part = (i / p.inner) % p.runs;
  let start = (i / (p.inner * p.runs)) * p.width * p.inner + column;
  let begin = part * ${run}u;
  let end = min(begin + ${run}u, p.width);`;
  const at = `start + ${backwards ? '(p.width - 1u - w)' : 'w'} * p.inner`;
  let before: Slot | undefined;
  if (runs > 1) {
    const sums = recording.scratch(count);
    before = recording.scratch(count);
    recording.run({
      count,
      reads: { x },
      writes: { sums },
      u32,
      body: `${place}
  var total = 0.0;
  for (var w = begin; w < end; w++) { total += x[${at}]; }
  sums[i] = total;`,
    });
    // runs are numbered in the direction of the sum
    scan(recording, { x: sums, y: before, outer, width: runs, inner, backwards: false, accumulate: false });
  }
  recording.run({
    count,
    reads: { x, before },
    writes: { y },
    u32,
    body: `${place}
  var total = ${before === undefined ? '0.0' : 'select(0.0, before[max(i, p.inner) - p.inner], part > 0u)'};
  var own = 0.0;
  for (var w = begin; w < end; w++) {
    own += x[${at}];
    y[${at}] ${accumulate ? '+=' : '='} total + own;
  }`,
  });
}
