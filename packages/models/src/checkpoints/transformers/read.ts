import { z } from 'zod';
import { type DecoderConfig, parseDecoderConfig } from '../../decoder/config.ts';
import type { ParameterValues } from '../../decoder/parameters.ts';
import { ModelError } from '../../model-error.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { floatsOf } from '../element-types.ts';
import type { SafetensorsFile } from '../safetensors.ts';
import { bert, vit } from './bert.ts';
import { bloom } from './bloom.ts';
import type { TransformersFamily } from './family.ts';
import { gemma } from './gemma.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';
import { opt } from './opt.ts';
import { falcon, gptJ, gptNeoX, phi } from './parallel.ts';

const families: readonly TransformersFamily[] = [bert, bloom, falcon, gemma, gpt2, gptJ, gptNeoX, llama, opt, phi, vit];

/**
 * A model as the transformers library stores it: the parsed `config.json` and the tensors (any float type; read as f32). Throws
 * `bad-checkpoint`, naming the field or the tensor; whether the shapes fit the config is checked by the decoder.
 */
export function readTransformers(configJson: unknown, file: SafetensorsFile): Checkpoint {
  const { family, config } = transformersConfig(configJson);
  return { config, parameters: renameTensors(family, config, file) };
}

/** Family and config of a `config.json`. */
export function transformersConfig(json: unknown): { family: TransformersFamily; config: DecoderConfig } {
  const modelType = z.object({ model_type: z.string() }).safeParse(json).data?.model_type;
  const family = families.find((candidate) => modelType !== undefined && candidate.modelTypes.includes(modelType));
  if (family === undefined) {
    const known = families.flatMap(({ modelTypes }) => modelTypes).join(', ');
    throw new ModelError('bad-checkpoint', `config.json: model_type '${modelType ?? 'missing'}' is not among ${known}`);
  }
  try {
    return { family, config: parseDecoderConfig(family.config(json)) };
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    throw new ModelError('bad-checkpoint', `config.json: ${z.prettifyError(cause)}`, { cause });
  }
}

/** Tensors under our names. */
export function renameTensors(
  family: TransformersFamily,
  config: DecoderConfig,
  file: SafetensorsFile,
): Map<string, ParameterValues> {
  const parameters = new Map<string, ParameterValues>();
  for (const tensor of file.tensors.values()) {
    const renamed = family.rename(tensor.name, { shape: tensor.shape, data: floatsOf(tensor) }, config);
    if (renamed === undefined) {
      throw new ModelError('bad-checkpoint', `the checkpoint has a tensor '${tensor.name}' that the model does not`);
    }
    for (const [name, values] of renamed) parameters.set(name, values);
  }
  return parameters;
}
