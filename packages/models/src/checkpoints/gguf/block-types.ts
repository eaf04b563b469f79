import { bfloat16, float16 } from '@claimbench/kernels';

/** One of ggml's ways to store a row of numbers: blocks of so many values in so many bytes. */
export interface BlockType {
  readonly name: string;
  /** ggml's own number of it. */
  readonly id: number;
  readonly blockSize: number;
  readonly blockBytes: number;
  /** Writes the values of the block at byte `at` to `out` from index `to` on. */
  decode(block: DataView, at: number, out: Float32Array, to: number): void;
}

const half = (view: DataView, at: number) => float16(view.getUint16(at, true));

/** 32 codes of 4 bits in 16 bytes: value i in the low nibble of byte i, value i + 16 in its high nibble. */
function nibbles(view: DataView, at: number, out: Float32Array, to: number, value: (code: number) => number): void {
  for (let i = 0; i < 16; i++) {
    const byte = view.getUint8(at + i);
    out[to + i] = value(byte & 15);
    out[to + i + 16] = value(byte >> 4);
  }
}

/** As `nibbles`, with a fifth bit for value i in bit i of the four bytes at `high`. */
function fiveBits(
  view: DataView,
  { high, low }: { readonly high: number; readonly low: number },
  out: Float32Array,
  to: number,
  value: (code: number) => number,
): void {
  const bits = view.getUint32(high, true);
  for (let i = 0; i < 16; i++) {
    const byte = view.getUint8(low + i);
    out[to + i] = value((byte & 15) | (((bits >>> i) & 1) << 4));
    out[to + i + 16] = value((byte >> 4) | (((bits >>> (i + 16)) & 1) << 4));
  }
}

/** Scale and minimum number j of 8, 6 bits each, of the 12 bytes that Q4_K and Q5_K share. */
function scaleAndMinimum(view: DataView, at: number, j: number): readonly [scale: number, minimum: number] {
  const byte = (index: number) => view.getUint8(at + index);
  if (j < 4) return [byte(j) & 63, byte(j + 4) & 63];
  return [(byte(j + 4) & 15) | ((byte(j - 4) >> 6) << 4), (byte(j + 4) >> 4) | ((byte(j) >> 6) << 4)];
}

const NONLINEAR = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113] as const;
/** Twice the values of a 4-bit float of 2 exponent bits and 1 fraction bit. */
const FP4_DOUBLED = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12] as const;
const POWERS_OF_3 = [1, 3, 9, 27, 81] as const;

/** A base-3 digit of a byte that holds five of them as a fraction of 256: digit n. */
function ternaryDigit(byte: number, n: number): number {
  return ((((byte * POWERS_OF_3[n]!) & 255) * 3) >> 8) - 1;
}

