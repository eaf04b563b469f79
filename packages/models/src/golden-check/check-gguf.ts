import { z } from 'zod';
import { numbersOf } from '../checkpoints/element-types.ts';
import { blockTypeNamed, decodeBlocks } from '../checkpoints/gguf/block-types.ts';
import { ENCODED_TYPES, encodeBlocks } from '../checkpoints/gguf/encode-blocks.ts';
import type { SafetensorsFile } from '../checkpoints/safetensors.ts';
import { type Comparison, largestDifference } from './subject.ts';

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
