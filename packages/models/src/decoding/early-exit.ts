import { scope, Tensor } from '@claimbench/kernels';
import { argmax } from '../argmax.ts';
import { throwIfCancelled } from '../cancelled.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { isParallel, type LayerStep } from '../decoder/layer-plan.ts';
import { ModelError } from '../model-error.ts';
import { createCache, type KeyValueCacheOptions } from './caches.ts';
import { checkRoom, chooser, type GenerationOptions } from './generate.ts';
import { lastLogits } from './last-logits.ts';
import { logProbabilities } from './sampling.ts';

/**
 * When a token leaves before the last layer, judged by the logits at an exit (softmax at temperature 1):
 *
 *     confidence   the largest probability is at least `threshold`
 *     entropy      the distribution's entropy is at most `threshold` nats (Teerapittayanon et al. 2016)
 *     patience     the most likely token has been the same at this exit and the `exits` before it (Zhou et al. 2020)
 */
export type ExitRule =
  | { readonly kind: 'confidence'; readonly threshold: number }
  | { readonly kind: 'entropy'; readonly threshold: number }
  | { readonly kind: 'patience'; readonly exits: number };

export interface EarlyExitOptions
  extends Pick<GenerationOptions, 'steps' | 'sampling' | 'seed' | 'stopToken' | 'signal'> {
  /** Numbers of plan steps after which a token may leave, ascending, each below the plan's length. */
  readonly exitsAfter: readonly number[];
  readonly rule: ExitRule;
  readonly cache?: KeyValueCacheOptions;
  /** `depth`: plan steps that the token's logits come from. */
  readonly onToken?: (token: number, depth: number) => void;
}

export interface EarlyExitText {
  readonly tokens: Int32Array;
  /** Plan steps that each token's logits come from. The first token's come from the prompt, which is read by all of them. */
  readonly depths: readonly number[];
  /** Steps that were run and that were skipped, over all passes behind the prompt: `steps + skipped = passes * plan length`. */
  readonly stepsRun: number;
  readonly stepsSkipped: number;
}

/**
 * Early exit (Schuster et al. 2022): a token's logits are read at exits on its way (through `decoder.exitLogits`), and where the rule is content
 * the rest of the layers is skipped; for tokens behind it they get their keys and values from the stream that left. The prompt is
 * read by all layers. A rule that never holds gives the text of `generate`. Throws `invalid-sampling`, `invalid-layer-plan`, `shape-mismatch`.
 */
export async function generateWithExits(
  decoder: Decoder,
  prompt: Int32Array,
  options: EarlyExitOptions,
): Promise<EarlyExitText> {
  const { steps, stopToken, signal, rule } = options;
  checkRoom(decoder, prompt, steps);
  const plan = sequentialPlan(decoder);
  checkExits(options, plan.length);
  const choose = chooser(options)(0);
  using cache = createCache(prompt.length + steps, options.cache);
  const tokens: number[] = [];
  const depths: number[] = [];
  let [stepsRun, stepsSkipped] = [0, 0];
  let inputs = prompt;
  while (tokens.length < steps) {
    throwIfCancelled(signal);
    using ids = Tensor.from(decoder.backend, inputs, [1, inputs.length]);
    let depth = plan.length;
    let logits: Float32Array;
    if (tokens.length === 0) {
      [logits] = (await lastLogits(decoder, ids, cache)) as [Float32Array];
    } else {
      ({ logits, depth } = await throughExits(decoder, ids, plan, cache, options.exitsAfter, rule));
      stepsRun += depth;
      stepsSkipped += plan.length - depth;
    }
    const token = choose(logits);
    if (token === stopToken) break;
    tokens.push(token);
    depths.push(depth);
    options.onToken?.(token, depth);
    inputs = Int32Array.of(token);
  }
  return { tokens: Int32Array.from(tokens), depths, stepsRun, stepsSkipped };
}

/** One token through the plan, up to the first exit where the rule holds. */
async function throughExits(
  decoder: Decoder,
  ids: Tensor,
  plan: readonly LayerStep[],
  cache: ReturnType<typeof createCache>,
  exitsAfter: readonly number[],
  rule: ExitRule,
): Promise<{ logits: Float32Array; depth: number }> {
  const judge = judgeOf(rule);
  let x = scope(() => decoder.embed(ids, cache.length));
  try {
    let from = 0;
    for (const to of [...exitsAfter, plan.length]) {
      const next = scope(() => decoder.run(x, plan.slice(from, to), { cache, firstStep: from }));
      x.dispose();
      x = next;
      from = to;
      const isLast = to === plan.length;
      using read = scope(() =>
        isLast ? decoder.logitsOf(decoder.finish(x)) : decoder.exitLogits(plan[to - 1]!.layer, x),
      );
      const logits = await read.readFloats();
      if (!isLast && !judge(logits)) continue;
      scope(() => decoder.remember(x, plan.slice(to), cache, to));
      cache.advance(1);
      return { logits, depth: to };
    }
    throw new Error('the plan ends without logits');
  } finally {
    x.dispose();
  }
}

/** Whether a token may leave; asked at one exit after the other. */
function judgeOf(rule: ExitRule): (logits: Float32Array) => boolean {
  let last = -1;
  let same = -1;
  return (logits) => {
    if (rule.kind === 'patience') {
      const best = argmax(logits);
      same = best === last ? same + 1 : 0;
      last = best;
      return same >= rule.exits;
    }
    const logs = logProbabilities(logits);
    if (rule.kind === 'confidence') return Math.exp(logs[argmax(logits)]!) >= rule.threshold;
    let entropy = 0;
    for (const log of logs) entropy -= Math.exp(log) * log;
    return entropy <= rule.threshold;
  };
}

function sequentialPlan(decoder: Decoder): readonly LayerStep[] {
  return decoder.plan.map((item) => {
    if (!isParallel(item)) return item;
    throw new ModelError('invalid-layer-plan', 'early exit goes step by step, the plan has steps side by side');
  });
}

function checkExits({ exitsAfter, rule }: EarlyExitOptions, planLength: number): void {
  for (const [at, exit] of exitsAfter.entries()) {
    const least = at === 0 ? 1 : exitsAfter[at - 1]! + 1;
    if (!Number.isInteger(exit) || exit < least || exit >= planLength) {
      throw new ModelError(
        'invalid-layer-plan',
        `exits stand after ascending numbers of steps from 1 to ${planLength - 1}, found ${exitsAfter.join(', ')}`,
      );
    }
  }
  const value = rule.kind === 'patience' ? rule.exits : rule.threshold;
  const isRight = rule.kind === 'patience' ? Number.isInteger(value) && value >= 1 : value >= 0;
  if (!isRight) throw new ModelError('invalid-sampling', `early exit by ${rule.kind} does not go with ${value}`);
}
