import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, sameShape, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [runs, width]; scale, zero [runs]. z = round(zero), or 0 where zero is absent; round takes halves to the even neighbour.
 *
 *     r = round(x / scale) + z      code = lowest where r < lowest, highest where r > highest, else r
 *     forward    y      = (code - z) scale
 *     backward   dx     (+)= dy where lowest <= r <= highest (or r is NaN), else 0
 *                dscale (+)= factor sum over the run of dy (code - z), less x / scale where dx passes
 *                dzero  (+)= factor sum over the run of -dy scale where dx does not pass
 *
 * x / scale is rounded to float32 before it is rounded to a code, so that every backend finds the same one.
 */
export const fakeQuantizeKernels: readonly KernelSignature[] = [
  {
    name: 'fake_quantize.forward',
    reads: ['x', 'scale', 'zero?'],
    writes: ['y'],
    scalars: ['runs', 'width', 'lowest', 'highest'],
  },
  {
    name: 'fake_quantize.backward',
    reads: ['dy', 'x', 'scale', 'zero?'],
    writes: ['dx?', 'dscale?', 'dzero?'],
    scalars: [
      ...['runs', 'width', 'lowest', 'highest', 'factor'],
      ...['accumulateX', 'accumulateScale', 'accumulateZero'],
    ],
  },
];

/** The codes of a uniform quantizer. */
export interface CodeRange {
  readonly lowest: number;
  readonly highest: number;
}

export interface FakeQuantizeOptions extends CodeRange {
  /** The code of 0, shaped as the scale; 0 where it is absent. Trained, it is rounded at every use. */
  readonly zeroPoint?: Tensor | undefined;
  /** By which the gradients of scale and zero point are multiplied: LSQ's 1 / sqrt(elements of a scale * highest). */
  readonly gradientFactor?: number;
}

/** Codes that float32 holds next to their halves. */
const most = 2 ** 22;

/**
 * `scale (clamp(round(x / scale) + zeroPoint, lowest, highest) - zeroPoint)`: x as a grid has it, trained straight through the rounding. The scale is positive
 * and has one element for all, or one for each of x's leading extents: shape `[...leading]` or `[...leading, 1, ...]`.
 *
 * Gradients are those of LSQ (Esser et al. 2020, equation 3) and, for the zero point, of LSQ+ (Bhalgat et al. 2020): x's passes where its code lies inside the range.
 */
export function fakeQuantize(x: Tensor, scale: Tensor, options: FakeQuantizeOptions): Tensor {
  const { lowest, highest, zeroPoint, gradientFactor = 1 } = options;
  ensureFloats('fakeQuantize', { x, scale, zeroPoint });
  const backend = backendOf('fakeQuantize', x, scale, zeroPoint);
  ensure(
    [lowest, highest].every((code) => Number.isInteger(code) && Math.abs(code) <= most) && lowest <= highest,
    'invalid-argument',
    () => `fakeQuantize: codes are integers up to 2^22, the lowest first, found ${lowest} and ${highest}`,
  );
  const runs = scale.size;
  ensure(
    runs === 1 || leads(scale.shape, x.shape),
    'shape-mismatch',
    () =>
      `fakeQuantize: a scale belongs to all of x or to each of its leading extents, x ${formatShape(x.shape)}, found ${formatShape(scale.shape)}`,
  );
  ensureShape('fakeQuantize', 'zeroPoint', zeroPoint, scale.shape);
  const sizes = [runs, runs === 0 ? 0 : x.size / runs, lowest, highest];
  const y = Tensor.empty(backend, x.shape);
  backend.encode('fake_quantize.forward', [x.buffer, scale.buffer, bufferOrNone(zeroPoint), y.buffer], sizes);
  if (needsGradient(x, scale, zeroPoint)) {
    recordGradient(y, [x, scale, zeroPoint], [x, scale, zeroPoint], (dy, sink) => {
      const dx = sink.into(x);
      const dscale = sink.into(scale);
      const dzero = sink.into(zeroPoint);
      backend.encode(
        'fake_quantize.backward',
        [
          ...[dy.buffer, x.storage.id, scale.storage.id, savedOrNone(zeroPoint)],
          ...[dx.buffer, dscale.buffer, dzero.buffer],
        ],
        [...sizes, gradientFactor, dx.accumulate, dscale.accumulate, dzero.accumulate],
      );
    });
  }
  return y;
}

/** Whether a shape is the first extents of another, ones in place of the others or left out. */
function leads(shape: readonly number[], of: readonly number[]): boolean {
  const end = shape.findLastIndex((extent, axis) => extent !== 1 || of[axis] === 1) + 1;
  return shape.length <= of.length && sameShape(shape.slice(0, end), of.slice(0, end));
}
