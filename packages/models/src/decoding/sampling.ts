import { argmax } from '../argmax.ts';
import { ModelError } from '../model-error.ts';

/**
 * How the next token is chosen. The filters act in the order of the fields on the distribution of temperature 1/T, each on what the one
 * before it left, renormalised; at least one token always stays.
 */
export interface SamplingOptions {
  /** Logits are divided by it; 0: the most likely token (the lowest of equals), and nothing is drawn. */
  readonly temperature: number;
  /** Only the k most likely tokens (of equals the lowest ids). */
  readonly topK?: number;
  /** Only the fewest most likely tokens whose probabilities reach p together (Holtzman et al. 2020). */
  readonly topP?: number;
  /** Only tokens at least p times as likely as the most likely one (Nguyen et al. 2024). */
  readonly minP?: number;
}

export const GREEDY: SamplingOptions = { temperature: 0 };

/** Throws `invalid-sampling`, naming the field. */
export function checkSampling({ temperature, topK, topP, minP }: SamplingOptions): void {
  const refuse = (message: string): never => {
    throw new ModelError('invalid-sampling', `sampling: ${message}`);
  };
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    refuse(`temperature is a number from 0, found ${temperature}`);
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) refuse(`topK is an integer from 1, found ${topK}`);
  if (topP !== undefined && !(topP > 0 && topP <= 1)) refuse(`topP lies above 0 and at most at 1, found ${topP}`);
  if (minP !== undefined && !(minP >= 0 && minP <= 1)) refuse(`minP lies between 0 and 1, found ${minP}`);
}

/** Probabilities of the next token in float64, one for each logit; tokens that a filter took away have 0. */
export function nextTokenProbabilities(logits: Float32Array, options: SamplingOptions): Float64Array {
  const probabilities = new Float64Array(logits.length);
  const best = argmax(logits);
  if (options.temperature === 0) {
    probabilities[best] = 1;
    return probabilities;
  }
  const largest = logits[best]!;
  for (let token = 0; token < logits.length; token++) {
    probabilities[token] = Math.exp((logits[token]! - largest) / options.temperature);
  }
  if (options.topK !== undefined) keepMostLikely(probabilities, options.topK);
  if (options.topP !== undefined) keepNucleus(probabilities, options.topP);
  if (options.minP !== undefined) {
    // The most likely token has weight 1 until the weights are divided by their sum.
    for (let token = 0; token < probabilities.length; token++) {
      if (probabilities[token]! < options.minP) probabilities[token] = 0;
    }
  }
  const total = sumOf(probabilities);
  for (let token = 0; token < probabilities.length; token++) probabilities[token]! /= total;
  return probabilities;
}

/** Natural logarithms of the next token's probabilities in float64, at temperature 1. */
export function logProbabilities(logits: Float32Array): Float64Array {
  const largest = logits[argmax(logits)]!;
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - largest);
  const logTotal = largest + Math.log(total);
  return Float64Array.from(logits, (logit) => logit - logTotal);
}

/** The token at `uniform` in [0, 1) of the cumulative distribution. `weights` need not sum to 1. */
export function drawToken(weights: Float64Array, uniform: number): number {
  let rest = uniform * sumOf(weights);
  let last = 0;
  for (let token = 0; token < weights.length; token++) {
    const weight = weights[token]!;
    if (weight === 0) continue;
    if (rest < weight) return token;
    rest -= weight;
    last = token;
  }
  // Rounding may leave a crumb behind the last token.
  return last;
}

function keepMostLikely(weights: Float64Array, count: number): void {
  if (count >= weights.length) return;
  const smallest = Float64Array.from(weights).sort()[weights.length - count]!;
  let equals = count - weights.reduce((larger, weight) => larger + (weight > smallest ? 1 : 0), 0);
  for (let token = 0; token < weights.length; token++) {
    const weight = weights[token]!;
    if (weight > smallest) continue;
    if (weight === smallest && equals > 0) equals -= 1;
    else weights[token] = 0;
  }
}

function keepNucleus(weights: Float64Array, share: number): void {
  const order = Array.from(weights.keys())
    .filter((token) => weights[token]! > 0)
    .sort((a, b) => weights[b]! - weights[a]! || a - b);
  const wanted = share * sumOf(weights);
  let reached = 0;
  for (const token of order) {
    if (reached >= wanted) weights[token] = 0;
    else reached += weights[token]!;
  }
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
