import type { Backend, Tensor } from '@claimbench/kernels';
import type { Checkpoint } from '../checkpoints/checkpoint.ts';
import { ModelError } from '../model-error.ts';
import type { AttentionCache } from './attention-cache.ts';
import { type DecoderConfig, type DecoderConfigInput, parseDecoderConfig } from './config.ts';
import { Decoder } from './decoder.ts';

const EMBEDDING = 'embed_tokens.weight';

/**
 * An encoder whose last states a decoder reads by cross-attention (T5, BART). Both are whole models of their own, with plan, hooks and
 * linears. They share the token embedding where their configs give it one shape: it is the decoder's.
 */
export class EncoderDecoder implements Disposable {
  readonly encoder: Decoder;
  readonly decoder: Decoder;

  private constructor(decoder: Decoder, makeEncoder: (shared: ReadonlyMap<string, Tensor>) => Decoder) {
    this.decoder = decoder;
    try {
      this.encoder = makeEncoder(new Map([[EMBEDDING, decoder.parameter(EMBEDDING)]]));
    } catch (error) {
      decoder.dispose();
      throw error;
    }
  }

  /** Throws `bad-checkpoint` when values do not fit, `invalid-config` when the stacks do not fit each other. */
  static fromValues(
    backend: Backend,
    { encoder, decoder }: { readonly encoder: Checkpoint; readonly decoder: Checkpoint },
  ): EncoderDecoder {
    checkFit(encoder.config, decoder.config);
    const made = Decoder.fromValues(backend, decoder.config, decoder.parameters);
    return new EncoderDecoder(made, (shared) =>
      Decoder.fromValues(backend, encoder.config, encoder.parameters, shared),
    );
  }

  /** First values as a decoder's, the encoder's from the next seed. Throws `invalid-config` when the stacks do not fit each other. */
  static initialise(
    backend: Backend,
    configs: { readonly encoder: DecoderConfigInput; readonly decoder: DecoderConfigInput },
    seed: number,
  ): EncoderDecoder {
    const [encoder, decoder] = [parseDecoderConfig(configs.encoder), parseDecoderConfig(configs.decoder)];
    checkFit(encoder, decoder);
    const made = Decoder.initialise(backend, decoder, seed);
    return new EncoderDecoder(made, (shared) => Decoder.initialise(backend, encoder, seed + 1, shared));
  }

  /** What training updates: `encoder.…` and `decoder.…`; what they share once, as the decoder's. */
  get trainable(): ReadonlyMap<string, Tensor> {
    const all = new Map([...this.decoder.trainable].map(([name, tensor]) => [`decoder.${name}`, tensor]));
    const known = new Set(all.values());
    for (const [name, tensor] of this.encoder.trainable) if (!known.has(tensor)) all.set(`encoder.${name}`, tensor);
    return all;
  }

  /** Ids i32 `[batch, memoryTime]` to what the decoder reads; `mask` f32 `[batch, memoryTime]`: 1 where a token counts. */
  encode(ids: Tensor, mask?: Tensor): Tensor {
    return this.encoder.hidden(ids, undefined, mask === undefined ? {} : { mask });
  }

  /** Ids i32 `[batch, time]` of the decoder to logits `[batch, time, vocabulary]`. */
  decode(
    ids: Tensor,
    memory: Tensor,
    options: { readonly cache?: AttentionCache; readonly mask?: Tensor } = {},
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

function checkFit(encoder: DecoderConfig, decoder: DecoderConfig): void {
  const memorySize = decoder.crossAttention?.memorySize;
  if (memorySize !== encoder.hiddenSize) {
    throw new ModelError(
      'invalid-config',
      `the decoder reads a memory of ${memorySize ?? 'no'} features, the encoder gives ${encoder.hiddenSize}`,
    );
  }
  const same = encoder.vocabularySize === decoder.vocabularySize && encoder.hiddenSize === decoder.hiddenSize;
  if (!same || encoder.input.kind !== 'tokens' || decoder.input.kind !== 'tokens') {
    throw new ModelError(
      'invalid-config',
      'encoder and decoder share an embedding: they need one vocabulary and width',
    );
  }
}
