import type { Outcome } from '@claimbench/contracts';
import {
  Decoder,
  type EvaluationItem,
  generateSelfSpeculatively,
  generateSpeculatively,
  parameterSpecs,
} from '@claimbench/models';
import type { Drafting } from '@claimbench/techniques';

/** Texts that are begun for the measurement. */
const TEXTS = 16;

/** Beginnings of texts, and how many tokens to write after each. */
export interface Prompts {
  readonly prompts: readonly Int32Array[];
  readonly steps: number;
}

/** The first halves of the first `count` whole windows of the evaluation; the second halves are to be written. */
export function promptsOf(items: readonly EvaluationItem[], window: number, count: number): Prompts {
  const half = Math.floor(window / 2);
  const whole = items.filter((item) => item.tokens.length === window).slice(0, count);
  return { prompts: whole.map(({ tokens }) => tokens.slice(0, half)), steps: window - half };
}

/**
 * What writing text with a draft costs, counted over texts that the model goes on writing greedily from the first whole windows of the
 * evaluation: nothing of it depends on the machine. No metrics where no window is whole.
 */
export async function measureDecoding(
  decoder: Decoder,
  items: readonly EvaluationItem[],
  { layers, tokens, shared }: Drafting,
  signal: AbortSignal,
): Promise<Outcome['metrics']> {
  const { prompts, steps } = promptsOf(items, decoder.config.contextLength, TEXTS);
  if (prompts.length === 0) return {};
  let [accepted, drafted, written, layerRuns, cacheBytes] = [0, 0, 0, 0, 0];
  const draft = shared ? null : await firstLayers(decoder, layers);
  try {
    for (const prompt of prompts) {
      const options = { steps, signal };
      const result = draft
        ? await generateSpeculatively(decoder, { decoder: draft, tokens }, prompt, options)
        : await generateSelfSpeculatively(decoder, { layers, tokens }, prompt, options);
      accepted += result.accepted;
      drafted += result.drafted;
      written += result.tokens.length;
      // A draft that is shared has run the first layers for the model too.
      const ofModel = decoder.config.layers - (shared ? layers : 0);
      layerRuns += layers * result.draftPositions + ofModel * result.modelPositions;
      cacheBytes = Math.max(cacheBytes, result.cacheBytes);
    }
    const weights = decoder.storedBytes + (draft?.storedBytes ?? 0);
    return {
      acceptedShare: accepted / drafted,
      layersPerToken: layerRuns / written,
      decodingBytes: weights + cacheBytes,
    };
  } finally {
    draft?.dispose();
  }
}

/** The first layers as a model of their own, with embedding, final norm and head. */
export async function firstLayers(decoder: Decoder, layers: number): Promise<Decoder> {
  const config = { ...decoder.config, layers };
  const all = await decoder.readParameters();
  const values = new Map(parameterSpecs(config).map(({ name }) => [name, all.get(name)!]));
  return Decoder.fromValues(decoder.backend, config, values);
}
