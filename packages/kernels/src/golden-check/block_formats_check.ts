import { KernelError } from '../errors.ts';
import {
  floatValues,
  type ScaleFormat,
  scaleOfByte,
  type WeightFormat,
  weightFormats,
} from '../ops/quantized_linear/formats.ts';
import { quantizedLinear } from '../ops/quantized_linear/op.ts';
import { bytesOfRow, packCodes, unpackCodes } from '../ops/quantized_linear/packing.ts';
import { Tensor, type TensorData } from '../tensor.ts';
import type { GoldenCase } from './manifest.ts';
import { type StoredTensor, valuesOf } from './safetensors.ts';
import { type CaseCheck, type Comparison, type GoldenSubject, largestError, valuesFrom } from './subject.ts';

/** Blocks of codes with one scale each, flat as bitsandbytes keeps them or in rows as the MX formats. */
interface Blocks {
  readonly format: WeightFormat;
  readonly codes: readonly number[];
  readonly block: number;
  readonly scales: Float32Array | Uint8Array;
  readonly scaleFormat: ScaleFormat;
  readonly scaleFactor?: number;
}

/** bitsandbytes keeps the first code of a byte in its high nibble. */
const highFirst = (packed: StoredTensor) => [...valuesOf(packed)].flatMap((byte) => [byte >> 4, byte & 15]);
const lowFirst = (packed: StoredTensor) => [...valuesOf(packed)].flatMap((byte) => [byte & 15, byte >> 4]);

const absmaxBlocks =
  (format: WeightFormat, codesOf: (golden: GoldenCase) => readonly number[]) =>
  (golden: GoldenCase): Blocks => ({
    format,
    codes: codesOf(golden),
    block: golden.params.number('block'),
    scales: Float32Array.from(valuesOf(outputOf(golden, 'absmax'))),
    scaleFormat: 'f32',
  });

const byteBlocks =
  (format: WeightFormat, scaleFormat: 'e8m0' | 'e4m3', codesOf: (packed: StoredTensor) => readonly number[]) =>
  (golden: GoldenCase): Blocks => {
    const tensorScale = golden.outputs.get('tensor_scale');
    return {
      format,
      codes: codesOf(outputOf(golden, 'data')),
      block: golden.params.number('block'),
      scales: Uint8Array.from(valuesOf(outputOf(golden, 'scales'))),
      scaleFormat,
      scaleFactor: tensorScale === undefined ? undefined : valuesOf(tensorScale)[0],
    };
  };

const bytes = (packed: StoredTensor) => [...valuesOf(packed)];

const blocksOf: Readonly<Record<string, (golden: GoldenCase) => Blocks>> = {
  quantize_nf4: absmaxBlocks(weightFormats.nf4, (golden) => highFirst(outputOf(golden, 'packed'))),
  quantize_fp4: absmaxBlocks(weightFormats.fp4, (golden) => highFirst(outputOf(golden, 'packed'))),
  quantize_dynamic8: absmaxBlocks(weightFormats.dynamic8, (golden) => bytes(outputOf(golden, 'codes'))),
  quantize_nf4_double: (golden) => ({
    format: weightFormats.nf4,
    codes: highFirst(outputOf(golden, 'packed')),
    block: golden.params.number('block'),
    scales: doublyQuantizedScales(golden),
    scaleFormat: 'f32',
  }),
  mxfp8_e4m3: byteBlocks(weightFormats.fp8_e4m3, 'e8m0', bytes),
  mxfp8_e5m2: byteBlocks(weightFormats.fp8_e5m2, 'e8m0', bytes),
  mxfp4_e2m1: byteBlocks(weightFormats.fp4_e2m1, 'e8m0', lowFirst),
  nvfp4: byteBlocks(weightFormats.fp4_e2m1, 'e4m3', lowFirst),
};

