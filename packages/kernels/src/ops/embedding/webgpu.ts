import type { Slot } from '../../webgpu/buffers.ts';
import { integers, words } from '../../webgpu/dispatch.ts';
import type { Recording, WebGpuKernels } from '../../webgpu/kernel.ts';
import type { Command } from '../command.ts';

export const embeddingWebGpu: WebGpuKernels = {
  'embedding.forward': (command, recording) => {
    const width = command.scalar('width');
    checkIds(command, recording);
    recording.run({
      count: command.scalar('count') * width,
      reads: { ids: integers(command.buffer('ids')), table: words(command.buffer('table')) },
      writes: { y: words(command.buffer('y')) },
      u32: { width },
      body: 'y[i] = table[u32(ids[i / p.width]) * p.width + i % p.width];',
    });
  },

  /**
   * Occurrences of an id are linked in their order. The first one adds up all of its row's: no two invocations write to one place, and
   * the sum runs in the order of the ids, 64 at a time.
   */
  'embedding.backward': (command, recording) => {
    const [count, vocabulary, width] = [command.scalar('count'), command.scalar('vocabulary'), command.scalar('width')];
    const ids = integers(command.buffer('ids'));
    const dtable = command.buffer('dtable');
    const [next, first] = [words(recording.scratch(count)), words(recording.scratch(count))];
    checkIds(command, recording);
    if (!command.flag('accumulate')) {
      recording.run({ count: vocabulary * width, writes: { dtable }, body: 'dtable[i] = 0.0;' });
    }
    recording.run({
      count,
      reads: { ids },
      writes: { next, first },
      body: `let id = ids[i];
  var at = i + 1u;
  while (at < p.count && ids[at] != id) { at++; }
  next[i] = at;
  at = i;
  while (at > 0u && ids[at - 1u] != id) { at--; }
  first[i] = select(0u, 1u, at == 0u);`,
    });
    recording.run({
      count: count * width,
      reads: { dy: command.buffer('dy'), ids, next, first },
      writes: { dtable },
      u32: { width, vocabulary, occurrences: count },
      i32: { paddingIndex: command.scalar('paddingIndex') },
      body: `let occurrence = i / p.width;
  let column = i % p.width;
  let id = ids[occurrence];
  if (first[occurrence] == 0u || id == p.paddingIndex || id < 0 || u32(id) >= p.vocabulary) { return; }
  var total = 0.0;
  var part = 0.0;
  var terms = 0u;
  for (var at = occurrence; at < p.occurrences; at = next[at]) {
    part += dy[at * p.width + column];
    terms++;
    if (terms % 64u == 0u) { total += part; part = 0.0; }
  }
  dtable[u32(id) * p.width + column] += total + part;`,
    });
  },
};

function checkIds(command: Command<Slot>, recording: Recording): void {
  const limit = command.scalar('vocabulary');
  recording.checkIndices({
    indices: command.buffer('ids'),
    count: command.scalar('count'),
    limit,
    fault: (id, position) => `embedding: id ${id} at ${position} does not lie in 0..${limit - 1}`,
  });
}
