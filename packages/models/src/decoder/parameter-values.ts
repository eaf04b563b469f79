import { ModelError } from '../model-error.ts';
import type { DecoderConfig } from './config.ts';
import { parameterSpecs } from './parameter-specs.ts';
import type { ParameterSpec, ParameterValues } from './parameters.ts';

/** Whether a checkpoint holds exactly the parameters of a config. Throws `bad-checkpoint`, naming the tensor. */
export function checkParameterValues(config: DecoderConfig, values: ReadonlyMap<string, ParameterValues>): void {
  checkValues(parameterSpecs(config), values);
}

/** Whether values are exactly those described, shape by shape. Throws `bad-checkpoint`, naming the tensor. */
export function checkValues(specs: readonly ParameterSpec[], values: ReadonlyMap<string, ParameterValues>): void {
  for (const { name, shape } of specs) {
    const found = values.get(name);
    if (found === undefined) throw new ModelError('bad-checkpoint', `the checkpoint lacks '${name}'`);
    if (found.shape.length !== shape.length || found.shape.some((extent, axis) => extent !== shape[axis])) {
      throw new ModelError(
        'bad-checkpoint',
        `'${name}' must be [${shape.join(', ')}] by the config, the checkpoint has [${found.shape.join(', ')}]`,
      );
    }
  }
  if (values.size === specs.length) return;
  const known = new Set(specs.map(({ name }) => name));
  const unknown = [...values.keys()].filter((name) => !known.has(name));
  throw new ModelError(
    'bad-checkpoint',
    `the checkpoint has tensors that the config does not: ${unknown.slice(0, 5).join(', ')}`,
  );
}
