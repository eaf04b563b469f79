import { float16, packCodes } from '@claimbench/kernels';
import type { IntegerBlocks } from '../../decoder/integer-block-linear.ts';
import type { GgufTensor } from './read.ts';

interface IntegerType {
  readonly bits: IntegerBlocks['bits'];
  readonly zeroPoint: number;
  /** Where in a block its scale stands, a float16. */
  readonly scaleAt: number;
}

/** Types whose value is scale x (code - zeroPoint), with one scale a block. */
const INTEGER_TYPES: Readonly<Record<string, IntegerType>> = {
  Q8_0: { bits: 8, zeroPoint: 128, scaleAt: 0 },
  Q4_0: { bits: 4, zeroPoint: 8, scaleAt: 0 },
  TQ1_0: { bits: 2, zeroPoint: 1, scaleAt: 52 },
  TQ2_0: { bits: 2, zeroPoint: 1, scaleAt: 64 },
};

/** The integers of a matrix in one of those types, a group for each block; undefined for other types. */
export function integersOf({ type, shape, bytes }: GgufTensor): IntegerBlocks | undefined {
  const form = INTEGER_TYPES[type.name];
  const [outSize, inSize] = shape;
  if (form === undefined || outSize === undefined || inSize === undefined || shape.length !== 2) return undefined;
  const { bits, zeroPoint, scaleAt } = form;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { blockSize, blockBytes } = type;
  const scales = new Float32Array((outSize * inSize) / blockSize);
  const codes = new Uint8Array(outSize * inSize);
  const values = new Float32Array(blockSize);
  for (let block = 0; block < scales.length; block++) {
    const scale = float16(view.getUint16(block * blockBytes + scaleAt, true));
    type.decode(view, block * blockBytes, values, 0);
    scales[block] = scale;
    // A scale of 0, or one that is no number, leaves no code to tell: any gives the same values.
    for (let i = 0; i < blockSize; i++) codes[block * blockSize + i] = zeroPoint + Math.round(values[i]! / scale || 0);
  }
  return {
    outSize,
    inSize,
    bits,
    zeroPoint,
    groupSize: blockSize,
    codes: packCodes(codes, outSize, inSize, bits),
    scales,
  };
}
