import type { DecoderConfig } from '../../decoder/config.ts';
import type { ParameterValues } from '../../decoder/parameters.ts';
import type { NamedValues } from './family.ts';

/** How a family names its tensors. Module names are those before `.weight` and `.bias`. */
export interface Names {
  /** Beginnings that some files have and others lack; the first that fits is cut off. */
  readonly prefixes: readonly string[];
  /** What stands before a layer's number, without the prefix: `layers.`. */
  readonly layers: string;
  /** Modules outside the layers: our name, or null for those that follow from others (a tied head). */
  readonly outside: Readonly<Record<string, string | null>>;
  /** Modules of a layer: our name behind `layers.N.`, or what a fused tensor becomes. */
  readonly inside: Readonly<Record<string, string | Fused>>;
  /** Buffers that some files hold and that follow from the config. */
  readonly buffers?: RegExp;
}

/** A tensor that becomes several of ours. */
export type Fused = (values: ParameterValues, config: DecoderConfig) => Readonly<Record<string, ParameterValues>>;

/** Our names of a tensor: none for buffers, undefined for a name that the family does not have. */
export function renamed(
  names: Names,
  name: string,
  tensor: ParameterValues,
  config: DecoderConfig,
): readonly NamedValues[] | undefined {
  const prefix = names.prefixes.find((candidate) => name.startsWith(candidate)) ?? '';
  const path = name.slice(prefix.length);
  if (names.buffers?.test(path)) return [];
  const { module, role } = moduleAndRole(path);
  const outside = names.outside[module];
  if (outside !== undefined) return outside === null ? [] : [[`${outside}.${role}`, tensor]];
  if (!path.startsWith(names.layers)) return undefined;
  const within = /^(\d+)\.(.+)$/.exec(module.slice(names.layers.length));
  if (within === null) return undefined;
  const [, layer, inner] = within;
  const inside = names.inside[inner!];
  if (inside === undefined) return undefined;
  if (typeof inside === 'string') return [[`layers.${layer}.${inside}.${role}`, tensor]];
  return Object.entries(inside(tensor, config)).map(
    ([ours, values]): NamedValues => [`layers.${layer}.${ours}.${role}`, values],
  );
}

function moduleAndRole(path: string): { module: string; role: string } {
  const dot = path.lastIndexOf('.');
  const role = path.slice(dot + 1);
  return role === 'weight' || role === 'bias' ? { module: path.slice(0, dot), role } : { module: path, role: 'weight' };
}

/** `[in, out]` to `[out, in]`. A bias stays as it is. */
export function transposed(values: ParameterValues): ParameterValues {
  const { shape, data } = values;
  if (shape.length !== 2) return values;
  const [rows, columns] = shape as [number, number];
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column]!;
  }
  return { shape: [columns, rows], data: result };
}

/** Rows `from` up to and without `to` of the first dimension. */
export function rowsOf({ shape, data }: ParameterValues, from: number, to: number): ParameterValues {
  const width = shape.slice(1).reduce((product, extent) => product * extent, 1);
  return { shape: shape.with(0, to - from), data: data.slice(from * width, to * width) };
}

/** The rows of the first dimension that are named, in that order. */
export function pickRows({ shape, data }: ParameterValues, rows: readonly number[]): ParameterValues {
  const width = shape.slice(1).reduce((product, extent) => product * extent, 1);
  const picked = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) picked.set(data.subarray(row * width, (row + 1) * width), index * width);
  return { shape: shape.with(0, rows.length), data: picked };
}

/** Queries, keys and values one after the other. */
export function threeInARow(tensor: ParameterValues, config: DecoderConfig): Readonly<Record<string, ParameterValues>> {
  const queries = config.heads * config.headSize;
  const keys = config.keyValueHeads * config.headSize;
  return {
    'self_attn.q_proj': rowsOf(tensor, 0, queries),
    'self_attn.k_proj': rowsOf(tensor, queries, queries + keys),
    'self_attn.v_proj': rowsOf(tensor, queries + keys, queries + 2 * keys),
  };
}

/** For each key head its queries, then its key, then its value (GPT-NeoX and BLOOM, where every head has its own; Falcon's groups). */
export function byKeyHead(tensor: ParameterValues, config: DecoderConfig): Readonly<Record<string, ParameterValues>> {
  const { heads, keyValueHeads, headSize } = config;
  const perGroup = heads / keyValueHeads;
  const rowsFor = (first: number, count: number) =>
    Array.from({ length: keyValueHeads }, (_, group) => {
      const start = (group * (perGroup + 2) + first) * headSize;
      return Array.from({ length: count * headSize }, (_row, row) => start + row);
    }).flat();
  return {
    'self_attn.q_proj': pickRows(tensor, rowsFor(0, perGroup)),
    'self_attn.k_proj': pickRows(tensor, rowsFor(perGroup, 1)),
    'self_attn.v_proj': pickRows(tensor, rowsFor(perGroup + 1, 1)),
  };
}
