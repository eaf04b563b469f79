import type { Backend } from '../backend.ts';
import { RandomStream } from '../random/random.ts';
import { createReferenceBackend } from '../reference/backend.ts';
import { valueAndGrad } from '../tape.ts';
import { scope, type Tensor } from '../tensor.ts';
import type { Denormals } from './bounds.ts';
import { Inputs, type OpCase } from './case.ts';

/** What a backend computed for a case. */
export interface CaseResult {
  /** Computed without a tape. */
  readonly output: Float64Array;
  /** Computed while gradients are recorded: the same bits. */
  readonly recordedOutput: Float64Array;
  /** Gradients of sum(output * cotangent) by input. */
  readonly gradients: ReadonlyMap<string, Float64Array>;
  /** The same, added in place to a tensor that held `addedTo` before. */
  readonly accumulated: ReadonlyMap<string, Float64Array>;
  readonly addedTo: ReadonlyMap<string, Float64Array>;
  /** Whether an input holds a denormal: a backend that flushes them is then given others. */
  readonly denormalInputs: boolean;
}

/** How many numbers a case is given: what its short form is chosen by. */
export function inputElements(opCase: OpCase): number {
  const inputs = new Inputs(createReferenceBackend(), new RandomStream(0, 0));
  opCase.build(inputs);
  inputs.backend.close();
  return inputs.all.reduce((total, { size }) => total + size, 0);
}

/** Runs a case. Inputs, cotangent and what gradients are added to depend on `seed` alone. */
export async function runCase(
  backend: Backend,
  opCase: OpCase,
  seed: number,
  read: (tensor: Tensor) => Promise<Float64Array>,
  denormals: Denormals = 'kept',
): Promise<CaseResult> {
  const inputs = new Inputs(backend, new RandomStream(seed, 0), denormals);
  const compute = opCase.build(inputs);
  const first = scope(compute);
  const output = await read(first);
  const names = inputs.differentiated.map(({ name }) => name);
  const parameters = inputs.differentiated.map(({ tensor }) => tensor);
  let recordedOutput = output;
  const gradients = new Map<string, Float64Array>();
  const accumulated = new Map<string, Float64Array>();
  const addedTo = new Map<string, Float64Array>();
  if (parameters.length > 0) {
    const more = new Inputs(backend, new RandomStream(seed, 1));
    const cotangent = more.constantNormal(first.shape);
    const into = parameters.map((parameter) => more.constantNormal(parameter.shape));
    const overwritten = valueAndGrad(parameters, compute, { cotangent });
    recordedOutput = await read(overwritten.value);
    for (const [index, name] of names.entries()) addedTo.set(name, await read(into[index]!));
    const added = valueAndGrad(parameters, compute, { cotangent, into });
    for (const [index, name] of names.entries()) {
      gradients.set(name, await read(overwritten.gradients[index]!));
      accumulated.set(name, await read(added.gradients[index]!));
    }
    for (const tensor of [overwritten.value, added.value, ...overwritten.gradients, ...more.all]) tensor.dispose();
  }
  first.dispose();
  for (const tensor of inputs.all) tensor.dispose();
  return { output, recordedOutput, gradients, accumulated, addedTo, denormalInputs: inputs.heldDenormals };
}

export async function readFloats(tensor: Tensor): Promise<Float64Array> {
  return Float64Array.from(await tensor.readFloats());
}

/** For the reference backend in float64: all digits. */
export async function readDoubles(tensor: Tensor): Promise<Float64Array> {
  const values = new Float64Array(tensor.size);
  await tensor.backend.read(tensor.buffer, values);
  return values;
}

/** Whether two results are equal bit for bit, NaN included. */
export function sameBits(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}
