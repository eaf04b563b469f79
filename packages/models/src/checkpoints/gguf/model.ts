import { preNorm } from '../../decoder/architectures.ts';
import { type DecoderConfig, type DecoderConfigInput, parseDecoderConfig } from '../../decoder/config.ts';
import type { IntegerBlocks } from '../../decoder/integer-block-linear.ts';
import type { ParameterValues } from '../../decoder/parameters.ts';
import { ModelError } from '../../model-error.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { biases, commonFields } from '../transformers/fields.ts';
import { pickRows } from '../transformers/names.ts';
import { blockTypeNamed } from './block-types.ts';
import { integersOf } from './integers.ts';
import { type GgufFile, ggufValues } from './read.ts';
import type { GgufValue } from './values.ts';
import { ggufVocabulary } from './vocabulary.ts';
import { type GgufTensorToStore, writeGguf } from './write.ts';

/** Families of llama.cpp that are read: what differs between them. `llama` also holds Mistral. */
const ARCHITECTURES = {
  llama: { convention: 'interleaved', biasedQueries: false, headNorms: false },
  qwen2: { convention: 'half', biasedQueries: true, headNorms: false },
  qwen3: { convention: 'half', biasedQueries: false, headNorms: true },
} as const;

/**
 * A model from a GGUF file, packed weights given back as f32. llama.cpp stores the rows of Llama's queries and keys so that neighbours
 * turn together: the config says so, the rows stay as they are. Throws `bad-checkpoint`.
 */
export function readGgufModel(file: GgufFile): Checkpoint {
  const config = parseDecoderConfig(configOf(file));
  const parameters = new Map<string, ParameterValues>();
  for (const tensor of file.tensors.values()) {
    const name = ourName(tensor.name);
    if (name === undefined) {
      throw new ModelError('bad-checkpoint', `GGUF file: a tensor '${tensor.name}' that these models do not have`);
    }
    parameters.set(name, ggufValues(tensor));
  }
  return { config, parameters, integers: () => integersIn(file, config) };
}

/** Linears stored in Q8_0 or Q4_0, the shared table of embeddings as the logits' weight among them. */
function integersIn(file: GgufFile, { tiedEmbeddings }: DecoderConfig): ReadonlyMap<string, IntegerBlocks> {
  const found = new Map<string, IntegerBlocks>();
  for (const tensor of file.tensors.values()) {
    const name = ourName(tensor.name)?.replace(/\.weight$/, '');
    const linear = name === 'embed_tokens' ? (tiedEmbeddings ? 'lm_head' : undefined) : name;
    const integers = linear === undefined ? undefined : integersOf(tensor);
    if (linear !== undefined && integers !== undefined) found.set(linear, integers);
  }
  return found;
}

function configOf(file: GgufFile): DecoderConfigInput {
  const architecture = file.metadata.get('general.architecture')?.value;
  const known = Object.keys(ARCHITECTURES);
  const family = known.find((name): name is keyof typeof ARCHITECTURES => name === architecture);
  if (family === undefined) {
    throw new ModelError(
      'bad-checkpoint',
      `GGUF file: architecture '${String(architecture)}'; known: ${known.join(', ')}`,
    );
  }
  const optional = (key: string): number | undefined => {
    const found = file.metadata.get(`${family}.${key}`)?.value;
    if (found === undefined) return undefined;
    const value = typeof found === 'bigint' ? Number(found) : found;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new ModelError('bad-checkpoint', `GGUF file: ${family}.${key} must be a number`);
  };
  const required = (key: string): number => {
    const value = optional(key);
    if (value === undefined) throw new ModelError('bad-checkpoint', `GGUF file: ${family}.${key} is missing`);
    return value;
  };
  const embedding = file.tensors.get('token_embd.weight');
  if (embedding === undefined) throw new ModelError('bad-checkpoint', "GGUF file: it lacks 'token_embd.weight'");
  const hiddenSize = required('embedding_length');
  const heads = required('attention.head_count');
  const headSize = optional('attention.key_length') ?? hiddenSize / heads;
  const { convention, biasedQueries, headNorms } = ARCHITECTURES[family];
  const norm = { kind: 'rms-norm', eps: required('attention.layer_norm_rms_epsilon') };
  const headNorm = headNorms ? norm : { kind: 'none' };
  return {
    ...commonFields,
    vocabularySize: embedding.shape[0] ?? 0,
    contextLength: required('context_length'),
    hiddenSize,
    layers: required('block_count'),
    heads,
    keyValueHeads: optional('attention.head_count_kv') ?? heads,
    headSize,
    feedForwardSize: required('feed_forward_length'),
    position: {
      kind: 'rotary',
      theta: optional('rope.freq_base') ?? 10_000,
      rotarySize: optional('rope.dimension_count') ?? headSize,
      convention,
    },
    activation: 'silu',
    gated: true,
    bias: { ...biases(false), queryKeyValue: biasedQueries },
    tiedEmbeddings: !file.tensors.has('output.weight'),
    attentionWindow: optional('attention.sliding_window') ?? null,
    norms: { ...preNorm(norm), query: headNorm, key: headNorm },
  };
}

