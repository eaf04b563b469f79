import { ensure } from '../../errors.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * A list of gradients g with `count` elements each; norm [1].
 *
 *     global_norm.forward    norm = sqrt(sum over all elements of all g of g²)
 *     global_norm.clip       g *= min(1, maxNorm / (norm + 1e-6))        in place
 *
 * A norm that is NaN makes every gradient NaN: clipping hides nothing. (min(1, NaN) is NaN here.)
 */
export const globalNormKernels: readonly KernelSignature[] = [
  {
    name: 'global_norm.forward',
    reads: [],
    writes: ['norm'],
    scalars: [],
    repeated: { buffers: ['g'], scalars: ['count'] },
  },
  {
    name: 'global_norm.clip',
    reads: ['norm'],
    writes: [],
    scalars: ['maxNorm'],
    repeated: { buffers: ['g'], scalars: ['count'] },
  },
];

/** Euclidean norm over all elements of all tensors, shape []. */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  const [first] = gradients;
  ensure(first !== undefined, 'invalid-argument', () => 'globalNorm: at least one tensor is needed, found none');
  for (const gradient of gradients) ensureFloats('globalNorm', { gradient });
  const backend = backendOf('globalNorm', first, ...gradients);
  const norm = Tensor.empty(backend, []);
  backend.encode(
    'global_norm.forward',
    [norm.buffer, ...gradients.map((gradient) => gradient.buffer)],
    gradients.map((gradient) => gradient.size),
  );
  return norm;
}

/** Scales all gradients in place so that their global norm is at most maxNorm (Pascanu et al. 2013). Gives the norm before. */
export function clipByGlobalNorm(gradients: readonly Tensor[], maxNorm: number): Tensor {
  ensure(maxNorm > 0, 'invalid-argument', () => `clipByGlobalNorm: maxNorm is positive, found ${maxNorm}`);
  const norm = globalNorm(gradients);
  norm.backend.encode(
    'global_norm.clip',
    [norm.buffer, ...gradients.map((gradient) => gradient.buffer)],
    [maxNorm, ...gradients.map((gradient) => gradient.size)],
  );
  return norm;
}
