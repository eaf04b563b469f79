import { type Operands, type ReferenceKernels, store } from '../../reference/operands.ts';

/** Calls `line(start, step)` for each line along `width`: its elements stand at start + i step. */
export function forEachLine(operands: Operands, line: (start: number, step: number) => void): void {
  const outer = operands.scalar('outer');
  const width = operands.scalar('width');
  const inner = operands.scalar('inner');
  for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) line(o * width * inner + i, inner);
}

export const softmaxReference: ReferenceKernels = {
  'softmax.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const width = operands.scalar('width');
    forEachLine(operands, (start, step) => {
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < width; i++) largest = Math.max(largest, x[start + i * step]!);
      let sum = 0;
      for (let i = 0; i < width; i++) sum += Math.exp(x[start + i * step]! - largest);
      for (let i = 0; i < width; i++) y[start + i * step] = Math.exp(x[start + i * step]! - largest) / sum;
    });
  },

  'softmax.backward': (operands) => {
    const dy = operands.floats('dy');
    const y = operands.floats('y');
    const dx = operands.floats('dx');
    const width = operands.scalar('width');
    const accumulate = operands.flag('accumulate');
    forEachLine(operands, (start, step) => {
      let dot = 0;
      for (let i = 0; i < width; i++) dot += dy[start + i * step]! * y[start + i * step]!;
      for (let i = 0; i < width; i++) {
        const at = start + i * step;
        store(dx, at, y[at]! * (dy[at]! - dot), accumulate);
      }
    });
  },
};
