import type { Operands } from '../reference/operands.ts';

export interface Window {
  /** Element of y. */
  readonly output: number;
  /** Places of what the window sees of its plane, in row order. */
  readonly inputs: readonly number[];
  /** Elements of the window with the padding that it covers, but not what lies beyond that. */
  readonly padded: number;
}

/** Every window of a pool. */
export function eachWindow(operands: Operands, visit: (window: Window) => void): void {
  const [height, width] = [operands.scalar('height'), operands.scalar('width')];
  const [outHeight, outWidth] = [operands.scalar('outHeight'), operands.scalar('outWidth')];
  const rangeOf = (at: number, axis: 'Y' | 'X', extent: number) => {
    const start = at * operands.scalar(`stride${axis}`) - operands.scalar(`padding${axis}`);
    const kernel = operands.scalar(axis === 'Y' ? 'kernelHeight' : 'kernelWidth');
    const end = Math.min(start + kernel, extent + operands.scalar(`padding${axis}`));
    return { from: Math.max(0, start), to: Math.min(end, extent), padded: end - start };
  };
  const planes = operands.scalar('planes');
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < outHeight; i++) {
      const rows = rangeOf(i, 'Y', height);
      for (let j = 0; j < outWidth; j++) {
        const columns = rangeOf(j, 'X', width);
        const inputs: number[] = [];
        for (let row = rows.from; row < rows.to; row++) {
          for (let column = columns.from; column < columns.to; column++) {
            inputs.push((plane * height + row) * width + column);
          }
        }
        visit({ output: (plane * outHeight + i) * outWidth + j, inputs, padded: rows.padded * columns.padded });
      }
    }
  }
}
