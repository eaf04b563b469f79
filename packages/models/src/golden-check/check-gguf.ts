import { readFile } from 'node:fs/promises';
import { scope, Tensor } from '@claimbench/kernels';
import { z } from 'zod';
import { numbersOf } from '../checkpoints/element-types.ts';
import { blockTypeNamed, decodeBlocks } from '../checkpoints/gguf/block-types.ts';
import { ENCODED_TYPES, encodeBlocks } from '../checkpoints/gguf/encode-blocks.ts';
import { readGgufModel } from '../checkpoints/gguf/model.ts';
import { readGguf } from '../checkpoints/gguf/read.ts';
import type { SafetensorsFile } from '../checkpoints/safetensors.ts';
import { Decoder } from '../decoder/decoder.ts';
import { readTensors } from '../node/model-folder.ts';
import { ggufFiles } from './model-case.ts';
import { type Comparison, type GoldenSubject, largestDifference, normalisedError, takeValues } from './subject.ts';

export const GgufManifest = z.object({
  family: z.literal('gguf'),
  file: z.string(),
  cases: z.array(
    z.object({
      op: z.enum(['gguf_quantize', 'gguf_dequantize']),
      id: z.string(),
      params: z.looseObject({ type: z.string(), block: z.number(), bytes_per_block: z.number() }),
    }),
  ),
});

/** What was compared of the block formats, and how many cases are of types that are not read or written here. */
export interface GgufCheck {
  readonly comparisons: readonly Comparison[];
  readonly notImplemented: readonly string[];
}

/** Bytes are exact; values are within 1e-6 of theirs, one or two roundings. */
export function checkGguf(manifest: z.infer<typeof GgufManifest>, tensors: SafetensorsFile): GgufCheck {
  const comparisons: Comparison[] = [];
  const notImplemented: string[] = [];
  for (const { op, id, params } of manifest.cases) {
    const type = blockTypeNamed(params.type);
    const writes = op === 'gguf_quantize';
    if (type === undefined || (writes && !ENCODED_TYPES.includes(type.name))) {
      notImplemented.push(`${op} ${params.type}`);
      continue;
    }
    const stored = (role: string) => tensors.tensors.get(`${id}/${role}`)!;
    const bytes = stored('bytes').bytes;
    const what = `${op} ${type.name} (${id})`;
    if (writes) {
      const encoded = encodeBlocks(type, Float32Array.from(numbersOf(stored('x'))));
      comparisons.push({ what: `${what}: bytes`, error: largestDifference(encoded, bytes), bound: 0 });
    }
    const expected = numbersOf(stored('values'));
    const found = decodeBlocks(type, bytes);
    const relative = expected.map((value, at) => Math.abs(found[at]! - value) / Math.max(Math.abs(value), 1e-30));
    const error = found.length === expected.length ? Math.max(...relative) : Number.POSITIVE_INFINITY;
    comparisons.push({ what: `${what}: values`, error, bound: 1e-6 });
  }
  return { comparisons, notImplemented };
}

/** Every `model.VARIANT.gguf` of a folder against `logits.VARIANT`. */
export async function checkGgufModels(subject: GoldenSubject, folder: string): Promise<Comparison[]> {
  const { tensors } = await readTensors(folder, 'expected.safetensors');
  const comparisons: Comparison[] = [];
  for (const [variant, path] of await ggufFiles(folder)) {
    const { config, parameters } = readGgufModel(readGguf(await readFile(path), path));
    using decoder = Decoder.fromValues(subject.backend, config, parameters);
    const stored = tensors.get('input_ids')!;
    const ids = Int32Array.from(numbersOf(stored));
    const logits = scope(() => decoder.logits(Tensor.from(subject.backend, ids, stored.shape)));
    const found = await takeValues(subject, logits);
    const expected = numbersOf(tensors.get(`logits.${variant}`)!);
    comparisons.push(
      subject.precision === 'f64'
        ? { what: `logits.${variant}`, error: largestDifference(found, expected), bound: 1e-9 }
        : { what: `logits.${variant}, squared`, error: normalisedError(found, expected), bound: 1e-8 },
    );
  }
  return comparisons;
}
