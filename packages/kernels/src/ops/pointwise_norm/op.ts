import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, rowsOf, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [rows, width]; gain, bias [width]; alpha and shift [1], or [width] where perChannel. Each element by itself:
 *
 *     y = f gain + bias     with u = alpha x + shift
 *
 *     pointwise_norm_erf     f = erf(u)                          f' = 2 / sqrt(pi) exp(-u²)
 *     pointwise_norm_isru    f = u / sqrt(1 + u²)                f' = (1 + u²)^(-3/2)
 *     pointwise_norm_clip    f = min(max(u, -1), 1)              f' = 1 where -1 < u < 1, else 0
 *     pointwise_norm_eln     f = sqrt(width) x / sqrt(x² + C)    C, which is positive, takes the place of alpha; there is no shift
 *
 *     backward   g        = dy gain
 *                dx     (+)= g df/dx                dx of the first three: f' alpha
 *                dalpha (+)= sum of g df/dalpha     f' x; of eln: -sqrt(width)/2 x (x² + C)^(-3/2)
 *                dshift (+)= sum of g f'
 *                dgain  (+)= sum over rows of dy f
 *                dbias  (+)= sum over rows of dy
 *
 * The sums of dalpha and dshift go over rows, and over width unless perChannel. An absent gain is 1, an absent shift or bias 0. The limits at
 * infinite u are ±1.
 */
export const pointwiseNormKernels: readonly KernelSignature[] = ['erf', 'isru', 'clip', 'eln'].flatMap((form) => [
  {
    name: `pointwise_norm_${form}.forward`,
    reads: ['x', 'alpha', 'shift?', 'gain?', 'bias?'],
    writes: ['y'],
    scalars: ['rows', 'width', 'perChannel'],
  },
  {
    name: `pointwise_norm_${form}.backward`,
    reads: ['dy', 'x', 'alpha', 'shift?', 'gain?'],
    writes: ['dx?', 'dalpha?', 'dshift?', 'dgain?', 'dbias?'],
    scalars: [
      'rows',
      'width',
      'perChannel',
      'accumulateX',
      'accumulateAlpha',
      'accumulateShift',
      'accumulateGain',
      'accumulateBias',
    ],
  },
]);

export interface PointwiseNormOptions {
  /** One element, or [width]. */
  readonly alpha: Tensor;
  /** As alpha. */
  readonly shift?: Tensor;
  readonly gain?: Tensor;
  readonly bias?: Tensor;
}

/**
 * A function of one element in place of a norm: gain f(alpha x + shift) + bias. 'erf' is Derf; 'isru' (u / sqrt(1 + u²)) and 'clip' are the other
 * bounded functions of that comparison (Chen et al. 2025). x [..., width]; gain, bias [width].
 */
export function pointwiseNorm(form: 'erf' | 'isru' | 'clip', x: Tensor, options: PointwiseNormOptions): Tensor {
  return computed('pointwiseNorm', form, x, options);
}

/** Derf (Chen et al. 2025): gain erf(alpha x + shift) + bias. alpha and shift one element, or [width]. */
export function derf(x: Tensor, alpha: Tensor, shift?: Tensor, gain?: Tensor, bias?: Tensor): Tensor {
  return computed('derf', 'erf', x, { alpha, shift, gain, bias });
}

/**
 * Elementwise layer normalisation, ELN: gain sqrt(width) x / sqrt(x² + c) + bias, c (positive) one element or [width]. It is what layer
 * normalisation does to one element while all others are held fixed.
 */
export function elementwiseLayerNorm(x: Tensor, c: Tensor, gain?: Tensor, bias?: Tensor): Tensor {
  return computed('elementwiseLayerNorm', 'eln', x, { alpha: c, gain, bias });
}

function computed(op: string, form: string, x: Tensor, { alpha, shift, gain, bias }: PointwiseNormOptions): Tensor {
  ensureFloats(op, { x, alpha, shift, gain, bias });
  const backend = backendOf(op, x, alpha, shift, gain, bias);
  const { rows, width } = rowsOf(op, x);
  ensure(
    alpha.size === 1 || (alpha.shape.length === 1 && alpha.size === width),
    'shape-mismatch',
    () => `${op}: alpha has one element or shape [${width}], found shape ${formatShape(alpha.shape)}`,
  );
  ensureShape(op, 'shift', shift, alpha.shape);
  ensureShape(op, 'gain', gain, [width]);
  ensureShape(op, 'bias', bias, [width]);
  const y = Tensor.empty(backend, x.shape);
  const sizes = [rows, width, alpha.size === width ? 1 : 0];
  backend.encode(
    `pointwise_norm_${form}.forward`,
    [x.buffer, alpha.buffer, bufferOrNone(shift), bufferOrNone(gain), bufferOrNone(bias), y.buffer],
    sizes,
  );
  if (needsGradient(x, alpha, shift, gain, bias)) {
    recordGradient(y, [x, alpha, shift, gain, bias], [x, alpha, shift, gain], (dy, sink) => {
      const targets = [x, alpha, shift, gain, bias].map((input) => sink.into(input));
      const reads = [dy.buffer, x.storage.id, alpha.storage.id, savedOrNone(shift), savedOrNone(gain)];
      backend.encode(
        `pointwise_norm_${form}.backward`,
        [...reads, ...targets.map(({ buffer }) => buffer)],
        [...sizes, ...targets.map(({ accumulate }) => accumulate)],
      );
    });
  }
  return y;
}
