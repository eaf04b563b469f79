import { Tensor } from '@claimbench/kernels';
import { throwIfCancelled } from '../cancelled.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { ModelError } from '../model-error.ts';
import { createCache, type KeyValueCacheOptions } from './caches.ts';
import { checkRoom, type GenerationOptions } from './generate.ts';
import { lastLogits } from './last-logits.ts';
import { logProbabilities } from './sampling.ts';

export interface BeamOptions extends Pick<GenerationOptions, 'steps' | 'stopToken' | 'signal'> {
  /** Texts that are followed at once. */
  readonly beams: number;
  /** A text scores `ln P(text) / length^lengthPenalty`, its stop token counted in both; above 0 long texts gain, 0: the sum itself. Absent: 1. */
  readonly lengthPenalty?: number;
  readonly cache?: KeyValueCacheOptions;
}

export interface BeamText {
  /** Without the stop token. */
  readonly tokens: Int32Array;
  /** ln P(text | prompt), of the stop token too where the text ended by it. */
  readonly logProbability: number;
  readonly score: number;
}

interface Beam {
  readonly tokens: readonly number[];
  readonly logProbability: number;
}

/**
 * Beam search: of all one-token continuations of `beams` texts the most likely ones are followed, until no text that is still being written can score
 * above the worst of `beams` finished ones. Best first; a text of `steps` tokens is finished. With as many beams as there are texts it is exhaustive
 * search, with one it is greedy. Of equally likely continuations the earlier beam's and the lower token goes first. Throws
 * `shape-mismatch`, `invalid-sampling`.
 */
export async function beamSearch(
  decoder: Decoder,
  prompt: Int32Array,
  options: BeamOptions,
): Promise<readonly BeamText[]> {
  const { steps, beams, stopToken, lengthPenalty = 1, signal } = options;
  checkRoom(decoder, prompt, steps);
  if (!Number.isInteger(beams) || beams < 1) {
    throw new ModelError('invalid-sampling', `beam search follows an integer number of texts from 1, found ${beams}`);
  }
  if (!(lengthPenalty >= 0 && Number.isFinite(lengthPenalty))) {
    throw new ModelError('invalid-sampling', `a length penalty is a number from 0, found ${lengthPenalty}`);
  }
  const finished: BeamText[] = [];
  const finish = (tokens: readonly number[], logProbability: number, length: number) => {
    finished.push({ tokens: Int32Array.from(tokens), logProbability, score: logProbability / length ** lengthPenalty });
    finished.sort((a, b) => b.score - a.score);
    finished.length = Math.min(finished.length, beams);
  };
  if (steps === 0) return [{ tokens: new Int32Array(0), logProbability: 0, score: 0 }];
  using cache = createCache(prompt.length + steps - 1, options.cache);
  let following: readonly Beam[] = [{ tokens: [], logProbability: 0 }];
  let inputs = prompt;
  for (;;) {
    throwIfCancelled(signal);
    using ids = Tensor.from(decoder.backend, inputs, [following.length, inputs.length / following.length]);
    const logits = await lastLogits(decoder, ids, cache);
    // The stop token may take the place of one continuation of each text: twice as many candidates leave enough to go on with.
    const candidates = mostLikely(following, logits, 2 * beams);
    const next: { readonly beam: number; readonly token: number; readonly logProbability: number }[] = [];
    for (const [rank, { beam, token, logProbability }] of candidates.entries()) {
      if (token === stopToken) {
        const { tokens } = following[beam]!;
        // One that only stands among the reserves would not have been followed either.
        if (rank < beams) finish(tokens, logProbability, tokens.length + 1);
      } else if (next.length < beams) {
        next.push({ beam, token, logProbability });
      }
    }
    cache.select(next.map(({ beam }) => beam));
    following = next.map(({ beam, token, logProbability }) => ({
      tokens: [...following[beam]!.tokens, token],
      logProbability,
    }));
    const length = following[0]?.tokens.length ?? steps;
    if (length === steps) for (const { tokens, logProbability } of following) finish(tokens, logProbability, steps);
    // Sums only fall, and no divisor is larger than that of the longest text.
    const best = (following[0]?.logProbability ?? Number.NEGATIVE_INFINITY) / steps ** lengthPenalty;
    if (length === steps || (finished.length === beams && finished.at(-1)!.score >= best)) return finished;
    inputs = Int32Array.from(next, ({ token }) => token);
  }
}

/** The `count` most likely continuations by one token, in order. */
function mostLikely(following: readonly Beam[], logits: readonly Float32Array[], count: number) {
  const all = following.flatMap(({ logProbability: before }, beam) =>
    Array.from(logProbabilities(logits[beam]!), (value, token) => ({ beam, token, logProbability: before + value })),
  );
  all.sort((a, b) => b.logProbability - a.logProbability || a.beam - b.beam || a.token - b.token);
  return all.slice(0, count);
}
