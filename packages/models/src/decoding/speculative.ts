import { RandomStream, Tensor } from '@claimbench/kernels';
import { throwIfCancelled } from '../cancelled.ts';
import type { AttentionCache } from '../decoder/attention-cache.ts';
import type { Decoder } from '../decoder/decoder.ts';
import type { LayerPlan } from '../decoder/layer-plan.ts';
import { ModelError } from '../model-error.ts';
import { RANDOM_STREAMS } from '../random-streams.ts';
import { createCache } from './caches.ts';
import { checkRoom, type GenerationOptions } from './generate.ts';
import { trailingLogits } from './last-logits.ts';
import { checkSampling, drawToken, GREEDY, nextTokenProbabilities, type SamplingOptions } from './sampling.ts';

/** What guesses ahead: another model of the same vocabulary, or the model itself by a shorter plan of its layers. */
export interface Draft {
  readonly decoder: Decoder;
  /** Absent: the decoder's own plan. */
  readonly plan?: LayerPlan;
  /** Most tokens guessed in a round. */
  readonly tokens: number;
}

export interface SpeculativeText {
  readonly tokens: Int32Array;
  /** Passes of the model, the first over the prompt included. */
  readonly passes: number;
  readonly drafted: number;
  readonly accepted: number;
  /** Positions that the model has read, and the draft. */
  readonly modelPositions: number;
  readonly draftPositions: number;
  /** Bytes of keys and values, of model and draft together. */
  readonly cacheBytes: number;
}

export type SpeculativeOptions = Pick<GenerationOptions, 'steps' | 'sampling' | 'seed' | 'stopToken' | 'signal'> & {
  readonly onToken?: (token: number) => void;
};

/**
 * Speculative decoding (Leviathan et al. 2023, algorithm 1): the draft guesses tokens x with probabilities q, the model scores them in one
 * pass as p. Guess x is kept with probability min(1, p(x) / q(x)); the first that is not is drawn anew from max(0, p - q), renormalised.
 * So the text has exactly the model's own distribution under the same sampling, and greedily is its own text. Throws `shape-mismatch`,
 * `invalid-sampling`.
 */
export async function generateSpeculatively(
  decoder: Decoder,
  draft: Draft,
  prompt: Int32Array,
  options: SpeculativeOptions,
): Promise<SpeculativeText> {
  const { steps, sampling = GREEDY } = options;
  checkRoom(decoder, prompt, steps);
  checkRoom(draft.decoder, prompt, steps);
  checkDraft(decoder, draft);
  checkSampling(sampling);
  using cache = createCache(prompt.length + steps);
  using draftCache = createCache(prompt.length + steps);
  const read = { model: 0, draft: 0 };
  const text = await writeInRounds(prompt, draft.tokens, options, {
    async guess(known) {
      read.draft += known.length - draftCache.length;
      return (await readOn(draft.decoder, draft.plan, draftCache, known, 1))[0]!;
    },
    check(guessed, count) {
      read.model += guessed.length - cache.length;
      return readOn(decoder, undefined, cache, guessed, count);
    },
    forget(length) {
      for (const each of [cache, draftCache]) each.truncate(Math.min(each.length, length));
    },
  });
  return {
    ...text,
    modelPositions: read.model,
    draftPositions: read.draft,
    cacheBytes: cache.bytes + draftCache.bytes,
  };
}

/** The two voices of speculative decoding. Both are given the whole text so far and read what they do not know of it yet. */
export interface Speculator {
  /** The draft's logits behind `known`. */
  guess(known: readonly number[]): Promise<Float32Array>;
  /** The model's logits after each of the last `count` tokens of `guessed`. */
  check(guessed: readonly number[], count: number): Promise<readonly Float32Array[]>;
  /** Forgets the tokens from position `length` on. */
  forget(length: number): void;
}

