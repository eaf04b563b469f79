import type { ReferenceKernels } from '../../reference/operands.ts';
import { unaryReference } from '../elementwise_reference.ts';
import { normalDensity, normalDistribution } from './normal.ts';

const slope = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/** (1 + tanh u) / 2 with u = slope (x + cubic x³), in the form that does not cancel. */
function gate(x: number): number {
  return 1 / (1 + Math.exp(-2 * slope * (x + cubic * x ** 3)));
}

/** The exact form: value and derivative. */
export const geluErf = {
  value: (x: number) => x * normalDistribution(x),
  slope: (x: number) => normalDistribution(x) + x * normalDensity(x),
};

/** The tanh form: value and derivative. */
export const geluTanh = {
  value: (x: number) => x * gate(x),
  slope: (x: number) => {
    const g = gate(x);
    const inner = 2 * slope * (1 + 3 * cubic * x * x);
    return g + x * g * (1 - g) * inner;
  },
};

export const geluReference: ReferenceKernels = {
  ...unaryReference('gelu_erf', 'x', geluErf.value, geluErf.slope),
  ...unaryReference('gelu_tanh', 'x', geluTanh.value, geluTanh.slope),
};
