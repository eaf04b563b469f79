/** A value of a GGUF file's metadata, with the type that it is stored in. 64-bit integers are bigints. */
export type GgufValue =
  | { readonly type: 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32'; readonly value: number }
  | { readonly type: 'float32' | 'float64'; readonly value: number }
  | { readonly type: 'uint64' | 'int64'; readonly value: bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'array'; readonly of: ScalarType; readonly value: readonly Scalar[] };

export type Scalar = number | bigint | boolean | string;

/** In the order of their numbers in the file; 9 is the array. */
export const VALUE_TYPES = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;
export type ValueType = (typeof VALUE_TYPES)[number];
export type ScalarType = Exclude<ValueType, 'array'>;

export const MAGIC = 0x46554747; // "GGUF"
export const DEFAULT_ALIGNMENT = 32;

/** Fewest bytes that one value takes: what a claimed count is checked against before room is made for it. */
export const FEWEST_BYTES: Readonly<Record<ValueType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  string: 8,
  array: 12,
  uint64: 8,
  int64: 8,
  float64: 8,
};

export function aligned(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