export const BLOCK_TYPES: readonly BlockType[] = [
  {
    name: 'F32',
    id: 0,
    blockSize: 1,
    blockBytes: 4,
    decode: (view, at, out, to) => {
      out[to] = view.getFloat32(at, true);
    },
  },
  {
    name: 'F16',
    id: 1,
    blockSize: 1,
    blockBytes: 2,
    decode: (view, at, out, to) => {
      out[to] = half(view, at);
    },
  },
  {
    name: 'Q4_0',
    id: 2,
    blockSize: 32,
    blockBytes: 18,
    decode(view, at, out, to) {
      const scale = half(view, at);
      nibbles(view, at + 2, out, to, (code) => (code - 8) * scale);
    },
  },
  {
    name: 'Q4_1',
    id: 3,
    blockSize: 32,
    blockBytes: 20,
    decode(view, at, out, to) {
      const scale = half(view, at);
      const minimum = half(view, at + 2);
      nibbles(view, at + 4, out, to, (code) => code * scale + minimum);
    },
  },
  {
    name: 'Q5_0',
    id: 6,
    blockSize: 32,
    blockBytes: 22,
    decode(view, at, out, to) {
      const scale = half(view, at);
      fiveBits(view, { high: at + 2, low: at + 6 }, out, to, (code) => (code - 16) * scale);
    },
  },
  {
    name: 'Q5_1',
    id: 7,
    blockSize: 32,
    blockBytes: 24,
    decode(view, at, out, to) {
      const scale = half(view, at);
      const minimum = half(view, at + 2);
      fiveBits(view, { high: at + 4, low: at + 8 }, out, to, (code) => code * scale + minimum);
    },
  },
  {
    name: 'Q8_0',
    id: 8,
    blockSize: 32,
    blockBytes: 34,
    decode(view, at, out, to) {
      const scale = half(view, at);
      for (let i = 0; i < 32; i++) out[to + i] = view.getInt8(at + 2 + i) * scale;
    },
  },
  {
    name: 'Q2_K',
    id: 10,
    blockSize: 256,
    blockBytes: 84,
    decode(view, at, out, to) {
      const scale = half(view, at + 80);
      const minimum = half(view, at + 82);
      for (let i = 0; i < 256; i++) {
        // 16 values share a byte of scale (low nibble) and minimum (high); codes of 128 values lie in 32 bytes, 2 bits of each
        const both = view.getUint8(at + (i >> 4));
        const byte = view.getUint8(at + 16 + 32 * (i >> 7) + (i & 31));
        const code = (byte >> (2 * ((i >> 5) & 3))) & 3;
        out[to + i] = scale * (both & 15) * code - minimum * (both >> 4);
      }
    },
  },
  {
    name: 'Q3_K',
    id: 11,
    blockSize: 256,
    blockBytes: 110,
    decode(view, at, out, to) {
      const scale = half(view, at + 108);
      for (let i = 0; i < 256; i++) {
        const group = i >> 4;
        const low = view.getUint8(at + 96 + (group & 7));
        const high = view.getUint8(at + 104 + (group & 3));
        const groupScale = ((group < 8 ? low & 15 : low >> 4) | (((high >> (2 * (group >> 2))) & 3) << 4)) - 32;
        const code = (view.getUint8(at + 32 + 32 * (i >> 7) + (i & 31)) >> (2 * ((i >> 5) & 3))) & 3;
        const thirdBit = (view.getUint8(at + (i & 31)) >> (i >> 5)) & 1;
        out[to + i] = scale * groupScale * (code - (thirdBit === 1 ? 0 : 4));
      }
    },
  },
  {
    name: 'Q4_K',
    id: 12,
    blockSize: 256,
    blockBytes: 144,
    decode(view, at, out, to) {
      const scale = half(view, at);
      const minimum = half(view, at + 2);
      for (let group = 0; group < 8; group++) {
        const [s, m] = scaleAndMinimum(view, at + 4, group);
        for (let i = 0; i < 32; i++) {
          const byte = view.getUint8(at + 16 + 32 * (group >> 1) + i);
          out[to + 32 * group + i] = scale * s * ((byte >> (4 * (group & 1))) & 15) - minimum * m;
        }
      }
    },
  },
  {
    name: 'Q5_K',
    id: 13,
    blockSize: 256,
    blockBytes: 176,
    decode(view, at, out, to) {
      const scale = half(view, at);
      const minimum = half(view, at + 2);
      for (let group = 0; group < 8; group++) {
        const [s, m] = scaleAndMinimum(view, at + 4, group);
        for (let i = 0; i < 32; i++) {
          const byte = view.getUint8(at + 48 + 32 * (group >> 1) + i);
          const fifthBit = (view.getUint8(at + 16 + i) >> group) & 1;
          const code = ((byte >> (4 * (group & 1))) & 15) | (fifthBit << 4);
          out[to + 32 * group + i] = scale * s * code - minimum * m;
        }
      }
    },
  },
  {
    name: 'Q6_K',
    id: 14,
    blockSize: 256,
    blockBytes: 210,
    decode(view, at, out, to) {
      const scale = half(view, at + 208);
      for (let i = 0; i < 256; i++) {
        // each half of 128 values: four quarters of 32, whose low bits are nibbles of 64 bytes and whose high bits share 32 bytes
        const [part, quarter, lane] = [i >> 7, (i >> 5) & 3, i & 31];
        const low = (view.getUint8(at + 64 * part + 32 * (quarter & 1) + lane) >> (4 * (quarter >> 1))) & 15;
        const high = (view.getUint8(at + 128 + 32 * part + lane) >> (2 * quarter)) & 3;
        out[to + i] = scale * view.getInt8(at + 192 + (i >> 4)) * ((low | (high << 4)) - 32);
      }
    },
  },
  {
    name: 'IQ4_NL',
    id: 20,
    blockSize: 32,
    blockBytes: 18,
    decode(view, at, out, to) {
      const scale = half(view, at);
      nibbles(view, at + 2, out, to, (code) => NONLINEAR[code]! * scale);
    },
  },
  {
    name: 'IQ4_XS',
    id: 23,
    blockSize: 256,
    blockBytes: 136,
    decode(view, at, out, to) {
      const scale = half(view, at);
      const high = view.getUint16(at + 2, true);
      for (let group = 0; group < 8; group++) {
        const low = (view.getUint8(at + 4 + (group >> 1)) >> (4 * (group & 1))) & 15;
        const groupScale = scale * ((low | (((high >> (2 * group)) & 3) << 4)) - 32);
        nibbles(view, at + 8 + 16 * group, out, to + 32 * group, (code) => groupScale * NONLINEAR[code]!);
      }
    },
  },
  {
    name: 'BF16',
    id: 30,
    blockSize: 1,
    blockBytes: 2,
    decode: (view, at, out, to) => {
      out[to] = bfloat16(view.getUint16(at, true));
    },
  },
  {
    name: 'TQ1_0',
    id: 34,
    blockSize: 256,
    blockBytes: 54,
    decode(view, at, out, to) {
      const scale = half(view, at + 52);
      // 32 bytes of five values each, 16 bytes of five, 4 bytes of four
      for (const [first, bytes, digits, from] of [
        [0, 32, 5, 0],
        [32, 16, 5, 160],
        [48, 4, 4, 240],
      ] as const) {
        for (let i = 0; i < bytes * digits; i++) {
          const byte = view.getUint8(at + first + (i % bytes));
          out[to + from + i] = ternaryDigit(byte, Math.floor(i / bytes)) * scale;
        }
      }
    },
  },
  {
    name: 'TQ2_0',
    id: 35,
    blockSize: 256,
    blockBytes: 66,
    decode(view, at, out, to) {
      const scale = half(view, at + 64);
      for (let i = 0; i < 256; i++) {
        const byte = view.getUint8(at + 32 * (i >> 7) + (i & 31));
        out[to + i] = (((byte >> (2 * ((i >> 5) & 3))) & 3) - 1) * scale;
      }
    },
  },
  {
    name: 'MXFP4',
    id: 39,
    blockSize: 32,
    blockBytes: 17,
    decode(view, at, out, to) {
      const scale = 2 ** (view.getUint8(at) - 128);
      nibbles(view, at + 1, out, to, (code) => FP4_DOUBLED[code]! * scale);
    },
  },
];

const byId = new Map(BLOCK_TYPES.map((type) => [type.id, type]));
const byName = new Map(BLOCK_TYPES.map((type) => [type.name, type]));

export function blockTypeById(id: number): BlockType | undefined {
  return byId.get(id);
}

export function blockTypeNamed(name: string): BlockType | undefined {
  return byName.get(name);
}

/** All values of whole blocks. */
export function decodeBlocks(type: BlockType, bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = Math.floor(bytes.length / type.blockBytes);
  const values = new Float32Array(blocks * type.blockSize);
  for (let block = 0; block < blocks; block++) {
    type.decode(view, block * type.blockBytes, values, block * type.blockSize);
  }
  return values;
}
