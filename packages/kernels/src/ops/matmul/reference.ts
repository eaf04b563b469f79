import { type ReferenceKernels, storeAll, walk } from '../../reference/operands.ts';

export const matmulReference: ReferenceKernels = {
  'matmul.forward': (operands) => {
    const a = operands.floats('a');
    const b = operands.floats('b');
    const m = operands.scalar('m');
    const n = operands.scalar('n');
    const k = operands.scalar('k');
    const [aRow, aColumn] = operands.flag('transposeA') ? [1, m] : [k, 1];
    const [bRow, bColumn] = operands.flag('transposeB') ? [1, k] : [n, 1];
    const loop = operands.loop();
    // every matrix of y that the loop writes to, with the sum over the batch extents where y has stride 0
    const matrices = new Map<number, Float64Array>();
    walk(loop, ([aMatrix, bMatrix, yMatrix]) => {
      const sums = matrices.get(yMatrix!) ?? new Float64Array(m * n);
      matrices.set(yMatrix!, sums);
      const aStart = aMatrix! * m * k;
      const bStart = bMatrix! * k * n;
      for (let row = 0; row < m; row++) {
        for (let inner = 0; inner < k; inner++) {
          const value = a[aStart + row * aRow + inner * aColumn]!;
          for (let column = 0; column < n; column++) {
            sums[row * n + column]! += value * b[bStart + inner * bRow + column * bColumn]!;
          }
        }
      }
    });
    // a batch that is summed over nothing still gives zeros
    const written = loop.extents.map((extent, axis) => (loop.strides[2]![axis] === 0 ? 1 : extent));
    walk({ extents: written, strides: [loop.strides[2]!] }, ([yMatrix]) => {
      const target = operands.floats('y').subarray(yMatrix! * m * n, (yMatrix! + 1) * m * n);
      storeAll(target, matrices.get(yMatrix!) ?? new Float64Array(m * n), operands.flag('accumulate'));
    });
  },
};
