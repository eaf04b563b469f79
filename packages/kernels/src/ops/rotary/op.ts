import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureDtype, ensureFloats, ensureShape, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { type RotaryScaling, rotaryFrequencies } from './frequencies.ts';

/**
 * x, y [batch, time, heads, dim]; positions [time] i32. With frequencies f[i], i in 0..rotaryDim/2-1 (float64 scalars at the end of
 * the list), the position p = positions[t], or offset + t where positions is absent, and angle = p f[i] in float64
 * (a float32 angle is off by 6e-5 at p = 1000):
 *
 *     (u, v) = (x[.., i], x[.., i + rotaryDim/2])     interleaved 0 ("half")
 *            = (x[.., 2i], x[.., 2i + 1])             interleaved 1
 *     (u, v) becomes (u cos - v sin, u sin + v cos) with sin times `sign`
 *
 * Dimensions from rotaryDim on pass through. The gradient is the same kernel with sign -1: y (+)= the rotated dy.
 */
export const rotaryKernels: readonly KernelSignature[] = [
  {
    name: 'rotary.forward',
    reads: ['x', 'positions?'],
    writes: ['y'],
    scalars: [
      'batch',
      'time',
      'heads',
      'dim',
      'rotaryDim',
      'interleaved',
      'offset',
      'sign',
      'accumulate',
      '...frequencies',
    ],
  },
];

export interface RotaryOptions {
  /** 'half' pairs (i, i + rotaryDim/2), as Llama in transformers; 'interleaved' pairs (2i, 2i + 1), as llama2.c and GPT-J. */
  readonly convention: 'half' | 'interleaved';
  /** Base: frequency i is theta^(-2i / rotaryDim). */
  readonly theta?: number;
  /** How theta's frequencies are scaled for a longer context. */
  readonly scaling?: RotaryScaling;
  /** Frequencies of another variant in place of theta's: rotaryDim/2 numbers. */
  readonly frequencies?: readonly number[];
  /** How many of the dimensions rotate; absent: all. */
  readonly rotaryDim?: number;
  /** Position of the first row. */
  readonly offset?: number;
  /** Position of every row, i32 [time], in place of offset. */
  readonly positions?: Tensor;
}

/** Rotary position embedding (Su et al. 2021, eq. 34) of x [batch, time, heads, dim]. */
export function rotary(x: Tensor, options: RotaryOptions): Tensor {
  const { convention, offset = 0, positions } = options;
  ensureFloats('rotary', { x });
  ensureDtype('rotary', 'positions', positions, 'i32');
  const backend = backendOf('rotary', x, positions);
  ensure(
    x.shape.length === 4,
    'shape-mismatch',
    () => `rotary: x is [batch, time, heads, dim], found ${formatShape(x.shape)}`,
  );
  const [batch, time, heads, dim] = x.shape as [number, number, number, number];
  ensureShape('rotary', 'positions', positions, [time]);
  const rotaryDim = options.rotaryDim ?? dim;
  ensure(
    rotaryDim >= 0 && rotaryDim <= dim && rotaryDim % 2 === 0,
    'invalid-argument',
    () => `rotary: rotaryDim is even and at most ${dim}, found ${rotaryDim}`,
  );
  const frequencies = frequenciesOf(options, rotaryDim);
  const interleaved = convention === 'interleaved' ? 1 : 0;
  const scalars = (sign: 1 | -1, accumulate: 0 | 1) => [
    batch,
    time,
    heads,
    dim,
    rotaryDim,
    interleaved,
    offset,
    sign,
    accumulate,
    ...frequencies,
  ];
  const y = Tensor.empty(backend, x.shape);
  backend.encode('rotary.forward', [x.buffer, bufferOrNone(positions), y.buffer], scalars(1, 0));
  if (needsGradient(x)) {
    recordGradient(y, [x], [positions], (dy, sink) => {
      const dx = sink.into(x);
      const buffers = [dy.buffer, savedOrNone(positions), dx.buffer];
      backend.encode('rotary.forward', buffers, scalars(-1, dx.accumulate));
    });
  }
  return y;
}

function frequenciesOf(options: RotaryOptions, rotaryDim: number): readonly number[] {
  const { theta, frequencies, scaling } = options;
  const pairs = rotaryDim / 2;
  if (frequencies !== undefined) {
    ensure(
      scaling === undefined,
      'invalid-argument',
      () => 'rotary: scaling is of theta, and frequencies stand as they are: give one of the two',
    );
    ensure(
      frequencies.length === pairs,
      'size-mismatch',
      () => `rotary: ${pairs} pairs need as many frequencies, found ${frequencies.length}`,
    );
    return frequencies;
  }
  ensure(theta !== undefined, 'invalid-argument', () => 'rotary: theta or frequencies must be given');
  return rotaryFrequencies(rotaryDim, theta, scaling);
}
