import type { Tensor } from '@claimbench/kernels';
import { z } from 'zod';
import { floatsOf } from '../checkpoints/element-types.ts';
import { readSafetensors, writeSafetensors } from '../checkpoints/safetensors.ts';
import type { ParameterValues } from '../decoder/parameters.ts';
import { ModelError } from '../model-error.ts';

/** All that decides how a training goes on, between two of its steps. */
export interface TrainingState {
  /** Every parameter of the model by name, frozen ones and remembered statistics as well. */
  readonly parameters: ReadonlyMap<string, ParameterValues>;
  /** What the optimiser remembers, by `<what>.<parameter>`. */
  readonly memory: ReadonlyMap<string, ParameterValues>;
  /** Where in the order of the data the next batch stands. */
  readonly position: number;
  /** Of every step taken; their number is the number of steps. */
  readonly losses: Float32Array;
  readonly gradientNorms: Float32Array;
  /** What the stages before measured, step by step, where training has several and this is not the first. */
  readonly before?: StepSeries | undefined;
}

/** What was measured at every step. */
export interface StepSeries {
  readonly losses: Float32Array;
  readonly gradientNorms: Float32Array;
}

const FORMAT = 'claimbench-training-1';

/**
 * A state as one safetensors file. `identity` names the training that it belongs to (a spec's hash): only that one may go on from it.
 */
export function encodeTrainingState(state: TrainingState, identity: string): Uint8Array {
  const tensors = new Map<string, ParameterValues>();
  for (const [name, values] of state.parameters) tensors.set(`parameters.${name}`, values);
  for (const [name, values] of state.memory) tensors.set(`memory.${name}`, values);
  const addSeries = (prefix: string, { losses, gradientNorms }: StepSeries) => {
    const steps = [losses.length];
    tensors.set(`${prefix}losses`, { shape: steps, data: losses });
    tensors.set(`${prefix}gradientNorms`, { shape: steps, data: gradientNorms });
  };
  addSeries('', state);
  if (state.before !== undefined) addSeries('before.', state.before);
  return writeSafetensors(tensors, { format: FORMAT, identity, position: String(state.position) });
}

const Metadata = z.object({
  format: z.literal(FORMAT),
  identity: z.string(),
  position: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().nonnegative()),
});

/** Throws `bad-checkpoint` for what is no such file, or another training's. */
export function decodeTrainingState(file: Uint8Array, identity: string): TrainingState {
  const { metadata, tensors } = readSafetensors(file, 'training state');
  const parsed = Metadata.safeParse(Object.fromEntries(metadata));
  if (!parsed.success) {
    throw new ModelError('bad-checkpoint', `training state: metadata: ${z.prettifyError(parsed.error)}`);
  }
  if (parsed.data.identity !== identity) {
    throw new ModelError(
      'bad-checkpoint',
      `training state: expected that of ${identity}, found that of ${parsed.data.identity}`,
    );
  }
  const below = (prefix: string) =>
    new Map(
      Array.from(tensors.values())
        .filter(({ name }) => name.startsWith(prefix))
        .map((tensor) => [tensor.name.slice(prefix.length), { shape: tensor.shape, data: floatsOf(tensor) }]),
    );
  const series = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (tensor?.shape.length !== 1) throw new ModelError('bad-checkpoint', `training state: no series '${name}'`);
    return floatsOf(tensor);
  };
  const steps = (prefix: string): StepSeries => {
    const losses = series(`${prefix}losses`);
    const gradientNorms = series(`${prefix}gradientNorms`);
    if (losses.length !== gradientNorms.length) {
      throw new ModelError(
        'bad-checkpoint',
        `training state: ${losses.length} losses and ${gradientNorms.length} gradient norms`,
      );
    }
    return { losses, gradientNorms };
  };
  return {
    parameters: below('parameters.'),
    memory: below('memory.'),
    position: parsed.data.position,
    ...steps(''),
    ...(tensors.has('before.losses') ? { before: steps('before.') } : {}),
  };
}

/** Copies of tensors, as they are once everything encoded so far has run. */
export async function valuesOf(tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, ParameterValues>> {
  const values = new Map<string, ParameterValues>();
  for (const [name, tensor] of tensors) values.set(name, { shape: tensor.shape, data: await tensor.readFloats() });
  return values;
}

/** Throws `bad-checkpoint` when a value is missing, too many, or misshapen; nothing has been written then. */
export function restoreTensors(
  tensors: ReadonlyMap<string, Tensor>,
  values: ReadonlyMap<string, ParameterValues>,
  what: string,
): void {
  for (const name of values.keys()) {
    if (!tensors.has(name)) throw new ModelError('bad-checkpoint', `training state: unexpected ${what} '${name}'`);
  }
  for (const [name, tensor] of tensors) {
    const found = values.get(name);
    if (found === undefined) throw new ModelError('bad-checkpoint', `training state: ${what} '${name}' is missing`);
    if (found.shape.join() !== tensor.shape.join()) {
      throw new ModelError(
        'bad-checkpoint',
        `training state: ${what} '${name}' has shape [${tensor.shape.join(', ')}], found [${found.shape.join(', ')}]`,
      );
    }
  }
  for (const [name, tensor] of tensors) tensor.write(values.get(name)!.data);
}
