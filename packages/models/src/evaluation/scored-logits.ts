import type { Decoder } from '../decoder/decoder.ts';
import { IGNORED } from '../ignored.ts';
import type { EvaluationItem } from './items.ts';
import { type EvaluationOptions, inPasses, passLogits, Scratch, scoredTokens } from './passes.ts';

/** A model's logits of all scored tokens of the items, `[tokens, vocabulary]`, in an order that depends on the items alone. */
export async function scoredLogits(
  decoder: Decoder,
  items: readonly EvaluationItem[],
  options: Omit<EvaluationOptions, 'cache'> = {},
): Promise<Float32Array> {
  const { contextLength, vocabularySize: classes } = decoder.config;
  const tokens = items.reduce((sum, item) => sum + scoredTokens(item), 0);
  const all = new Float32Array(tokens * classes);
  const scratch = new Scratch();
  let written = 0;
  await inPasses(items, contextLength, options, async (pass) => {
    using logits = passLogits(decoder, pass, undefined);
    const found = await scratch.read(logits);
    pass.targets.forEach((target, at) => {
      if (target === IGNORED) return;
      all.set(found.subarray(at * classes, (at + 1) * classes), written);
      written += classes;
    });
  });
  return all;
}
