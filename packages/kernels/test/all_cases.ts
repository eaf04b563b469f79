import type { OpCase } from '../src/conformance/case.ts';

const files = import.meta.glob<{ cases: readonly OpCase[] }>('../src/ops/*/cases.ts', { eager: true });

/** The cases of every op, by the name of its folder. */
export const casesOfOps: ReadonlyMap<string, readonly OpCase[]> = new Map(
  Object.entries(files).map(([path, { cases }]) => [path.split('/').at(-2)!, cases]),
);
