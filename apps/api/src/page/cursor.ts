import { AppError } from '@claimbench/contracts';
import type { z } from 'zod';

/** The opaque text of the row after which a list goes on. */
export function writeCursor(key: unknown): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** Reads back what `writeCursor` wrote for this list; anything else is `invalid-cursor`. */
export function readCursor<T>(cursor: string | undefined, key: z.ZodType<T>): T | null {
  if (cursor === undefined) return null;
  const result = key.safeParse(parse(cursor));
  if (result.success) return result.data;
  throw new AppError('invalid-cursor', 'The cursor does not belong to this list; start again without it.');
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined; // no key reads undefined, so the caller answers `invalid-cursor`
  }
}

/** A page from one row more than its limit: the extra row only tells that there is a next page. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  total: number | null,
  item: (row: Row) => Item,
  key: (row: Row) => unknown,
): { items: Item[]; next: string | null; total: number | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(item),
    next: rows.length > limit && last !== undefined ? writeCursor(key(last)) : null,
    total,
  };
}
