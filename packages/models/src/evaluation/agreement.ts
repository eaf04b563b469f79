import { argmax } from '../argmax.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { IGNORED } from '../ignored.ts';
import { ModelError } from '../model-error.ts';
import type { EvaluationItem } from './items.ts';
import { type EvaluationOptions, inPasses, passLogits, Scratch, scoredTokens } from './passes.ts';
import { standardErrorOfRatio } from './standard-error.ts';

/** How far a model is from a reference on the same items. All means are over scored tokens; errors are standard errors over the items. */
export interface Agreement {
  readonly tokens: number;
  /** Share of tokens where both models find the same token most likely (each the lowest of equals). */
  readonly top1Agreement: number;
  readonly top1AgreementError: number;
  /** Mean of `KL(reference || model) = sum_t p_ref(t) (ln p_ref(t) - ln p(t))`, nats for each token. */
  readonly klDivergence: number;
  readonly klDivergenceError: number;
  /** The model's loss minus the reference's, nats for each token, with the error of the paired difference. */
  readonly excessNatsPerToken: number;
  readonly excessNatsPerTokenError: number;
  /** Of each item: tokens that agree, summed divergence, summed difference of the losses; for paired statistics. */
  readonly itemAgreements: readonly number[];
  readonly itemDivergences: readonly number[];
  readonly itemExcessNats: readonly number[];
}

/**
 * Compares a model with a reference of the same vocabulary, which may live on another backend. Logits are the models' own, what is made of
 * them is float64 and on the host. A cache is the model's alone. Throws `shape-mismatch` where the vocabularies differ.
 */
export async function compareWithReference(
  decoder: Decoder,
  reference: Decoder,
  items: readonly EvaluationItem[],
  options: EvaluationOptions = {},
): Promise<Agreement> {
  const [own, other] = [decoder.config.vocabularySize, reference.config.vocabularySize];
  if (own !== other) {
    throw new ModelError(
      'shape-mismatch',
      `the reference has ${other} tokens, the model ${own}: they cannot be compared`,
    );
  }
  const context = Math.min(decoder.config.contextLength, reference.config.contextLength);
  const [scratch, referenceScratch] = [new Scratch(), new Scratch()];
  const zeros = () => new Array<number>(items.length).fill(0);
  const [agreements, divergences, excess] = [zeros(), zeros(), zeros()];
  await inPasses(items, context, options, async (pass) => {
    using logits = passLogits(decoder, pass, options.cache);
    using referenceLogits = passLogits(reference, pass, undefined);
    const found = await scratch.read(logits);
    const expected = await referenceScratch.read(referenceLogits);
    pass.targets.forEach((target, at) => {
      if (target === IGNORED) return;
      const item = pass.members[Math.floor(at / pass.time)]!;
      const compared = compareLogits(found, expected, at * own, own, target);
      agreements[item]! += compared.agrees ? 1 : 0;
      divergences[item]! += compared.divergence;
      excess[item]! += compared.excess;
    });
  });
  const sizes = items.map(scoredTokens);
  const tokens = sum(sizes);
  return {
    tokens,
    top1Agreement: sum(agreements) / tokens,
    top1AgreementError: standardErrorOfRatio(agreements, sizes),
    klDivergence: sum(divergences) / tokens,
    klDivergenceError: standardErrorOfRatio(divergences, sizes),
    excessNatsPerToken: sum(excess) / tokens,
    excessNatsPerTokenError: standardErrorOfRatio(excess, sizes),
    itemAgreements: agreements,
    itemDivergences: divergences,
    itemExcessNats: excess,
  };
}

/** One token: `classes` logits of both models from `start`. */
function compareLogits(
  model: Float32Array,
  reference: Float32Array,
  start: number,
  classes: number,
  target: number,
): { readonly agrees: boolean; readonly divergence: number; readonly excess: number } {
  const best = argmax(model, start, classes);
  const referenceBest = argmax(reference, start, classes);
  const largest = model[start + best]!;
  const referenceLargest = reference[start + referenceBest]!;
  let total = 0;
  let referenceTotal = 0;
  let weighted = 0;
  for (let at = start; at < start + classes; at++) {
    total += Math.exp(model[at]! - largest);
    const weight = Math.exp(reference[at]! - referenceLargest);
    referenceTotal += weight;
    // A token that the reference excludes adds nothing, whatever the model thinks of it.
    if (weight > 0) weighted += weight * (reference[at]! - model[at]!);
  }
  const logSum = largest + Math.log(total);
  const referenceLogSum = referenceLargest + Math.log(referenceTotal);
  return {
    agrees: best === referenceBest,
    divergence: weighted / referenceTotal - referenceLogSum + logSum,
    excess: logSum - model[start + target]! - (referenceLogSum - reference[start + target]!),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
