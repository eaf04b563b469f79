import type { FloatArray, MemberOperands, Operands, ReferenceKernels } from '../../reference/operands.ts';
import { clipFactor } from '../global_norm/reference.ts';

export const adafactorReference: ReferenceKernels = {
  'adafactor.step': (operands) => {
    for (const member of operands.members()) stepOf(operands, member);
  },
};

function stepOf(operands: Operands, member: MemberOperands): void {
  const factor = clipFactor(operands.floatsIfAny('norm'), operands.scalar('maxNorm'));
  const eps1 = operands.scalar('eps1');
  const p = member.floats('p');
  const g = member.floats('g');
  const count = member.scalar('batch') * member.scalar('rows') * member.scalar('columns');
  if (count === 0) return;
  const rootMeanSquare = (squareAt: (i: number) => number) => {
    let total = 0;
    for (let i = 0; i < count; i++) total += squareAt(i);
    return Math.sqrt(total / count);
  };
  const alpha =
    Math.max(
      operands.scalar('eps2'),
      rootMeanSquare((i) => p[i]! ** 2),
    ) * operands.scalar('rate');
  const secondMoment = movedMoments(operands, member, (i) => (factor * g[i]!) ** 2);
  const update = (i: number) => (factor * g[i]!) / Math.sqrt(Math.max(secondMoment(i), eps1 ** 2));
  const reduction = Math.max(1, rootMeanSquare((i) => update(i) ** 2) / operands.scalar('threshold'));
  const decay = 1 - operands.scalar('learningRate') * member.scalar('weightDecay');
  for (let i = 0; i < count; i++) p[i] = p[i]! * decay - (alpha / reduction) * update(i);
}

/** Moves what is remembered towards the squares, and gives the second moment of an element. */
function movedMoments(
  operands: Operands,
  member: MemberOperands,
  squareAt: (i: number) => number,
): (i: number) => number {
  const taken = operands.scalar('taken');
  const move = (memory: FloatArray, at: number, value: number) => {
    memory[at] = (1 - taken) * memory[at]! + taken * value;
  };
  const [batch, rows, columns] = [member.scalar('batch'), member.scalar('rows'), member.scalar('columns')];
  const variance = member.floatsIfAny('variance');
  if (variance !== undefined) {
    for (let i = 0; i < columns; i++) move(variance, i, squareAt(i));
    return (i) => variance[i]!;
  }
  const row = member.floats('row');
  const column = member.floats('column');
  const means = new Float64Array(batch);
  for (let b = 0; b < batch; b++) {
    const ofColumns = new Float64Array(columns);
    for (let r = 0; r < rows; r++) {
      let ofRow = 0;
      for (let c = 0; c < columns; c++) {
        const square = squareAt((b * rows + r) * columns + c);
        ofRow += square;
        ofColumns[c]! += square;
      }
      move(row, b * rows + r, ofRow / columns);
      means[b]! += row[b * rows + r]! / rows;
    }
    for (let c = 0; c < columns; c++) move(column, b * columns + c, ofColumns[c]! / rows);
  }
  const eps1 = operands.scalar('eps1');
  return (i) => {
    const r = Math.floor(i / columns);
    const b = Math.floor(r / rows);
    return (row[r]! / Math.max(means[b]!, eps1)) * column[b * columns + (i % columns)]!;
  };
}
