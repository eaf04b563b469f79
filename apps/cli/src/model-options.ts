import type { Backend } from '@claimbench/kernels';
import { createReferenceBackend } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import type { Decoder, KeyValueCacheOptions } from '@claimbench/models';
import { type OpenedModel, openDecoder, openModel } from '@claimbench/models/node';
import { type Command, InvalidArgumentError, Option } from 'commander';

/** What every command that computes with a model is told. */
export interface ModelOptions {
  readonly checkpoint: string;
  readonly tokenizer?: string;
  readonly backend: 'native' | 'reference';
  readonly threads?: number;
  readonly onIntegers: boolean;
}

export function addModelOptions(command: Command): Command {
  return command
    .requiredOption(
      '-c, --checkpoint <path>',
      'a transformers folder (config.json, safetensors), a .gguf, a llama2.c .bin, a minGPT .json, or a model file of ours',
    )
    .option(
      '-t, --tokenizer <path>',
      'tokenizer.json, a llama2.c tokenizer .bin, or "byte" (default: the one beside the checkpoint)',
    )
    .addOption(new Option('--backend <name>', 'what computes').choices(['native', 'reference']).default('native'))
    .option(
      '--on-integers',
      'computes on integer weights as they are stored (GGUF Q8_0, Q4_0, TQ1_0, TQ2_0; llama2.c in 8 bits)',
      false,
    )
    .option('--threads <count>', 'threads of the native backend (default: all cores)', integerFrom(1));
}

/** Opens the model, and the one that it is compared with where one is named, hands them to `use`, and frees all whatever happens. */
export async function withModel<T>(
  options: ModelOptions & { readonly reference?: string },
  use: (model: OpenedModel, reference: Decoder | undefined) => Promise<T>,
): Promise<T> {
  const backend: Backend =
    options.backend === 'reference'
      ? createReferenceBackend()
      : createNativeBackend(options.threads === undefined ? {} : { threads: options.threads });
  try {
    const model = await openModel(options.checkpoint, backend, options.tokenizer, {
      onIntegers: options.onIntegers,
    });
    using _ = model.decoder;
    using reference = options.reference === undefined ? undefined : await openDecoder(options.reference, backend);
    return await use(model, reference);
  } finally {
    backend.close();
  }
}

/** The cache that `--cache-window` and `--cache-bits` ask for. */
export function cacheOf({ cacheWindow, cacheBits }: { readonly cacheWindow?: number; readonly cacheBits?: number }): {
  cache?: KeyValueCacheOptions;
} {
  if (cacheWindow === undefined && cacheBits === undefined) return {};
  return {
    cache: {
      ...(cacheWindow === undefined ? {} : { window: cacheWindow }),
      ...(cacheBits === undefined ? {} : { bits: cacheBits }),
    },
  };
}

/** A parser of integers for commander, from `least` on. */
export function integerFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`an integer from ${least} expected.`);
    }
    return value;
  };
}

/** A parser of numbers between two bounds, both included. */
export function numberBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most)) {
      const bound = most === Number.POSITIVE_INFINITY ? `from ${least}` : `between ${least} and ${most}`;
      throw new InvalidArgumentError(`a number ${bound} expected.`);
    }
    return value;
  };
}
