import type { FloatArray, ReferenceKernels } from '../../reference/operands.ts';

export const globalNormReference: ReferenceKernels = {
  'global_norm.forward': (operands) => {
    let squares = 0;
    for (const member of operands.members()) {
      const g = member.floats('g');
      const count = member.scalar('count');
      for (let i = 0; i < count; i++) squares += g[i]! ** 2;
    }
    operands.floats('norm')[0] = Math.sqrt(squares);
  },

  'global_norm.clip': (operands) => {
    const factor = clipFactor(operands.floats('norm'), operands.scalar('maxNorm'));
    for (const member of operands.members()) {
      const g = member.floats('g');
      const count = member.scalar('count');
      for (let i = 0; i < count; i++) g[i]! *= factor;
    }
  },
};

/** min(1, maxNorm / (norm + 1e-6)), NaN where the norm is; 1 where there is none. */
export function clipFactor(norm: FloatArray | undefined, maxNorm: number): number {
  return norm === undefined ? 1 : Math.min(1, maxNorm / (norm[0]! + 1e-6));
}
