import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureDtype, ensureFloats } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * ids [count] i32, table [vocabulary, width], y [count, width].
 *
 *     forward    y[i] = table[ids[i]]                                        bit-exact
 *     backward   dtable[v] (+)= sum over i with ids[i] = v of dy[i]          in the order of i; 0 for rows never named
 *
 * Rows named `paddingIndex` get no gradient (-1: there is none). An id outside 0..vocabulary-1 fails with index-out-of-range.
 */
export const embeddingKernels: readonly KernelSignature[] = [
  { name: 'embedding.forward', reads: ['ids', 'table'], writes: ['y'], scalars: ['count', 'vocabulary', 'width'] },
  {
    name: 'embedding.backward',
    reads: ['dy', 'ids'],
    writes: ['dtable'],
    scalars: ['count', 'vocabulary', 'width', 'paddingIndex', 'accumulate'],
  },
];

export interface EmbeddingOptions {
  /** This row of the table gets no gradient. */
  readonly paddingIndex?: number;
}

/** Rows of a table: ids i32 [...], table [vocabulary, width] gives [..., width]. */
export function embedding(ids: Tensor, table: Tensor, options: EmbeddingOptions = {}): Tensor {
  ensureDtype('embedding', 'ids', ids, 'i32');
  ensureFloats('embedding', { table });
  ensure(
    table.shape.length === 2,
    'shape-mismatch',
    () => `embedding: table is [vocabulary, width], found ${formatShape(table.shape)}`,
  );
  const paddingIndex = options.paddingIndex ?? -1;
  return pickRows('embedding', ids, table, table.shape[0]!, table.shape[1]!, [table.shape[1]!], paddingIndex);
}

/** Shared with gatherRows: rows of `width` elements, given back as [...ids, ...rowShape]. */
export function pickRows(
  op: string,
  ids: Tensor,
  table: Tensor,
  rows: number,
  width: number,
  rowShape: readonly number[],
  paddingIndex: number,
): Tensor {
  const backend = backendOf(op, table, ids);
  const y = Tensor.empty(backend, [...ids.shape, ...rowShape]);
  backend.encode('embedding.forward', [ids.buffer, table.buffer, y.buffer], [ids.size, rows, width]);
  if (needsGradient(table)) {
    recordGradient(y, [table], [ids], (dy, sink) => {
      const dtable = sink.into(table);
      backend.encode(
        'embedding.backward',
        [dy.buffer, ids.storage.id, dtable.buffer],
        [ids.size, rows, width, paddingIndex, dtable.accumulate],
      );
    });
  }
  return y;
}
