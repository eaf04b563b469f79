import { KernelError } from '../errors.ts';
import {
  bfloat16,
  bfloat16Bits,
  type Float8Format,
  float8,
  float8Bits,
  float16,
  float16Bits,
} from '../formats/small_floats.ts';
import { clipByPercentile, clipBySquaredError } from '../quantization/clipping.ts';
import { codeOnGrid, valueOnGrid } from '../quantization/uniform_grid.ts';
import { checkFakeQuantize } from './fake_quantize_check.ts';
import type { GoldenCase } from './manifest.ts';
import { type StoredTensor, valuesOf } from './safetensors.ts';
import { type CaseCheck, type Comparison, compare, largestError } from './subject.ts';

const exactly = (found: ArrayLike<number>, expected: ArrayLike<number>): Comparison => ({
  error: largestError(found, expected),
  bound: 0,
});

/**
 * Fake quantization, and what the host computes of quantization, the same whatever the backend: codes and clips of grids, bits of small floats.
 */
export const gridChecks: Readonly<Record<string, CaseCheck>> = {
  fake_quantize: checkFakeQuantize,
  lsq: checkFakeQuantize,
  quantize_ties: async (_, golden) => {
    const { params } = golden;
    const grid = {
      scale: params.number('scale'),
      zeroPoint: params.number('zero_point'),
      lowest: params.number('qmin'),
      highest: params.number('qmax'),
    };
    const x = inputOf(golden);
    const codes = x.map((value) => codeOnGrid(value, grid));
    return [
      exactly(codes, outputOf(golden, 'codes')),
      exactly(
        x.map((value) => codeOnGrid(value, grid, 'before')),
        outputOf(golden, 'codes_sum_first'),
      ),
      exactly(
        codes.map((code) => valueOnGrid(code, grid)),
        outputOf(golden, 'dequantized'),
      ),
    ];
  },
  clip_percentile: async (subject, golden) => {
    const clip = clipByPercentile(inputOf(golden), golden.params.number('percentile'));
    return [compare({ ...subject, precision: 'f64' }, Float64Array.of(clip), outputOf(golden, 'clip'))];
  },
  clip_mse: async (subject, golden) => {
    const { params } = golden;
    const found = clipBySquaredError(inputOf(golden), params.number('qmax'), params.number('candidates'));
    const inDoubles = { ...subject, precision: 'f64' } as const;
    return [
      compare(inDoubles, found.errors, outputOf(golden, 'mse')),
      exactly([found.candidate], outputOf(golden, 'best_k')),
      compare(inDoubles, Float64Array.of(found.clip), outputOf(golden, 'clip')),
    ];
  },
  float8_encode: async (_, golden) => {
    const format = float8FormatOf(golden);
    const bytes = inputOf(golden).map((value) => float8Bits(format, value));
    return [
      exactly(bytes, outputOf(golden, 'bytes')),
      exactly(
        bytes.map((byte) => float8(format, byte)),
        outputOf(golden, 'decoded'),
      ),
    ];
  },
  float8_overflow: async (_, golden) => {
    const format = float8FormatOf(golden);
    const bytes = inputOf(golden).map((value) => float8Bits(format, value));
    return [exactly(bytes, outputOf(golden, 'bytes'))];
  },
  float16_encode: async (_, golden) => checkHalf(golden, float16Bits, float16),
  bfloat16_encode: async (_, golden) => checkHalf(golden, bfloat16Bits, bfloat16),
};

function checkHalf(golden: GoldenCase, encode: (x: number) => number, decode: (bits: number) => number): Comparison[] {
  const bits = inputOf(golden).map(encode);
  return [
    exactly(bits, outputOf(golden, 'bits')),
    exactly(bits, new Uint16Array(storedOf(golden, 'value').bytes.buffer)),
    exactly(bits.map(decode), outputOf(golden, 'decoded')),
  ];
}

function float8FormatOf(golden: GoldenCase): Float8Format {
  const format = golden.params.text('format');
  if (format === 'e4m3fn' || format === 'e5m2' || format === 'e4m3fnuz' || format === 'e5m2fnuz') return format;
  throw new KernelError('invalid-argument', `${golden.id}: there is no 8-bit float ${format}`);
}

function inputOf(golden: GoldenCase): Float64Array {
  const stored = golden.inputs.get('x');
  if (stored === undefined) throw new KernelError('invalid-argument', `${golden.id} has no input x`);
  return valuesOf(stored);
}

function storedOf(golden: GoldenCase, role: string): StoredTensor {
  const stored = golden.outputs.get(role);
  if (stored === undefined) throw new KernelError('invalid-argument', `${golden.id} has no output ${role}`);
  return stored;
}

const outputOf = (golden: GoldenCase, role: string): Float64Array => valuesOf(storedOf(golden, role));
