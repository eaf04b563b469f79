import {
  type DecoderConfig,
  type DecoderConfigInput,
  NORM_PLACES,
  type NormPlace,
  parseDecoderConfig,
} from './config.ts';
import { NO_NORM, type NormSpec } from './norm.ts';

/** The few numbers by which recipes describe a decoder, or an encoder; the style fills in the rest. */
export interface DecoderArchitecture {
  readonly style: 'gpt2' | 'llama' | 'modernbert';
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly feedForwardSize: number;
  readonly contextLength: number;
}

/** Norms at the places named, none elsewhere. */
export function normsAt(present: Partial<Record<NormPlace, NormSpec>>): DecoderConfig['norms'] {
  const everywhere = NORM_PLACES.map((place) => [place, present[place] ?? NO_NORM]);
  return Object.fromEntries(everywhere) as DecoderConfig['norms'];
}

/** Norms of a pre-norm decoder: before attention, before the MLP, and at the end. */
export function preNorm(norm: NormSpec): DecoderConfig['norms'] {
  return normsAt({ attentionInput: norm, mlpInput: norm, final: norm });
}

/** Norms of a post-norm decoder: after each residual sum, none at the end. */
export function postNorm(norm: NormSpec): DecoderConfig['norms'] {
  return normsAt({ attentionResidual: norm, mlpResidual: norm });
}

/** Norms of a sandwich (peri-norm) decoder: around each branch, and at the end. */
export function sandwichNorm(norm: NormSpec): DecoderConfig['norms'] {
  return { ...preNorm(norm), attentionOutput: norm, mlpOutput: norm };
}

/**
 * Standard deviation of the first weights: 0.02 at GPT-2's width of 768, and the inverse root of the width at others. 0.02 itself
 * leaves a narrow decoder near zero for most of a short training (docs/decisions/0007-first-weights-by-width.md).
 */
function initialDeviation(hiddenSize: number): number {
  return 0.02 * Math.sqrt(768 / hiddenSize);
}

/** Attention of an encoder: every position sees every other. */
export const bothDirections = {
  causal: false,
  scale: null,
  softcap: null,
  clip: null,
  headNorms: 'head',
} as const satisfies DecoderConfig['attention'];

/**
 * GPT-2: learned positions, LayerNorm, GELU, biases. Llama: rotary positions, RMSNorm, SwiGLU, no bias. ModernBERT, an encoder: rotary positions,
 * LayerNorm without biases, GeGLU, a dense layer before the logits, and one token more than the vocabulary given, the mask. All with tied
 * embeddings (small models spend a large share of their parameters on them) and as many key heads as heads.
 */
export function decoderConfig(architecture: DecoderArchitecture, vocabularySize: number): DecoderConfig {
  const { style, layers, hiddenSize, heads, feedForwardSize, contextLength } = architecture;
  const gpt2 = style === 'gpt2';
  const headSize = hiddenSize / heads;
  return parseDecoderConfig({
    vocabularySize,
    contextLength,
    hiddenSize,
    layers,
    heads,
    keyValueHeads: heads,
    headSize,
    feedForwardSize,
    position: gpt2 ? { kind: 'learned' } : { kind: 'rotary', theta: 10_000, rotarySize: headSize, convention: 'half' },
    activation: gpt2 ? 'gelu-tanh' : 'silu',
    gated: !gpt2,
    bias: { queryKeyValue: gpt2, attentionOutput: gpt2, mlp: gpt2, logits: false },
    tiedEmbeddings: true,
    attentionWindow: null,
    norms: preNorm(gpt2 ? { kind: 'layer-norm', eps: 1e-5, bias: true } : { kind: 'rms-norm', eps: 1e-5 }),
    normOverrides: [],
    residual: { form: 'sequential', attentionScale: 1, mlpScale: 1 },
    initialisation: { standardDeviation: initialDeviation(hiddenSize), scaledResidual: true },
    ...(style === 'modernbert' && encoderFields(vocabularySize)),
  } satisfies DecoderConfigInput);
}

/**
 * What an encoder has in the place of a decoder's (ModernBERT: Warner et al. 2024, section 2.1). Its norm behind the embedding is left out, and
 * the first layer keeps its own. With BERT's learned positions a model of this size knows letter frequencies alone after as many steps.
 */
function encoderFields(vocabularySize: number) {
  const norm: NormSpec = { kind: 'layer-norm', eps: 1e-5, bias: false };
  return {
    vocabularySize: vocabularySize + 1,
    activation: 'gelu-erf',
    bias: { queryKeyValue: false, attentionOutput: false, mlp: false, logits: true },
    attention: bothDirections,
    norms: preNorm(norm),
    logits: { inputScale: 1, softcap: null, transform: { activation: 'gelu-erf', norm }, of: 'every' },
  } satisfies Partial<DecoderConfigInput>;
}
