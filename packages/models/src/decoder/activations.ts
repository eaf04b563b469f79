import { gelu, mul, relu, silu, swiglu, type Tensor, tanh } from '@claimbench/kernels';
import type { Activation } from './config.ts';

export function activated(x: Tensor, activation: Activation): Tensor {
  switch (activation) {
    case 'gelu-tanh':
      return gelu(x, 'tanh');
    case 'gelu-erf':
      return gelu(x, 'erf');
    case 'silu':
      return silu(x);
    case 'relu':
      return relu(x);
    case 'relu-squared': {
      const kept = relu(x);
      return mul(kept, kept);
    }
    case 'tanh':
      return tanh(x);
    case 'identity':
      return x;
  }
}

/** `activation(gate) * up`. */
export function gated(gate: Tensor, up: Tensor, activation: Activation): Tensor {
  return activation === 'silu' ? swiglu(gate, up) : mul(activated(gate, activation), up);
}