/** Rounds of guessing at most `most` tokens and checking them, until `options.steps` tokens are written or the stop token comes. */
export async function writeInRounds(
  prompt: Int32Array,
  most: number,
  options: SpeculativeOptions,
  { guess, check, forget }: Speculator,
): Promise<Pick<SpeculativeText, 'tokens' | 'passes' | 'drafted' | 'accepted'>> {
  const { steps, sampling = GREEDY, seed, stopToken, signal } = options;
  const uniform = uniformDraws(sampling.temperature, seed);
  const text = Array.from(prompt);
  const end = prompt.length + steps;
  let passes = 0;
  let drafted = 0;
  let accepted = 0;
  const written = () => ({ tokens: Int32Array.from(text.slice(prompt.length)), passes, drafted, accepted });

  while (text.length < end) {
    throwIfCancelled(signal);
    // The model adds one token of its own to those that it keeps.
    const count = Math.min(most, end - text.length - 1);
    const guesses: Guess[] = [];
    const guessed = [...text];
    for (let at = 0; at < count; at++) {
      const q = nextTokenProbabilities(await guess(guessed), sampling);
      const token = drawToken(q, uniform());
      guesses.push({ token, q });
      guessed.push(token);
    }
    // The last guess is read too: what follows it is the model's to say.
    const logits = await check(guessed, count + 1);
    passes += 1;
    drafted += count;
    const { kept, own } = checkGuesses(guesses, logits, sampling, uniform);
    accepted += kept;
    for (const token of [...guesses.slice(0, kept).map((each) => each.token), own]) {
      if (token === stopToken) return written();
      text.push(token);
      options.onToken?.(token);
    }
    forget(text.length - 1);
  }
  return written();
}

/** Reads what the cache does not hold yet of `text`; logits after its last `count` tokens. */
async function readOn(
  decoder: Decoder,
  plan: LayerPlan | undefined,
  cache: AttentionCache,
  text: readonly number[],
  count: number,
): Promise<readonly Float32Array[]> {
  const rest = Int32Array.from(text.slice(cache.length));
  using ids = Tensor.from(decoder.backend, rest, [1, rest.length]);
  const ownPlan = decoder.plan;
  if (plan !== undefined) decoder.plan = plan;
  try {
    // The pass is encoded before the call comes back; only its result is waited for.
    const logits = trailingLogits(decoder, ids, cache, count);
    decoder.plan = ownPlan;
    return await logits;
  } finally {
    decoder.plan = ownPlan;
  }
}

/** A guessed token and the probabilities that it was drawn from. */
export interface Guess {
  readonly token: number;
  readonly q: Float64Array;
}

/**
 * How many of the guesses are kept, and the token that follows them: drawn anew where one is not, else the model's own. `logits`: the
 * model's before each guess and after the last.
 */
export function checkGuesses(
  guesses: readonly Guess[],
  logits: readonly Float32Array[],
  sampling: SamplingOptions,
  uniform: () => number,
): { readonly kept: number; readonly own: number } {
  const p = (at: number) => nextTokenProbabilities(logits[at]!, sampling);
  const refused = guesses.findIndex(({ token, q }, at) => uniform() >= p(at)[token]! / q[token]!);
  const kept = refused < 0 ? guesses.length : refused;
  const last = p(kept);
  return { kept, own: drawToken(refused < 0 ? last : residual(last, guesses[refused]!.q), uniform()) };
}

/** max(0, p - q), which `drawToken` renormalises. */
function residual(p: Float64Array, q: Float64Array): Float64Array {
  return p.map((value, token) => Math.max(0, value - q[token]!));
}

/** Numbers in [0, 1) from the seed's decoding stream. Throws `invalid-sampling` where something is drawn without a seed. */
function uniformDraws(temperature: number, seed: number | undefined): () => number {
  // All probabilities are 0 or 1: any number in [0, 1) decides alike.
  if (temperature === 0) return () => 0;
  if (seed === undefined) {
    throw new ModelError('invalid-sampling', `sampling at temperature ${temperature} needs a seed`);
  }
  const stream = new RandomStream(seed, RANDOM_STREAMS.decoding);
  return () => stream.nextUniform();
}

function checkDraft(decoder: Decoder, draft: Draft): void {
  const [own, other] = [decoder.config.vocabularySize, draft.decoder.config.vocabularySize];
  if (own !== other) {
    throw new ModelError('shape-mismatch', `the draft has a vocabulary of ${other} tokens, the model one of ${own}`);
  }
  if (!Number.isInteger(draft.tokens) || draft.tokens < 1) {
    throw new ModelError('shape-mismatch', `a draft guesses an integer number of tokens from 1, found ${draft.tokens}`);
  }
}
