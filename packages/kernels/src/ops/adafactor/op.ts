import { ensure } from '../../errors.ts';
import { sizeOfShape, Tensor } from '../../tensor.ts';
import { bufferOrNone, ensureShape } from '../operands.ts';
import { backendOfStep, type Clipping, decayOf } from '../optimiser.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * One command for all parameters. For each, [batch, rows, columns] = n elements; p and what is remembered in place, g only read:
 *
 *     c      = min(1, maxNorm / (norm + 1e-6)), or 1 where norm is absent; NaN where norm is NaN
 *     g'     = c g
 *     alpha  = max(eps2, RMS(p)) rate                                                   RMS(a) = sqrt(sum a² / n)
 *     p      = p (1 - learningRate weightDecay)                                         after alpha
 *     row    [batch, rows]    = (1 - k) row + k mean over columns of g'²                where row and column are there
 *     column [batch, columns] = (1 - k) column + k mean over rows of g'²
 *     v      = row column / max(mean over rows of row, eps1)
 *     v      [batch, rows, columns] = (1 - k) variance + k g'²                          where variance is there instead
 *     u      = g' / sqrt(max(v, eps1²))
 *     p      = p - alpha u / max(1, RMS(u) / threshold)
 *
 * k = step^decay and rate = min(learningRate, 1 / sqrt(step)) come from the host. Nothing happens to a parameter without elements.
 */
export const adafactorKernels: readonly KernelSignature[] = [
  {
    name: 'adafactor.step',
    reads: ['norm?'],
    writes: [],
    scalars: ['learningRate', 'rate', 'taken', 'eps1', 'eps2', 'threshold', 'maxNorm'],
    repeated: {
      buffers: ['p', 'g', 'row?', 'column?', 'variance?'],
      scalars: ['batch', 'rows', 'columns', 'weightDecay'],
    },
  },
];

/** What Adafactor remembers of one parameter: averages of squares over rows and columns, or over single elements where there is one dimension. */
export type AdafactorMemory =
  | { readonly row: Tensor; readonly column: Tensor; readonly variance?: undefined }
  | { readonly row?: undefined; readonly column?: undefined; readonly variance: Tensor };

/** Belongs to whoever made it. */
export interface AdafactorState {
  /** Steps taken. */
  step: number;
  readonly memories: readonly AdafactorMemory[];
}

export interface AdafactorOptions {
  /** Highest share of its own size, RMS(p), that a parameter moves in a step. */
  readonly learningRate: number;
  /** Of the share of the newest gradient, step^decay. */
  readonly decay?: number;
  /** Least root of a second moment. Its square has to be a normal float32. */
  readonly eps1?: number;
  /** Least size of a parameter. */
  readonly eps2?: number;
  /** RMS of an update above which it is scaled down. */
  readonly threshold?: number;
  /** Decoupled: one for all parameters, or one for each. */
  readonly weightDecay?: number | readonly number[];
  readonly clip?: Clipping;
}

/** A parameter of two dimensions or more remembers a number for each row and column of its last two; others one for each element. */
export function createAdafactorState(parameters: readonly Tensor[]): AdafactorState {
  const memories = parameters.map(({ backend, shape }): AdafactorMemory => {
    if (shape.length < 2) return { variance: Tensor.zeros(backend, shape) };
    return { row: Tensor.zeros(backend, shape.slice(0, -1)), column: Tensor.zeros(backend, shape.toSpliced(-2, 1)) };
  });
  return { step: 0, memories };
}

/**
 * One step of Adafactor (Shazeer and Stern 2018, algorithms 4 to 6, without first moment) on all parameters, in place. As PyTorch computes it: the
 * squares themselves are averaged, and eps1 is a lower bound of the roots.
 */
export function adafactor(
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  state: AdafactorState,
  options: AdafactorOptions,
): void {
  const { learningRate, decay = -0.8, eps1 = 2 ** -23, eps2 = 1e-3, threshold = 1, weightDecay = 0, clip } = options;
  const { memories } = state;
  ensure(
    memories.length === parameters.length,
    'size-mismatch',
    () => `adafactor: ${parameters.length} parameters need as many memories, found ${memories.length}`,
  );
  // below, the root of a row of zero gradients would be 0 in float32, and its update 0/0
  ensure(
    eps1 >= 2 ** -63,
    'invalid-argument',
    () => `adafactor: eps1 is at least 2^-63, so that float32 holds its square, found ${eps1}`,
  );
  const backend = backendOfStep('adafactor', parameters, { gradients });
  const buffers = [bufferOrNone(clip?.norm)];
  const step = state.step + 1;
  const rate = Math.min(learningRate, 1 / Math.sqrt(step));
  const scalars = [learningRate, rate, step ** decay, eps1, eps2, threshold, clip === undefined ? 0 : clip.maxNorm];
  parameters.forEach((parameter, index) => {
    const { row, column, variance } = memories[index]!;
    const { shape } = parameter;
    const factored = shape.length >= 2;
    const memory: Record<string, Tensor | undefined> = factored ? { row, column } : { variance };
    const shapes: Record<string, readonly number[]> = {
      row: shape.slice(0, -1),
      column: shape.toSpliced(-2, 1),
      variance: shape,
    };
    for (const name in memory) {
      ensure(
        memory[name] !== undefined,
        'size-mismatch',
        () => `adafactor: a parameter with shape [${shape.join(', ')}] needs a memory with ${name}, found none`,
      );
      ensureShape('adafactor', name, memory[name], shapes[name]!);
    }
    const matrix = factored ? [sizeOfShape(shape.slice(0, -2)), shape.at(-2)!, shape.at(-1)!] : [1, 1, parameter.size];
    buffers.push(parameter.buffer, gradients[index]!.buffer);
    buffers.push(bufferOrNone(memory.row), bufferOrNone(memory.column), bufferOrNone(memory.variance));
    scalars.push(...matrix, decayOf('adafactor', weightDecay, index, parameters.length));
  });
  state.step = step;
  backend.encode('adafactor.step', buffers, scalars);
}
