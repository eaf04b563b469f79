import type { AttentionCache } from '../decoder/attention-cache.ts';
import { KeyValueCache } from '../decoder/key-value-cache.ts';
import { ModelError } from '../model-error.ts';
import { SlidingCache } from './sliding-cache.ts';

/** How keys and values are stored. */
export interface KeyValueCacheOptions {
  /** Only the last so many tokens; absent: all. */
  readonly window?: number;
}

/** A cache with room for `capacity` tokens. Throws `cache-mismatch` on options that make no cache. */
export function createCache(capacity: number, options: KeyValueCacheOptions = {}): AttentionCache {
  const { window } = options;
  if (window === undefined) return new KeyValueCache(capacity);
  if (!Number.isInteger(window) || window < 1) {
    throw new ModelError('cache-mismatch', `a sliding cache holds an integer number of tokens from 1, found ${window}`);
  }
  return new SlidingCache(window);
}
