import type { Outcome } from '@claimbench/contracts';
import {
  Decoder,
  type EvaluationItem,
  generateSelfSpeculatively,
  generateSpeculatively,
  parameterSpecs,
} from '@claimbench/models';
import type { Drafting } from '@claimbench/techniques';

/** Texts that are begun for the measurement; each prompt is the first half of a window, the second half is written. */
const TEXTS = 16;

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
  const window = decoder.config.contextLength;
  const half = Math.floor(window / 2);
  const prompts = items.filter((item) => item.tokens.length === window).slice(0, TEXTS);
  if (prompts.length === 0) return {};
  let [accepted, drafted, written, layerRuns, cacheBytes] = [0, 0, 0, 0, 0];
  const draft = shared ? null : await firstLayers(decoder, layers);
  try {
    for (const { tokens: text } of prompts) {
      const prompt = text.slice(0, half);
      const options = { steps: window - half, signal };
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
async function firstLayers(decoder: Decoder, layers: number): Promise<Decoder> {
  const config = { ...decoder.config, layers };
  const all = await decoder.readParameters();
  const values = new Map(parameterSpecs(config).map(({ name }) => [name, all.get(name)!]));
  return Decoder.fromValues(decoder.backend, config, values);
}
