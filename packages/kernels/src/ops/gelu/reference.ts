import type { ReferenceKernels } from '../../reference/operands.ts';
import { unaryReference } from '../elementwise_reference.ts';
import { normalDensity, normalDistribution } from './normal.ts';

const slope = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/** (1 + tanh u) / 2 with u = slope (x + cubic x³), in the form that does not cancel. */
function gate(x: number): number {
  return 1 / (1 + Math.exp(-2 * slope * (x + cubic * x ** 3)));
}

export const geluReference: ReferenceKernels = {
  ...unaryReference(
    'gelu_erf',
    'x',
    (x) => x * normalDistribution(x),
    (x) => normalDistribution(x) + x * normalDensity(x),
  ),
  ...unaryReference(
    'gelu_tanh',
    'x',
    (x) => x * gate(x),
    (x) => {
      const g = gate(x);
      const inner = 2 * slope * (1 + 3 * cubic * x * x);
      return g + x * g * (1 - g) * inner;
    },
  ),
};