const outside: Readonly<Record<string, string>> = {
  token_embd: 'embed_tokens',
  output_norm: 'norms.final',
  output: 'lm_head',
};
const inside: Readonly<Record<string, string>> = {
  attn_norm: 'norms.attentionInput',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'norms.query',
  attn_k_norm: 'norms.key',
  ffn_norm: 'norms.mlpInput',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

function ourName(name: string): string | undefined {
  const parts = /^(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)$/.exec(name);
  if (parts === null) return undefined;
  const [, layer, module, role] = parts;
  const ours = (layer === undefined ? outside : inside)[module!];
  if (ours === undefined) return undefined;
  return layer === undefined ? `${ours}.${role}` : `layers.${layer}.${ours}.${role}`;
}

const theirs = new Map([
  ...Object.entries(outside).map(([name, ours]) => [ours, name] as const),
  ...Object.entries(inside).map(([name, ours]) => [ours, name] as const),
]);

/**
 * A Llama as a GGUF file that llama.cpp reads: matrices in `type` (F32 where their rows do not divide into its blocks), norms in F32, the rows of
 * queries and keys in its order, and the vocabulary where a tokenizer is given. Throws `bad-checkpoint` where the config is no Llama,
 * `bad-tokenizer`.
 */
export function writeGgufModel({ config, parameters }: Checkpoint, type: string, tokenizer?: Tokenizer): Uint8Array {
  const problem = notLlama(config);
  if (problem !== undefined)
    throw new ModelError('bad-checkpoint', `GGUF file: written are Llamas, this model ${problem}`);
  if (blockTypeNamed(type) === undefined) throw new ModelError('bad-checkpoint', `there is no GGUF type '${type}'`);
  const metadata = new Map<string, GgufValue>([['general.architecture', { type: 'string', value: 'llama' }]]);
  const number = (key: string, value: number, kind: 'uint32' | 'float32' = 'uint32') =>
    metadata.set(`llama.${key}`, { type: kind, value });
  number('block_count', config.layers);
  number('context_length', config.contextLength);
  number('embedding_length', config.hiddenSize);
  number('feed_forward_length', config.feedForwardSize);
  number('attention.head_count', config.heads);
  number('attention.head_count_kv', config.keyValueHeads);
  number('attention.key_length', config.headSize);
  number('attention.value_length', config.headSize);
  number('attention.layer_norm_rms_epsilon', Number(config.norms.final.eps), 'float32');
  number('vocab_size', config.vocabularySize);
  if (config.position.kind === 'rotary') {
    number('rope.dimension_count', config.position.rotarySize);
    number('rope.freq_base', config.position.theta, 'float32');
  }
  if (tokenizer !== undefined) for (const [key, value] of ggufVocabulary(tokenizer)) metadata.set(key, value);
  const tensors = new Map<string, GgufTensorToStore>();
  for (const [name, values] of parameters) {
    const stored = turnedRows(name, values, config);
    const width = stored.shape.at(-1) ?? 1;
    const fits = stored.shape.length > 1 && width % blockTypeNamed(type)!.blockSize === 0;
    tensors.set(theirName(name), { ...stored, type: fits ? type : 'F32' });
  }
  return writeGguf(metadata, tensors);
}

function theirName(name: string): string {
  const parts = /^(?:layers\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name);
  const module = parts === null ? undefined : theirs.get(parts[2]!);
  if (parts === null || module === undefined) {
    throw new ModelError('bad-checkpoint', `GGUF file: llama.cpp has no name for '${name}'`);
  }
  return parts[1] === undefined ? `${module}.${parts[3]}` : `blk.${parts[1]}.${module}.${parts[3]}`;
}

/** Rows of queries and keys so that neighbours turn together: row i and row i + d/2 of a head come to stand side by side. */
function turnedRows(name: string, values: ParameterValues, config: DecoderConfig): ParameterValues {
  const { position, headSize } = config;
  if (position.kind !== 'rotary' || position.convention === 'interleaved') return values;
  if (!/\.self_attn\.[qk]_proj\./.test(name)) return values;
  const rows = Array.from({ length: values.shape[0]! }, (_, row) => {
    const [head, within] = [Math.floor(row / headSize), row % headSize];
    return head * headSize + (within % 2) * (headSize / 2) + Math.floor(within / 2);
  });
  return pickRows(values, rows);
}

function notLlama(config: DecoderConfig): string | undefined {
  const { norms, position } = config;
  if (position.kind !== 'rotary' || position.rotarySize !== config.headSize) return 'turns no whole heads';
  if (position.scaling.kind !== 'none') return 'scales its positions';
  if (!config.gated || config.activation !== 'silu') return 'has another MLP';
  if (norms.final.kind !== 'rms-norm' || norms.attentionInput.kind !== 'rms-norm') return 'has other norms';
  if (config.bias.queryKeyValue || config.bias.mlp || config.residual.form !== 'sequential') return 'has another form';
  return undefined;
}
