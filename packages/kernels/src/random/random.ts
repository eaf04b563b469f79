import { ensure } from '../errors.ts';
import { normalQuantile } from './normal_quantile.ts';
import { type PhiloxKey, philox4x32 } from './philox.ts';

/**
 * A sequence of random numbers, named by its seed and stream: the same everywhere, whatever else is drawn. Word i of the sequence is
 * word i % 4 of philox4x32 with counter [low and high word of floor(i / 4), low and high word of stream] and key [low and
 * high word of seed].
 */
export class RandomStream {
  readonly #key: PhiloxKey;
  readonly #stream: readonly [number, number];
  #position = 0;
  #block: readonly number[] = [];

  /** Both are integers from 0 to 2^53 - 1. */
  constructor(seed: number, stream: number) {
    this.#key = words('seed', seed);
    this.#stream = words('stream', stream);
  }

  /** Position of the next word; set it to continue a sequence where it stood. */
  get position(): number {
    return this.#position;
  }

  set position(position: number) {
    ensure(
      Number.isSafeInteger(position) && position >= 0,
      'invalid-argument',
      () => `a position is an integer from 0, found ${position}`,
    );
    this.#position = position;
    this.#block = [];
  }

  /** An unsigned 32-bit integer. */
  nextWord(): number {
    const within = this.#position % 4;
    if (within === 0 || this.#block.length === 0) {
      const [low, high] = splitWords(Math.floor(this.#position / 4));
      this.#block = philox4x32([low, high, ...this.#stream], this.#key);
    }
    this.#position += 1;
    return this.#block[within]!;
  }

  /** A multiple of 2^-24 in [0, 1): exact in float32. */
  nextUniform(): number {
    return (this.nextWord() >>> 8) / 2 ** 24;
  }

  /** Standard normal: the quantile at (word + 1/2) / 2^32. One word a number, and the same bits in every engine. */
  nextNormal(): number {
    return normalQuantile((this.nextWord() + 0.5) / 2 ** 32);
  }

  /** An integer in 0 .. bound - 1, every one equally likely (words beyond the last multiple of bound are drawn again). */
  nextBelow(bound: number): number {
    ensure(
      Number.isInteger(bound) && bound >= 1 && bound <= 2 ** 32,
      'invalid-argument',
      () => `a bound is an integer from 1 to 2^32, found ${bound}`,
    );
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let word = this.nextWord();
    while (word >= limit) word = this.nextWord();
    return word % bound;
  }
}

/** `count` numbers, uniform in [from, to), rounded to float32. */
export function randomUniform(stream: RandomStream, count: number, from = 0, to = 1): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = from + (to - from) * stream.nextUniform();
  return values;
}

/** `count` numbers of a normal distribution, rounded to float32. */
export function randomNormal(stream: RandomStream, count: number, mean = 0, standardDeviation = 1): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = mean + standardDeviation * stream.nextNormal();
  return values;
}

/** 0 .. count - 1 in random order (Fisher and Yates). */
export function randomPermutation(stream: RandomStream, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last--) {
    const other = stream.nextBelow(last + 1);
    const moved = order[last]!;
    order[last] = order[other]!;
    order[other] = moved;
  }
  return order;
}

function words(name: string, value: number): [number, number] {
  ensure(
    Number.isSafeInteger(value) && value >= 0,
    'invalid-argument',
    () => `a random ${name} is an integer from 0 to 2^53 - 1, found ${value}`,
  );
  return splitWords(value);
}

function splitWords(value: number): [number, number] {
  return [value >>> 0, Math.floor(value / 2 ** 32)];
}
