import type { AttentionCache } from '../decoder/attention-cache.ts';
import { KeyValueCache } from '../decoder/key-value-cache.ts';
import { ModelError } from '../model-error.ts';
import { PackedCache } from './packed-cache.ts';
import { SlidingCache } from './sliding-cache.ts';

/** How keys and values are stored. */
export interface KeyValueCacheOptions {
  /** Only the last so many tokens; absent: all. */
  readonly window?: number;
  /** Keys and values as integers of so many bits (2, 4 or 8); absent: float32. */
  readonly bits?: number;
}

/** A cache with room for `capacity` tokens. Throws `cache-mismatch` on options that make no cache. */
export function createCache(capacity: number, options: KeyValueCacheOptions = {}): AttentionCache {
  const { window, bits } = options;
  if (bits !== undefined) {
    if (window !== undefined) {
      throw new ModelError('cache-mismatch', 'a cache either slides or packs its keys and values, not both');
    }
    if (![2, 4, 8].includes(bits)) {
      throw new ModelError('cache-mismatch', `a packed cache holds integers of 2, 4 or 8 bits, found ${bits}`);
    }
    return new PackedCache(capacity, bits);
  }
  if (window === undefined) return new KeyValueCache(capacity);
  if (!Number.isInteger(window) || window < 1) {
    throw new ModelError('cache-mismatch', `a sliding cache holds an integer number of tokens from 1, found ${window}`);
  }
  return new SlidingCache(window);
}
