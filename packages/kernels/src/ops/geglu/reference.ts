import type { ReferenceKernels } from '../../reference/operands.ts';
import { gatedReference } from '../gated_reference.ts';
import { geluErf, geluTanh } from '../gelu/reference.ts';

export const gegluReference: ReferenceKernels = {
  ...gatedReference('geglu_erf', geluErf.value, geluErf.slope),
  ...gatedReference('geglu_tanh', geluTanh.value, geluTanh.slope),
};
