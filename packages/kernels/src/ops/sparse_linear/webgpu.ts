import type { Slot } from '../../webgpu/buffers.ts';
import { integers, words } from '../../webgpu/dispatch.ts';
import type { Recording, WebGpuKernels } from '../../webgpu/kernel.ts';
import type { Command } from '../command.ts';
import { bytesOfRow } from '../quantized_linear/packing.ts';
import { positionBits } from './op.ts';

export const sparseLinearWebGpu: WebGpuKernels = {
  'sparse_linear.forward': (command, recording) => {
    const { reads, u32, functions } = patternOf(command, recording);
    const bias = command.bufferIfAny('bias');
    recording.run({
      count: command.scalar('rows') * u32.out,
      reads: { x: command.buffer('x'), values: command.buffer('values'), ...reads, bias },
      writes: { y: command.buffer('y') },
      u32,
      functions,
      body: `let o = i % p.out;
  let row = (i / p.out) * p.width;
  let count = elements_of(o);
  var total = 0.0;
  for (var start = 0u; start < count; start += 64u) {
    var part = 0.0;
    for (var q = start; q < min(start + 64u, count); q++) {
      let element = element_of(o, q);
      part = fma(x[row + element.column], values[element.at], part);
    }
    total += part;
  }
  y[i] = total${bias === undefined ? '' : ' + bias[o]'};`,
    });
  },

  // An invocation owns a row of dx: columns come in any order, and no two write to one place.
  'sparse_linear.backward': (command, recording) => {
    const { reads, u32, functions } = patternOf(command, recording);
    const dx = command.buffer('dx');
    const rows = command.scalar('rows');
    if (!command.flag('accumulate')) {
      recording.run({ count: rows * u32.width, writes: { dx }, body: 'dx[i] = 0.0;' });
    }
    recording.run({
      count: rows,
      reads: { dy: command.buffer('dy'), values: command.buffer('values'), ...reads },
      writes: { dx },
      u32,
      functions,
      body: `for (var o = 0u; o < p.out; o++) {
    let gradient = dy[i * p.out + o];
    let count = elements_of(o);
    for (var q = 0u; q < count; q++) {
      let element = element_of(o, q);
      let to = i * p.width + element.column;
      dx[to] = fma(gradient, values[element.at], dx[to]);
    }
  }`,
    });
  },

  'sparse_linear.values': (command, recording) => {
    const { reads, u32, functions } = patternOf(command, recording);
    const rows = command.scalar('rows');
    recording.run({
      count: u32.out,
      reads: { dy: command.buffer('dy'), x: command.buffer('x'), ...reads },
      writes: { dvalues: command.buffer('dvalues') },
      u32: { ...u32, rows },
      functions,
      body: `let count = elements_of(i);
  for (var q = 0u; q < count; q++) {
    let element = element_of(i, q);
    var total = 0.0;
    for (var start = 0u; start < p.rows; start += 64u) {
      var part = 0.0;
      for (var r = start; r < min(start + 64u, p.rows); r++) {
        part = fma(dy[r * p.out + i], x[r * p.width + element.column], part);
      }
      total += part;
    }
    dvalues[element.at] ${command.flag('accumulate') ? '+=' : '='} total;
  }`,
    });
  },
};

/** How WGSL finds the elements of a row, after a check that they lie inside. */
function patternOf(command: Command<Slot>, recording: Recording) {
  const [width, out, kept, of] = ['in', 'out', 'kept', 'of'].map((name) => command.scalar(name)) as [
    number,
    number,
    number,
    number,
  ];
  const element = 'struct Element { column: u32, at: u32 }';
  if (kept > 0) {
    const bits = positionBits(of);
    const perRow = (width / of) * kept;
    const u32 = { width, out, kept, neighbours: of, perRow, rowBytes: bytesOfRow(perRow, bits) };
    const positions = words(command.buffer('positions'));
    const functions = `
${element}
fn elements_of(o: u32) -> u32 { return p.perRow; }
fn position_of(o: u32, q: u32) -> u32 {
  let bit = q * ${bits}u;
  let byte = o * p.rowBytes + (bit >> 3u);
  let offset = (byte & 3u) * 8u + (bit & 7u);
  var code = positions[byte >> 2u] >> offset;
  if (offset > ${32 - bits}u) { code |= positions[(byte >> 2u) + 1u] << (32u - offset); }
  return code & ${2 ** bits - 1}u;
}
fn element_of(o: u32, q: u32) -> Element {
  return Element((q / p.kept) * p.neighbours + position_of(o, q), o * p.perRow + q);
}
`;
    if (2 ** bits !== of) {
      const found = recording.scratch(out * perRow);
      recording.run({
        count: out * perRow,
        reads: { positions },
        writes: { found: words(found) },
        u32,
        functions,
        body: 'found[i] = position_of(i / p.perRow, i % p.perRow);',
      });
      recording.checkIndices({
        indices: found,
        count: out * perRow,
        limit: of,
        fault: (position, at) => `sparse_linear: position ${position} of ${of} at ${at}`,
      });
    }
    return { reads: { positions }, u32, functions };
  }
  const [blockRows, blockColumns] = [command.scalar('blockRows'), command.scalar('blockColumns')];
  const blocks = command.scalar('stored') / (blockRows * blockColumns);
  const [rowStarts, columns] = [command.buffer('rowStarts'), command.buffer('columns')];
  recording.checkIndices({
    indices: rowStarts,
    count: out / blockRows + 1,
    limit: blocks + 1,
    alsoWrong:
      '(at == 0u && index != 0) || (at > 0u && index < indices[max(at, 1u) - 1u]) || (at + 1u == p.count && index + 1 != i32(p.limit))',
    fault: (start, row) => `sparse_linear: row starts go from 0 to ${blocks} without falling, found ${start} at ${row}`,
  });
  recording.checkIndices({
    indices: columns,
    count: blocks,
    limit: Math.floor(width / blockColumns),
    fault: (column, at) => `sparse_linear: column ${column * blockColumns} of ${width} at ${at}`,
  });
  return {
    reads: { rowStarts: integers(rowStarts), columns: integers(columns) },
    u32: { width, out, blockRows, blockColumns, blocks },
    functions: `
${element}
// what a check has found wrong must not run away
fn elements_of(o: u32) -> u32 {
  let first = clamp(rowStarts[o / p.blockRows], 0, i32(p.blocks));
  let end = clamp(rowStarts[o / p.blockRows + 1u], first, i32(p.blocks));
  return u32(end - first) * p.blockColumns;
}
fn element_of(o: u32, q: u32) -> Element {
  let block = u32(rowStarts[o / p.blockRows]) + q / p.blockColumns;
  let inside = q % p.blockColumns;
  return Element(
    u32(columns[block]) * p.blockColumns + inside,
    (block * p.blockRows + o % p.blockRows) * p.blockColumns + inside,
  );
}
`,
  };
}
