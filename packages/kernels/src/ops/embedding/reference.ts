import { KernelError } from '../../errors.ts';
import { type Operands, type ReferenceKernels, storeAll } from '../../reference/operands.ts';

export const embeddingReference: ReferenceKernels = {
  'embedding.forward': (operands) => {
    const table = operands.floats('table');
    const y = operands.floats('y');
    const width = operands.scalar('width');
    forEachId(operands, (id, i) => {
      for (let j = 0; j < width; j++) y[i * width + j] = table[id * width + j]!;
    });
  },

  'embedding.backward': (operands) => {
    const dy = operands.floats('dy');
    const width = operands.scalar('width');
    const paddingIndex = operands.scalar('paddingIndex');
    const sums = new Float64Array(operands.scalar('vocabulary') * width);
    forEachId(operands, (id, i) => {
      if (id === paddingIndex) return;
      for (let j = 0; j < width; j++) sums[id * width + j]! += dy[i * width + j]!;
    });
    storeAll(operands.floats('dtable'), sums, operands.flag('accumulate'));
  },
};

function forEachId(operands: Operands, visit: (id: number, index: number) => void): void {
  const ids = operands.integers('ids');
  const count = operands.scalar('count');
  const vocabulary = operands.scalar('vocabulary');
  for (let i = 0; i < count; i++) {
    const id = ids[i]!;
    if (id < 0 || id >= vocabulary) {
      throw new KernelError('index-out-of-range', `embedding: id ${id} at ${i} does not lie in 0..${vocabulary - 1}`);
    }
    visit(id, i);
  }
}
