import { z } from 'zod';
import { type DecoderConfig, parseDecoderConfig } from '../decoder/config.ts';
import type { ParameterValues } from '../decoder/parameters.ts';
import { ModelError } from '../model-error.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { tokenizerFromJson } from '../tokenizers/tokenizer-json.ts';
import { type FeedForwardConfig, parseFeedForwardConfig } from '../vision/feed-forward.ts';
import { floatsOf } from './element-types.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

/** Where a model comes from; every field is optional, and kept as written. */
export const ModelProvenance = z.looseObject({
  /** Spec hash of the run that trained it. */
  specHash: z.string().optional(),
  seed: z.number().int().optional(),
  /** Tokens that it was trained on. */
  tokens: z.number().int().optional(),
  /** Training failed: what starts from this model has failed as well. */
  diverged: z.object({ step: z.number().int(), reason: z.string() }).nullable().optional(),
});
export type ModelProvenance = z.infer<typeof ModelProvenance>;

/** All that is needed to go on with a trained model. */
export interface StoredModel {
  readonly config: DecoderConfig;
  readonly tokenizer: Tokenizer;
  readonly parameters: ReadonlyMap<string, ParameterValues>;
  readonly provenance: ModelProvenance;
}

/** As `StoredModel`, for a classifier. */
export interface StoredClassifier {
  readonly config: FeedForwardConfig;
  readonly parameters: ReadonlyMap<string, ParameterValues>;
  readonly provenance: ModelProvenance;
}

const FORMAT = 'claimbench-decoder-1';
const CLASSIFIER_FORMAT = 'claimbench-classifier-1';

/** A model as one safetensors file: the parameters as F32 tensors, the rest as JSON in the metadata. Equal models give equal bytes. */
export function encodeModel(model: StoredModel): Uint8Array {
  return writeSafetensors(model.parameters, {
    format: FORMAT,
    config: JSON.stringify(model.config),
    tokenizer: JSON.stringify(model.tokenizer.toJson()),
    provenance: JSON.stringify(model.provenance),
  });
}

/** Whether a safetensors file is a model of ours, by its metadata. Throws `bad-checkpoint` when it is no safetensors file. */
export function isModelFile(file: Uint8Array): boolean {
  return readSafetensors(file).metadata.get('format') === FORMAT;
}

/** Throws `bad-checkpoint`, and what config and tokenizer throw. Whether the tensors fit the config is checked by the decoder. */
export function decodeModel(file: Uint8Array): StoredModel {
  const { metadata, parameters, provenance } = decode(file, FORMAT);
  return {
    config: parseDecoderConfig(json(metadata, 'config')),
    tokenizer: tokenizerFromJson(json(metadata, 'tokenizer')),
    parameters,
    provenance,
  };
}

/** A classifier as one safetensors file, as `encodeModel`. */
export function encodeClassifier({ config, parameters, provenance }: StoredClassifier): Uint8Array {
  return writeSafetensors(parameters, {
    format: CLASSIFIER_FORMAT,
    config: JSON.stringify(config),
    provenance: JSON.stringify(provenance),
  });
}

/** Throws `bad-checkpoint`, and what the config throws. Whether the tensors fit the config is checked by the network. */
export function decodeClassifier(file: Uint8Array): StoredClassifier {
  const { metadata, parameters, provenance } = decode(file, CLASSIFIER_FORMAT);
  return { config: parseFeedForwardConfig(json(metadata, 'config')), parameters, provenance };
}

function decode(file: Uint8Array, format: string) {
  const { metadata, tensors } = readSafetensors(file, 'model file');
  if (metadata.get('format') !== format) {
    throw new ModelError(
      'bad-checkpoint',
      `model file: format '${format}' expected in the metadata, found '${metadata.get('format') ?? 'none'}'`,
    );
  }
  const provenance = ModelProvenance.safeParse(json(metadata, 'provenance'));
  if (!provenance.success) {
    throw new ModelError('bad-checkpoint', `model file: provenance: ${z.prettifyError(provenance.error)}`);
  }
  const parameters = new Map(
    Array.from(tensors.values(), (tensor) => [tensor.name, { shape: tensor.shape, data: floatsOf(tensor) }]),
  );
  return { metadata, parameters, provenance: provenance.data };
}

function json(metadata: ReadonlyMap<string, string>, key: string): unknown {
  const text = metadata.get(key);
  if (text === undefined) throw new ModelError('bad-checkpoint', `model file: '${key}' is missing in the metadata`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ModelError('bad-checkpoint', `model file: '${key}' in the metadata is not JSON`, { cause });
  }
}
