import { KernelError } from '../../errors.ts';
import { type Operands, type ReferenceKernels, store, storeAll } from '../../reference/operands.ts';
import { bytesOfRow, codeAt } from '../quantized_linear/packing.ts';
import { positionBits } from './op.ts';

export const sparseLinearReference: ReferenceKernels = {
  'sparse_linear.forward': (operands) => {
    const x = operands.floats('x');
    const values = operands.floats('values');
    const bias = operands.floatsIfAny('bias');
    const y = operands.floats('y');
    const width = operands.scalar('in');
    const out = operands.scalar('out');
    for (let o = 0; o < out; o++) {
      const elements = elementsOfRow(operands, o);
      for (let r = 0; r < operands.scalar('rows'); r++) {
        let sum = 0;
        for (const { column, at } of elements) sum += x[r * width + column]! * values[at]!;
        y[r * out + o] = sum + (bias?.[o] ?? 0);
      }
    }
  },

  'sparse_linear.backward': (operands) => {
    const dy = operands.floats('dy');
    const values = operands.floats('values');
    const width = operands.scalar('in');
    const out = operands.scalar('out');
    const rows = operands.scalar('rows');
    const sums = new Float64Array(rows * width);
    for (let o = 0; o < out; o++) {
      const elements = elementsOfRow(operands, o);
      for (let r = 0; r < rows; r++) {
        for (const { column, at } of elements) sums[r * width + column]! += dy[r * out + o]! * values[at]!;
      }
    }
    storeAll(operands.floats('dx'), sums, operands.flag('accumulate'));
  },

  'sparse_linear.values': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const dvalues = operands.floats('dvalues');
    const width = operands.scalar('in');
    const out = operands.scalar('out');
    for (let o = 0; o < out; o++) {
      for (const { column, at } of elementsOfRow(operands, o)) {
        let sum = 0;
        for (let r = 0; r < operands.scalar('rows'); r++) sum += dy[r * out + o]! * x[r * width + column]!;
        store(dvalues, at, sum, operands.flag('accumulate'));
      }
    }
  },
};

/** Column, and place among the values, of each stored element of a row. */
function elementsOfRow(operands: Operands, row: number): { column: number; at: number }[] {
  const width = operands.scalar('in');
  const kept = operands.scalar('kept');
  const elements: { column: number; at: number }[] = [];
  const add = (column: number, at: number) => {
    if (!(column >= 0 && column < width)) {
      throw new KernelError('index-out-of-range', `sparse_linear: column ${column} of ${width} in row ${row}`);
    }
    elements.push({ column, at });
  };
  if (kept > 0) {
    const of = operands.scalar('of');
    const bits = positionBits(of);
    const perRow = (width / of) * kept;
    const rowStart = row * bytesOfRow(perRow, bits);
    for (let q = 0; q < perRow; q++) {
      const position = codeAt(operands.bytes('positions'), rowStart, q, bits);
      add(Math.floor(q / kept) * of + position, row * perRow + q);
    }
    return elements;
  }
  const blockRows = operands.scalar('blockRows');
  const blockColumns = operands.scalar('blockColumns');
  const rowStarts = operands.integers('rowStarts');
  const start = rowStarts[Math.floor(row / blockRows)]!;
  const end = rowStarts[Math.floor(row / blockRows) + 1]!;
  const blocks = operands.scalar('stored') / (blockRows * blockColumns);
  const last = rowStarts[operands.scalar('out') / blockRows]!;
  if (rowStarts[0] !== 0 || last !== blocks) {
    throw new KernelError(
      'index-out-of-range',
      `sparse_linear: rows go from ${rowStarts[0]} to ${last}, not from 0 to ${blocks}`,
    );
  }
  if (!(start >= 0 && start <= end && end <= blocks)) {
    throw new KernelError('index-out-of-range', `sparse_linear: row ${row} goes from ${start} to ${end} of ${blocks}`);
  }
  for (let block = start; block < end; block++) {
    for (let j = 0; j < blockColumns; j++) {
      const column = operands.integers('columns')[block]! * blockColumns + j;
      add(column, (block * blockRows + (row % blockRows)) * blockColumns + j);
    }
  }
  return elements;
}
