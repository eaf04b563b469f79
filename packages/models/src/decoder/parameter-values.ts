import { ModelError } from '../model-error.ts';
import { type DecoderConfig, parseDecoderConfig } from './config.ts';
import { parameterSpecs } from './parameter-specs.ts';
import type { ParameterValues } from './parameters.ts';

/** Whether a checkpoint holds exactly the parameters of a config. Throws `bad-checkpoint`, naming the tensor. */
export function checkParameterValues(config: DecoderConfig, values: ReadonlyMap<string, ParameterValues>): void {
  const specs = parameterSpecs(parseDecoderConfig(config));
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
