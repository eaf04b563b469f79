import type { Slot } from '../../webgpu/buffers.ts';
import { integers } from '../../webgpu/dispatch.ts';
import type { Recording, WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';
import type { Command } from '../command.ts';

const none = 0;
const mean = 1;

export const crossEntropyWebGpu: WebGpuKernels = {
  'cross_entropy.forward': (command, recording) => {
    const [rows, classes] = [command.scalar('rows'), command.scalar('classes')];
    const reduction = command.scalar('reduction');
    const smoothing = command.scalar('labelSmoothing');
    const [logits, y] = [command.buffer('logits'), command.buffer('y')];
    const [logSumExp, kept] = [command.buffer('logSumExp'), command.buffer('kept')];
    const targets = integers(command.buffer('targets'));
    const overRow = { extents: [rows, classes], strides: { x: [classes, 1] }, targetStrides: [1, 0] };
    const u32 = { classes };
    const i32 = { ignoreIndex: command.scalar('ignoreIndex') };
    checkTargets(command, recording);
    const largest = recording.scratch(rows);
    reduce(recording, { ...overRow, reads: { logits }, largest: true, term: 'logits[at_x]', target: largest });
    reduce(recording, {
      ...overRow,
      reads: { logits, largest },
      u32,
      functions: math,
      term: 'exponential(logits[at_x] - largest[at_x / p.classes])',
      finish: 'largest[at_result] + logarithm(total)',
      finishReads: { largest },
      target: logSumExp,
    });
    const smoothed = smoothing === 0 ? undefined : recording.scratch(rows);
    if (smoothed !== undefined) {
      reduce(recording, {
        ...overRow,
        reads: { logits, logSumExp },
        u32,
        term: 'logSumExp[at_x / p.classes] - logits[at_x]',
        target: smoothed,
      });
    }
    const loss = reduction === none ? y : recording.scratch(rows);
    recording.run({
      count: rows,
      reads: { logits, targets, logSumExp, smoothed },
      writes: { loss },
      u32,
      i32,
      f32: { hard: 1 - smoothing, soft: smoothing / classes, zLoss: command.scalar('zLoss') },
      body: `let class_index = targets[i];
  if (class_index == p.ignoreIndex) { loss[i] = 0.0; return; }
  let l = logSumExp[i];
  loss[i] = p.hard * (l - logits[i * p.classes + u32(class_index)]) + p.zLoss * (l * l)${smoothed === undefined ? '' : ' + p.soft * smoothed[i]'};`,
    });
    const whole = { extents: [rows], targetStrides: [0] };
    reduce(recording, {
      ...whole,
      strides: { t: [1] },
      reads: { targets },
      i32,
      term: 'select(1.0, 0.0, targets[at_t] == p.ignoreIndex)',
      target: kept,
    });
    if (reduction === none) return;
    reduce(recording, {
      ...whole,
      strides: { loss: [1] },
      reads: { loss },
      term: 'loss[at_loss]',
      // nothing kept: 0/0, which a device may take for anything when it is written out
      finish: reduction === mean ? 'select(total / kept[0], p.nan, kept[0] == 0.0)' : 'total',
      finishReads: reduction === mean ? { kept } : {},
      target: y,
    });
  },

  'cross_entropy.backward': (command, recording) => {
    const [rows, classes] = [command.scalar('rows'), command.scalar('classes')];
    const reduction = command.scalar('reduction');
    const smoothing = command.scalar('labelSmoothing');
    checkTargets(command, recording);
    const weight = reduction === none ? 'dy[row]' : reduction === mean ? 'dy[0] / kept[0]' : 'dy[0]';
    recording.run({
      count: rows * classes,
      reads: {
        dy: command.buffer('dy'),
        logits: command.buffer('logits'),
        targets: integers(command.buffer('targets')),
        logSumExp: command.buffer('logSumExp'),
        kept: reduction === mean ? command.buffer('kept') : undefined,
      },
      writes: { dlogits: command.buffer('dlogits') },
      u32: { classes },
      i32: { ignoreIndex: command.scalar('ignoreIndex') },
      f32: { hard: 1 - smoothing, soft: smoothing / classes, zLoss: command.scalar('zLoss') },
      functions: math,
      body: `let row = i / p.classes;
  let class_index = targets[row];
  var slope = 0.0;
  if (class_index != p.ignoreIndex) {
    let l = logSumExp[row];
    slope = exponential(logits[i] - l) * (1.0 + 2.0 * p.zLoss * l) - p.soft;
    if (i % p.classes == u32(class_index)) { slope -= p.hard; }
    slope *= ${weight};
  }
  dlogits[i] ${command.flag('accumulate') ? '+=' : '='} slope;`,
    });
  },
};

function checkTargets(command: Command<Slot>, recording: Recording): void {
  const classes = command.scalar('classes');
  recording.checkIndices({
    indices: command.buffer('targets'),
    count: command.scalar('rows'),
    limit: classes,
    ignored: command.scalar('ignoreIndex'),
    fault: (target, row) => `cross_entropy: target ${target} of row ${row} does not lie in 0..${classes - 1}`,
  });
}
