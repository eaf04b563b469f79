import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [draws, width]. Draw d is word (skip + d) % 4 of Philox4x32 at block + floor((skip + d) / 4), as `RandomStream` counts them, without its
 * lowest 8 bits:
 *
 *     y[d, i] (+)= factor x[d, i] where the draw is not below threshold, else 0
 *
 * The gradient is the same kernel over dy: the mask is drawn again and never stored. A dropped element is 0, whatever it was.
 */
export const dropoutKernels: readonly KernelSignature[] = [
  {
    name: 'dropout.forward',
    reads: ['x'],
    writes: ['y'],
    scalars: [
      'draws',
      'width',
      'accumulate',
      'threshold',
      'factor',
      'seedLow',
      'seedHigh',
      'streamLow',
      'streamHigh',
      'blockLow',
      'blockHigh',
      'skip',
    ],
  },
];

export interface DropoutOptions {
  /** The chance, from 0 to 1, that an element is dropped. */
  readonly rate: number;
  /** Seed and stream of a `RandomStream`, and the position in it of the first draw (0 unless given). */
  readonly seed: number;
  readonly stream: number;
  readonly position?: number;
}

/**
 * Drops each element with chance `rate` and divides the others by 1 - rate. Element i is kept where number `position` + i of the stream's
 * `nextUniform` is at least the rate: the same elements on every backend, and again for the same options.
 */
export function dropout(x: Tensor, options: DropoutOptions): Tensor {
  return dropped('dropout', x, x.size, options);
}

/** dropout and dropPath: a draw for each of `draws` equal parts of x. */
export function dropped(op: string, x: Tensor, draws: number, options: DropoutOptions): Tensor {
  const { rate, seed, stream, position = 0 } = options;
  ensureFloats(op, { x });
  const backend = backendOf(op, x);
  ensure(
    rate >= 0 && rate <= 1,
    'invalid-argument',
    () => `${op} of ${formatShape(x.shape)}: the rate is a number from 0 to 1, found ${rate}`,
  );
  ensureCount(op, 'position', position);
  const settings = [
    Math.ceil(rate * 2 ** 24),
    rate === 1 ? 0 : Math.fround(1 / (1 - rate)),
    ...wordsOf(op, 'seed', seed),
    ...wordsOf(op, 'stream', stream),
    ...wordsOf(op, 'position', Math.floor(position / 4)),
    position % 4,
  ];
  const sizes = [draws, draws === 0 ? 0 : x.size / draws];
  const y = Tensor.empty(backend, x.shape);
  backend.encode('dropout.forward', [x.buffer, y.buffer], [...sizes, 0, ...settings]);
  if (needsGradient(x)) {
    recordGradient(y, [x], [], (dy, sink) => {
      const dx = sink.into(x);
      backend.encode('dropout.forward', [dy.buffer, dx.buffer], [...sizes, dx.accumulate, ...settings]);
    });
  }
  return y;
}

/** The low and the high word. */
function wordsOf(op: string, name: string, value: number): [number, number] {
  ensureCount(op, name, value);
  return [value % 2 ** 32, Math.floor(value / 2 ** 32)];
}

function ensureCount(op: string, name: string, value: number): void {
  ensure(
    Number.isSafeInteger(value) && value >= 0,
    'invalid-argument',
    () => `${op}: the ${name} is an integer from 0 to 2^53 - 1, found ${value}`,
  );
}
