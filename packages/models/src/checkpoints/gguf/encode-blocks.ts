import { bfloat16Bits, float16Bits } from '@claimbench/kernels';
import { ModelError } from '../../model-error.ts';
import type { BlockType } from './block-types.ts';

const { fround } = Math;

/** Half away from zero, as C's roundf. */
function rounded(x: number): number {
  return Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
}

function clamp(code: number, largest: number): number {
  return Math.min(Math.max(code, 0), largest);
}

function largestMagnitude(block: Float32Array): number {
  return block.reduce((max, x) => (Math.abs(x) > Math.abs(max) ? x : max), 0);
}

/** The factor that divides by a scale, in float32; 0 for a block of zeros. */
function inverse(scale: number): number {
  return scale === 0 ? 0 : fround(1 / scale);
}

/** Codes 0 to 2 limit - 1 around `limit`; the value of largest magnitude, with its sign, gets code 0 (ggml's Q4_0 and Q5_0). */
function aroundMiddle(block: Float32Array, limit: number): { scale: number; codes: Uint8Array } {
  const scale = fround(largestMagnitude(block) / -limit);
  const factor = inverse(scale);
  const code = (x: number) => clamp(Math.trunc(fround(x * factor + limit + 0.5)), 2 * limit - 1);
  return { scale, codes: Uint8Array.from(block, code) };
}

/** Codes 0 to `largest` from the smallest to the largest value (ggml's Q4_1 and Q5_1). */
function fromMinimum(block: Float32Array, largest: number) {
  const minimum = block.reduce((min, x) => Math.min(min, x), Number.POSITIVE_INFINITY);
  const maximum = block.reduce((max, x) => Math.max(max, x), Number.NEGATIVE_INFINITY);
  const scale = fround(fround(maximum - minimum) / largest);
  const factor = inverse(scale);
  const code = (x: number) => clamp(Math.trunc(fround(fround(fround(x - minimum) * factor) + 0.5)), largest);
  return { scale, minimum, codes: Uint8Array.from(block, code) };
}

function writeNibbles(view: DataView, at: number, codes: Uint8Array): void {
  for (let i = 0; i < 16; i++) view.setUint8(at + i, (codes[i]! & 15) | ((codes[i + 16]! & 15) << 4));
}

function writeFifthBits(view: DataView, at: number, codes: Uint8Array): void {
  let bits = 0;
  for (const [i, code] of codes.entries()) bits |= (code >> 4) << i;
  view.setUint32(at, bits >>> 0, true);
}

/** -1, 0 and 1 as 0, 1 and 2, by the largest magnitude (ggml's TQ1_0 and TQ2_0). */
function ternary(block: Float32Array): { scale: number; digits: Uint8Array } {
  const scale = Math.abs(largestMagnitude(block));
  const factor = inverse(scale);
  return { scale, digits: Uint8Array.from(block, (x) => rounded(fround(x * factor)) + 1) };
}

type Encoder = (block: Float32Array, view: DataView, at: number) => void;

const encoders: Readonly<Record<string, Encoder>> = {
  F32: ([x], view, at) => view.setFloat32(at, x!, true),
  F16: ([x], view, at) => view.setUint16(at, float16Bits(x!), true),
  BF16: ([x], view, at) => view.setUint16(at, bfloat16Bits(x!), true),
  Q4_0(block, view, at) {
    const { scale, codes } = aroundMiddle(block, 8);
    view.setUint16(at, float16Bits(scale), true);
    writeNibbles(view, at + 2, codes);
  },
  Q4_1(block, view, at) {
    const { scale, minimum, codes } = fromMinimum(block, 15);
    view.setUint16(at, float16Bits(scale), true);
    view.setUint16(at + 2, float16Bits(minimum), true);
    writeNibbles(view, at + 4, codes);
  },
  Q5_0(block, view, at) {
    const { scale, codes } = aroundMiddle(block, 16);
    view.setUint16(at, float16Bits(scale), true);
    writeFifthBits(view, at + 2, codes);
    writeNibbles(view, at + 6, codes);
  },
  Q5_1(block, view, at) {
    const { scale, minimum, codes } = fromMinimum(block, 31);
    view.setUint16(at, float16Bits(scale), true);
    view.setUint16(at + 2, float16Bits(minimum), true);
    writeFifthBits(view, at + 4, codes);
    writeNibbles(view, at + 8, codes);
  },
  Q8_0(block, view, at) {
    const scale = fround(Math.abs(largestMagnitude(block)) / 127);
    const factor = inverse(scale);
    view.setUint16(at, float16Bits(scale), true);
    for (const [i, x] of block.entries()) view.setInt8(at + 2 + i, rounded(fround(x * factor)));
  },
  TQ1_0(block, view, at) {
    const { scale, digits } = ternary(block);
    for (const [first, bytes, count, from] of [
      [0, 32, 5, 0],
      [32, 16, 5, 160],
      [48, 4, 4, 240],
    ] as const) {
      for (let byte = 0; byte < bytes; byte++) {
        let number = 0;
        for (let digit = 0; digit < 5; digit++) {
          number = 3 * number + (digit < count ? digits[from + digit * bytes + byte]! : 0);
        }
        // as a fraction of 256, rounded up, so that digits come back by multiplication alone
        view.setUint8(at + first + byte, Math.floor((number * 256 + 242) / 243));
      }
    }
    view.setUint16(at + 52, float16Bits(scale), true);
  },
  TQ2_0(block, view, at) {
    const { scale, digits } = ternary(block);
    for (let byte = 0; byte < 64; byte++) {
      const first = 128 * (byte >> 5) + (byte & 31);
      let packed = 0;
      for (let lane = 0; lane < 4; lane++) packed |= digits[first + 32 * lane]! << (2 * lane);
      view.setUint8(at + byte, packed);
    }
    view.setUint16(at + 64, float16Bits(scale), true);
  },
};

/** Types that can be written. */
export const ENCODED_TYPES: readonly string[] = Object.keys(encoders);

/**
 * Values as whole blocks, byte for byte what ggml's reference quantisers write. Throws `bad-checkpoint` for a type that is only read,
 * and where blocks do not divide the values.
 */
export function encodeBlocks(type: BlockType, values: Float32Array): Uint8Array {
  const encode = encoders[type.name];
  if (encode === undefined) {
    throw new ModelError(
      'bad-checkpoint',
      `${type.name} is read, not written; written are ${ENCODED_TYPES.join(', ')}`,
    );
  }
  const blocks = values.length / type.blockSize;
  if (!Number.isInteger(blocks)) {
    throw new ModelError(
      'bad-checkpoint',
      `${values.length} values are no multiple of ${type.name}'s ${type.blockSize}`,
    );
  }
  const bytes = new Uint8Array(blocks * type.blockBytes);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < blocks; block++) {
    const from = block * type.blockSize;
    encode(values.subarray(from, from + type.blockSize), view, block * type.blockBytes);
  }
  return bytes;
}
