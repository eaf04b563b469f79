import { scope, slice, Tensor } from '@claimbench/kernels';
import { throwIfCancelled } from '../cancelled.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { KeyValueCache } from '../decoder/key-value-cache.ts';
import { ModelError } from '../model-error.ts';
import { argmax } from './evaluate.ts';

export interface GenerationOptions {
  readonly signal?: AbortSignal;
  /** Ends the text when it comes; it is not part of the result. */
  readonly stopToken?: number;
  readonly onToken?: (token: number) => void;
}

/**
 * The most likely token, again and again (the lowest of equals), with a key-value cache: up to `steps` tokens after `prompt`,
 * which must not be empty. Prompt and text together fit into the context length.
 */
export async function generateGreedy(
  decoder: Decoder,
  prompt: Int32Array,
  steps: number,
  options: GenerationOptions = {},
): Promise<Int32Array> {
  const { contextLength } = decoder.config;
  if (prompt.length === 0 || prompt.length + steps > contextLength + 1) {
    throw new ModelError(
      'shape-mismatch',
      `a prompt of ${prompt.length} and ${steps} tokens after it: the prompt needs a token, and both fit into ${contextLength}`,
    );
  }
  using cache = new KeyValueCache(prompt.length + steps);
  const generated: number[] = [];
  let next: Int32Array = prompt;
  while (generated.length < steps) {
    throwIfCancelled(options.signal);
    const token = await mostLikely(decoder, next, cache);
    if (token === options.stopToken) break;
    generated.push(token);
    options.onToken?.(token);
    next = Int32Array.of(token);
  }
  return Int32Array.from(generated);
}

async function mostLikely(decoder: Decoder, tokens: Int32Array, cache: KeyValueCache): Promise<number> {
  using last = scope(() => {
    const logits = decoder.logits(Tensor.from(decoder.backend, tokens, [1, tokens.length]), cache);
    return slice(logits, 1, tokens.length - 1, 1);
  });
  const values = await last.readFloats();
  return argmax(values, 0, values.length);
}
