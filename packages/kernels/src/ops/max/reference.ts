import { folded, type Operands, type ReferenceKernels, store, sumInto, walk } from '../../reference/operands.ts';

export const maxReference: ReferenceKernels = {
  'max.forward': (operands) => reduceTo(operands, Number.NEGATIVE_INFINITY, Math.max),

  'max.ties': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    sumInto(operands.loop(), operands.floats('ties'), false, ([atX, atY]) => (x[atX!] === y[atY!] ? 1 : 0));
  },

  'max.backward': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const y = operands.floats('y');
    const ties = operands.floats('ties');
    const dx = operands.floats('dx');
    const accumulate = operands.flag('accumulate');
    walk(operands.loop(), ([atDy, atX, atY, atTies, atDx]) => {
      const share = x[atX!] === y[atY!] ? dy[atDy!]! : 0;
      // nothing equals a NaN
      store(dx, atDx!, ties[atTies!] === 0 ? Number.NaN : share / ties[atTies!]!, accumulate);
    });
  },
};

/** y = the elements combined from `start` on, where y has stride 0. Math.max and Math.min give NaN for NaN and know the sign of 0. */
export function reduceTo(operands: Operands, start: number, combine: (a: number, b: number) => number): void {
  const x = operands.floats('x');
  const y = operands.floats('y');
  folded(operands.loop(), start, (soFar, [atX]) => combine(soFar, x[atX!]!)).forEach((value, i) => {
    y[i] = value;
  });
}
