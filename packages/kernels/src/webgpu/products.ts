import type { Slot } from './buffers.ts';
import { vectors } from './dispatch.ts';
import type { Recording } from './kernel.ts';
import { walkCode } from './loops.ts';

/** A matrix product, all matrices row-major and contiguous. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Slot;
  readonly b: Slot;
  readonly y: Slot;
  /** a is stored [k, m]. */
  readonly transposeA?: boolean;
  /** b is stored [n, k]. */
  readonly transposeB?: boolean;
  readonly accumulate?: boolean;
  /** [n], added to every row. */
  readonly bias?: Slot | undefined;
  /** [m, n]. */
  readonly residual?: Slot | undefined;
  /** Matrices of a batch: extents, and strides in matrices. An extent in which y has stride 0 is summed over. */
  readonly batch?: {
    readonly extents: readonly number[];
    readonly strides: { readonly a: readonly number[]; readonly b: readonly number[]; readonly y: readonly number[] };
  };
}

const tile = 4;
const rows = Array.from({ length: tile }, (_, r) => r);
const each = (text: (r: number) => string, separator = '\n    ') => rows.map(text).join(separator);

/**
 * Y (+)= op(A) op(B) (+ bias + residual). An invocation computes a tile of 4 x 4 in registers; what lies beyond the edge is computed
 * from the last row or column and not stored. An element is the sum over chunks of 64 k in their order, so it depends on
 * neither its tile nor its batch, and its error stays that of a short sum.
 */
export function multiply(recording: Recording, product: Product): void {
  const { m, n, k, transposeA = false, transposeB = false, accumulate = false } = product;
  const { extents, strides } = product.batch ?? { extents: [1], strides: { a: [0], b: [0], y: [1] } };
  const axes = extents.map((_, axis) => axis);
  const kept = axes.filter((axis) => strides.y[axis] !== 0);
  const summed = axes.filter((axis) => strides.y[axis] === 0);
  const pick = (values: readonly number[], from: readonly number[]) => from.map((axis) => values[axis]!);
  const size = (from: readonly number[]) => from.reduce((count, axis) => count * extents[axis]!, 1);
  const outer = walkCode('matrix', pick(extents, kept), {
    a: pick(strides.a, kept),
    b: pick(strides.b, kept),
    y: pick(strides.y, kept),
  });
  const inner = walkCode(
    'term',
    pick(extents, summed),
    { a: pick(strides.a, summed), b: pick(strides.b, summed) },
    'term_',
  );
  const tilesM = Math.ceil(m / tile);
  const tilesN = Math.ceil(n / tile);
  const { bias, residual } = product;
  const stored = (r: number, c: number) => {
    const terms = [
      accumulate ? 'y[at]' : '',
      `sum_${r}[${c}]`,
      bias === undefined ? '' : `bias[column + ${c}u]`,
      residual === undefined ? '' : 'residual[at]',
    ];
    const value = terms.filter((term) => term !== '').join(' + ');
    return `if (row + ${r}u < p.m && column + ${c}u < p.n) { let at = y_start + (row + ${r}u) * p.n + column + ${c}u; y[at] = ${value}; }`;
  };
  // Four k at a time in vectors where all offsets allow it: the same sums in the same order, from fewer loads.
  const inVectors = k % tile === 0 && (!transposeA || m % tile === 0) && (transposeB || n % tile === 0);
  const width = inVectors ? tile : 1;
  recording.run({
    count: size(kept) * tilesM * tilesN,
    reads: {
      a: inVectors ? vectors(product.a) : product.a,
      b: inVectors ? vectors(product.b) : product.b,
      bias,
      residual,
    },
    writes: { y: product.y },
    u32: { m, n, k, tilesM, tilesN, terms: size(summed), ...outer.u32, ...inner.u32 },
    body: `let column = (i % p.tilesN) * ${tile}u;
  let row = ((i / p.tilesN) % p.tilesM) * ${tile}u;
  let matrix = i / (p.tilesN * p.tilesM);
  ${outer.code}
  let y_start = at_y * p.m * p.n;
  let k = p.k;
  ${each((r) => `var sum_${r} = vec4<f32>();`, ' ')}
  for (var term = 0u; term < p.terms; term++) {
    ${inner.code}
    let a_start = (at_a + term_at_a) * p.m * k;
    let b_start = (at_b + term_at_b) * k * p.n;
    ${operand('a', transposeA, 'row', 'p.m', inVectors)}
    ${operand('b', transposeB === false, 'column', 'p.n', inVectors)}
    for (var start = 0u; start < k; start += 64u) {
      ${each((r) => `var part_${r} = vec4<f32>();`, ' ')}
      let stop = min(start + 64u, k);
      for (var at_k = start; at_k < stop; at_k += ${width}u) {
        ${inVectors ? vectorStep(transposeA, transposeB) : scalarStep}
        ${each((r) => `a_${r} += step_a; b_${r} += step_b;`, ' ')}
      }
      ${each((r) => `sum_${r} += part_${r};`, ' ')}
    }
  }
  ${rows.flatMap((r) => rows.map((c) => stored(r, c))).join('\n  ')}`,
  });
}

/**
 * Offsets x_0 .. x_3 of what one step of k reads of an operand, and how far the next step is: one number of each of four rows (or
 * columns) of the tile, or a block of four by four as vectors. `alongK`: its rows run along k, [k, extent].
 */
function operand(x: string, alongK: boolean, tileStart: string, extent: string, inVectors: boolean): string {
  const step = `let step_${x} = `;
  if (inVectors && alongK) {
    const at = (r: number) => `var ${x}_${r} = (${x}_start + ${r}u * ${extent} + ${tileStart}) / 4u;`;
    return `${each(at, ' ')} ${step}${extent};`;
  }
  const inside = (r: number) => `min(${tileStart} + ${r}u, ${extent} - 1u)`;
  if (alongK) return `${each((r) => `var ${x}_${r} = ${x}_start + ${inside(r)};`, ' ')} ${step}${extent};`;
  const start = (r: number) => `${x}_start + ${inside(r)} * k`;
  if (!inVectors) return `${each((r) => `var ${x}_${r} = ${start(r)};`, ' ')} ${step}1u;`;
  return `${each((r) => `var ${x}_${r} = (${start(r)}) / 4u;`, ' ')} ${step}1u;`;
}

const scalarStep = `let right = vec4<f32>(${each((r) => `b[b_${r}]`, ', ')});
        ${each((r) => `part_${r} = fma(vec4<f32>(a[a_${r}]), right, part_${r});`)}`;

/** Four steps of k: element [r, k] of a and row k of b from blocks that lie one way or the other. */
function vectorStep(transposeA: boolean, transposeB: boolean): string {
  const load = each((r) => `let left_${r} = a[a_${r}]; let right_${r} = b[b_${r}];`);
  const left = (r: number, k: number) => (transposeA ? `left_${k}[${r}]` : `left_${r}[${k}]`);
  const right = (k: number) => (transposeB ? `vec4<f32>(${each((c) => `right_${c}[${k}]`, ', ')})` : `right_${k}`);
  const step = (k: number) =>
    `let row_of_b_${k} = ${right(k)}; ${each((r) => `part_${r} = fma(vec4<f32>(${left(r, k)}), row_of_b_${k}, part_${r});`, ' ')}`;
  return `${load}
        ${each(step)}`;
}
