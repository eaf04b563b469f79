import {
  type DecoderConfig,
  type DecoderConfigInput,
  NORM_PLACES,
  type NormPlace,
  parseDecoderConfig,
} from './config.ts';
import { NO_NORM, type NormSpec } from './norm.ts';

/** The few numbers by which recipes describe a decoder; the style fills in the rest. */
export interface DecoderArchitecture {
  readonly style: 'gpt2' | 'llama';
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

/**
 * GPT-2: learned positions, LayerNorm, GELU, biases. Llama: rotary positions, RMSNorm, SwiGLU, no bias. Both with tied embeddings
 * (small models spend a large share of their parameters on them) and as many key heads as heads.
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
  } satisfies DecoderConfigInput);
}