const tables: Readonly<Record<string, readonly number[]>> = {
  e4m3fn: weightFormats.fp8_e4m3.values,
  e5m2: weightFormats.fp8_e5m2.values,
  e4m3fnuz: weightFormats.fp8_e4m3fnuz.values,
  e5m2fnuz: weightFormats.fp8_e5m2fnuz.values,
  e8m0fnu: Array.from({ length: 256 }, (_, byte) => scaleOfByte('e8m0', byte)),
  e2m1: floatValues(2, 1, 1, 'finite'),
  codebook_nf4: weightFormats.nf4.values,
  codebook_fp4: weightFormats.fp4.values,
  codebook_dynamic8: weightFormats.dynamic8.values,
};

/** What a golden file's codes mean: the tables themselves, and products with the identity on the packed codes. */
export const checkBlockFormat: CaseCheck = async (subject, golden) => {
  if (golden.op === 'float8_decode' || golden.op === 'float4_decode') {
    const table = tables[golden.params.text('format')];
    return table === undefined ? undefined : [compareWithin(table, outputOf(golden, 'table'), 0)];
  }
  if (golden.op.startsWith('codebook_')) {
    const table = tables[golden.op];
    // tables of decimal fractions: float32 rounds them once
    return table === undefined ? undefined : [compareWithin(table, outputOf(golden, 'code'), 1e-6)];
  }
  const blocks = blocksOf[golden.op]?.(golden);
  return blocks === undefined ? undefined : checkBlocks(subject, golden, blocks);
};

async function checkBlocks(subject: GoldenSubject, golden: GoldenCase, blocks: Blocks): Promise<Comparison[]> {
  const { format, block, scales } = blocks;
  const { bits, values } = format;
  const expected = outputOf(golden, 'dequantized');
  const count = valuesOf(expected).length;
  const padded = Array.from({ length: scales.length * block }, (_, at) => blocks.codes[at] ?? 0);
  const packed = packCodes(padded, scales.length, block, bits);
  const tensors: Tensor[] = [];
  const hold = (data: TensorData, shape: readonly number[]) => {
    tensors.push(Tensor.from(subject.backend, data, shape));
    return tensors.at(-1)!;
  };
  const identity = new Float32Array(block * block);
  for (let i = 0; i < block; i++) identity[i * block + i] = 1;
  const y = quantizedLinear(hold(identity, [block, block]), {
    codes: hold(packed, [scales.length, bytesOfRow(block, bits)]),
    scales: hold(scales, [scales.length]),
    values: values === undefined ? undefined : hold(Float32Array.from(values), [values.length]),
    scaleFormat: blocks.scaleFormat,
    scaleFactor: blocks.scaleFactor,
    bits,
    in: block,
    out: scales.length,
  });
  tensors.push(y);
  const transposed = await valuesFrom(subject, y);
  const found = Array.from(
    { length: count },
    (_, at) => transposed[(at % block) * scales.length + Math.floor(at / block)]!,
  );
  for (const tensor of tensors) tensor.dispose();
  return [
    { error: largestError(unpackCodes(packed, scales.length, block, bits), padded), bound: 0 },
    compareWithin(found, expected, 1e-6),
  ];
}

/** bitsandbytes' double quantization: absmax = code[absmax_codes] absmax2[block of absmax_block] + offset. */
function doublyQuantizedScales(golden: GoldenCase): Float32Array {
  const codes = valuesOf(outputOf(golden, 'absmax_codes'));
  const table = valuesOf(outputOf(golden, 'absmax_code'));
  const outer = valuesOf(outputOf(golden, 'absmax2'));
  const [offset] = valuesOf(outputOf(golden, 'absmax_offset'));
  const block = golden.params.number('absmax_block');
  return Float32Array.from(codes, (code, at) => table[code]! * outer[Math.floor(at / block)]! + offset!);
}

function compareWithin(found: ArrayLike<number>, stored: StoredTensor, relative: number): Comparison {
  const expected = valuesOf(stored);
  let largest = 0;
  for (const value of expected) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return { error: largestError(found, expected), bound: relative * largest };
}

function outputOf(golden: GoldenCase, role: string): StoredTensor {
  const stored = golden.outputs.get(role);
  if (stored === undefined) throw new KernelError('invalid-argument', `${golden.id} has no output ${role}`);
  return stored;
}
