import type { Backend, Tensor } from '@claimbench/kernels';
import type { Checkpoint } from '../checkpoints/llama2c.ts';
import { ModelError } from '../model-error.ts';
import { Decoder } from './decoder.ts';
import type { KeyValueCache } from './key-value-cache.ts';

/**
 * An encoder whose last states a decoder reads by cross-attention (T5, BART). Both are whole models of their own, with plan, hooks and
 * linears; an embedding that they share in the file is held by each.
 */
export class EncoderDecoder implements Disposable {
  readonly encoder: Decoder;
  readonly decoder: Decoder;

  private constructor(encoder: Decoder, decoder: Decoder) {
    this.encoder = encoder;
    this.decoder = decoder;
  }

  /** Throws `bad-checkpoint` when values do not fit, `invalid-config` when the stacks do not fit each other. */
  static fromValues(
    backend: Backend,
    { encoder, decoder }: { readonly encoder: Checkpoint; readonly decoder: Checkpoint },
  ): EncoderDecoder {
    const memorySize = decoder.config.crossAttention?.memorySize;
    if (memorySize !== encoder.config.hiddenSize) {
      throw new ModelError(
        'invalid-config',
        `the decoder reads a memory of ${memorySize ?? 'no'} features, the encoder gives ${encoder.config.hiddenSize}`,
      );
    }
    const made = Decoder.fromValues(backend, encoder.config, encoder.parameters);
    try {
      return new EncoderDecoder(made, Decoder.fromValues(backend, decoder.config, decoder.parameters));
    } catch (error) {
      made.dispose();
      throw error;
    }
  }

  /** Ids i32 `[batch, memoryTime]` to what the decoder reads; `mask` f32 `[batch, memoryTime]`: 1 where a token counts. */
  encode(ids: Tensor, mask?: Tensor): Tensor {
    return this.encoder.hidden(ids, undefined, mask === undefined ? {} : { mask });
  }

  /** Ids i32 `[batch, time]` of the decoder to logits `[batch, time, vocabulary]`. */
  decode(
    ids: Tensor,
    memory: Tensor,
    options: { readonly cache?: KeyValueCache; readonly mask?: Tensor } = {},
  ): Tensor {
    const { cache, mask } = options;
    return this.decoder.logits(ids, cache, { memory, ...(mask === undefined ? {} : { memoryMask: mask }) });
  }

  dispose(): void {
    this.encoder.dispose();
    this.decoder.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
