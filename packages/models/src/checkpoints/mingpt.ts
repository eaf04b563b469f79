import { z } from 'zod';
import type { ParameterValues } from '../decoder/parameters.ts';
import { ModelError } from '../model-error.ts';
import type { Checkpoint } from './checkpoint.ts';
import { gpt2 } from './transformers/gpt2.ts';
import { transposed } from './transformers/names.ts';
import { transformersConfig } from './transformers/read.ts';

const MinGptConfig = z.object({
  n_layer: z.number(),
  n_head: z.number(),
  n_embd: z.number(),
  vocab_size: z.number(),
  block_size: z.number(),
});
const StoredTensor = z.object({
  shape: z.array(z.number().int().min(0)).max(4),
  dtype: z.literal('torch.float32'),
  data: z.string(),
});

/** A JSON tensor: shape, type, and its little-endian floats in base 64. Throws `bad-checkpoint`. */
export function readJsonTensor(json: unknown, name: string): ParameterValues {
  const parsed = StoredTensor.safeParse(json);
  if (!parsed.success) throw new ModelError('bad-checkpoint', `'${name}': ${z.prettifyError(parsed.error)}`);
  const { shape, data } = parsed.data;
  const count = shape.reduce((product, extent) => product * extent, 1);
  const found = Math.floor((data.length * 3) / 4) - (/=*$/.exec(data)?.[0].length ?? 0);
  if (found !== 4 * count) {
    throw new ModelError('bad-checkpoint', `'${name}' [${shape.join(', ')}] needs ${4 * count} bytes, it has ${found}`);
  }
  const bytes = decodeBase64(data, name);
  const view = new DataView(bytes.buffer);
  return { shape, data: Float32Array.from({ length: count }, (_, index) => view.getFloat32(4 * index, true)) };
}

/**
 * A minGPT model as JSON: a `config` and its tensors by PyTorch's names. It is a GPT-2 whose matrices are stored `[out, in]` and whose
 * logits have a weight of their own. Throws `bad-checkpoint`.
 */
export function readMinGpt(json: unknown): Checkpoint {
  const file = z.looseObject({ config: MinGptConfig }).safeParse(json);
  if (!file.success) throw new ModelError('bad-checkpoint', `minGPT file: ${z.prettifyError(file.error)}`);
  const { config: given, ...tensors } = file.data;
  const { config } = transformersConfig({
    model_type: 'gpt2',
    vocab_size: given.vocab_size,
    n_positions: given.block_size,
    n_embd: given.n_embd,
    n_layer: given.n_layer,
    n_head: given.n_head,
    tie_word_embeddings: false,
  });
  const parameters = new Map<string, ParameterValues>();
  for (const [name, stored] of Object.entries(tensors)) {
    const values = readJsonTensor(stored, name);
    // the family expects GPT-2's [in, out]
    const turned = /\.(c_attn|c_proj|c_fc)\.weight$/.test(name) ? transposed(values) : values;
    const renamed = gpt2.rename(name, turned, config);
    if (renamed === undefined) throw new ModelError('bad-checkpoint', `minGPT file: unknown tensor '${name}'`);
    for (const [ours, parameter] of renamed) parameters.set(ours, parameter);
  }
  return { config, parameters };
}

function decodeBase64(text: string, name: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new ModelError('bad-checkpoint', `'${name}' is not base 64`, { cause });
  }
}
