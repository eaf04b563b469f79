import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { alibiSlopes } from './alibi.ts';
import { type AttentionOptions, attention } from './op.ts';
import { attentionInParts } from './parts.ts';

const bound = nmse(1e-9, 'scores, an online softmax and weighted sums in float32', 1e-6);

interface Sizes {
  readonly batch: number;
  readonly queryTime: number;
  readonly keyTime: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly dim: number;
}

const settings: readonly (readonly [Sizes, AttentionOptions & { readonly alibi?: boolean }])[] = [
  [{ batch: 1, queryTime: 1, keyTime: 1, heads: 1, keyHeads: 1, dim: 1 }, { causal: true }],
  [{ batch: 0, queryTime: 3, keyTime: 3, heads: 2, keyHeads: 1, dim: 4 }, { causal: true }],
  [{ batch: 2, queryTime: 7, keyTime: 7, heads: 3, keyHeads: 3, dim: 5 }, { causal: true }],
  [{ batch: 2, queryTime: 7, keyTime: 7, heads: 4, keyHeads: 2, dim: 8 }, { causal: true }],
  [{ batch: 1, queryTime: 5, keyTime: 5, heads: 6, keyHeads: 1, dim: 16 }, { causal: true }],
  [{ batch: 1, queryTime: 4, keyTime: 9, heads: 2, keyHeads: 2, dim: 7 }, { causal: false }],
  [{ batch: 1, queryTime: 9, keyTime: 4, heads: 2, keyHeads: 2, dim: 7 }, { causal: false }],
  [{ batch: 1, queryTime: 1, keyTime: 33, heads: 2, keyHeads: 1, dim: 16 }, { causal: true }],
  [{ batch: 1, queryTime: 3, keyTime: 11, heads: 2, keyHeads: 2, dim: 4 }, { causal: true }],
  [{ batch: 1, queryTime: 67, keyTime: 67, heads: 2, keyHeads: 1, dim: 32 }, { causal: true }],
  [{ batch: 2, queryTime: 128, keyTime: 128, heads: 2, keyHeads: 2, dim: 64 }, { causal: true }],
  [{ batch: 1, queryTime: 65, keyTime: 65, heads: 1, keyHeads: 1, dim: 80 }, { causal: false }],
  [
    { batch: 1, queryTime: 37, keyTime: 37, heads: 2, keyHeads: 1, dim: 8 },
    { causal: true, window: 5 },
  ],
  [
    { batch: 1, queryTime: 5, keyTime: 5, heads: 2, keyHeads: 2, dim: 3 },
    { causal: true, window: 1 },
  ],
  [
    { batch: 1, queryTime: 9, keyTime: 9, heads: 2, keyHeads: 1, dim: 4 },
    { causal: true, softcap: 2.5 },
  ],
  [
    { batch: 1, queryTime: 9, keyTime: 9, heads: 6, keyHeads: 6, dim: 4 },
    { causal: true, alibi: true },
  ],
  [
    { batch: 1, queryTime: 9, keyTime: 9, heads: 2, keyHeads: 2, dim: 4 },
    { causal: true, scale: 0.75 },
  ],
  [
    { batch: 2, queryTime: 21, keyTime: 45, heads: 6, keyHeads: 2, dim: 12 },
    { causal: true, window: 7, softcap: 3, alibi: true, scale: 0.4 },
  ],
  [
    { batch: 1, queryTime: 33, keyTime: 70, heads: 3, keyHeads: 1, dim: 20 },
    { causal: false, softcap: 1.5, alibi: true },
  ],
  [
    { batch: 1, queryTime: 71, keyTime: 71, heads: 2, keyHeads: 2, dim: 16 },
    { causal: true, window: 100 },
  ],
];

type Attend = typeof attentionInParts;

const casesOf = (title: string, attend: Attend, chosen: typeof settings): OpCase[] =>
  chosen.map(
    ([sizes, { alibi, ...options }]): OpCase => ({
      name: `${title}${JSON.stringify(sizes)} ${JSON.stringify({ ...options, alibi })}`,
      forward: bound,
      gradient: bound,
      build: (inputs) => {
        const q = inputs.normal('q', [sizes.batch, sizes.queryTime, sizes.heads, sizes.dim]);
        const k = inputs.normal('k', [sizes.batch, sizes.keyTime, sizes.keyHeads, sizes.dim]);
        const v = inputs.normal('v', [sizes.batch, sizes.keyTime, sizes.keyHeads, sizes.dim]);
        const values = alibiSlopes(sizes.heads);
        const slopes = alibi === true ? inputs.constant([sizes.heads], (head) => values[head]!) : undefined;
        return () => attend(q, k, v, { ...options, slopes });
      },
    }),
  );

export const cases: readonly OpCase[] = [
  ...casesOf('', attention, settings),
  ...casesOf(
    'in parts, ',
    attentionInParts,
    settings.filter(([{ queryTime }]) => queryTime < 60),
  ),
  {
    name: 'in parts, with a learned bias of heads and positions',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const q = inputs.normal('q', [2, 5, 4, 8]);
      const k = inputs.normal('k', [2, 7, 2, 8]);
      const v = inputs.normal('v', [2, 7, 2, 8]);
      const bias = inputs.normal('bias', [4, 5, 7]);
      return () => attentionInParts(q, k, v, { causal: false, scale: 1, bias });
    },
  },
  {
    name: 'in parts, a batch whose second row is padded',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const q = inputs.normal('q', [2, 4, 2, 8]);
      const k = inputs.normal('k', [2, 4, 2, 8]);
      const v = inputs.normal('v', [2, 4, 2, 8]);
      const bias = inputs.constant([2, 1, 1, 4], (i) => (i >= 6 ? Number.NEGATIVE_INFINITY : 0));
      return () => attentionInParts(q, k, v, { causal: false, bias });
    },
  },
  {
    name: 'one tensor is query, key and value',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const x = inputs.normal('x', [2, 6, 2, 4]);
      return () => attention(x, x, x, { causal: true });
    },
  },
  {
    name: 'a cache that is longer than what it holds',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const q = inputs.constantNormal([2, 2, 4, 8]);
      const k = inputs.constantNormal([2, 16, 2, 8]);
      const v = inputs.constantNormal([2, 16, 2, 8]);
      return () => attention(q, k, v, { causal: true, keyTime: 5 });
    },
  },
  ...[attention, attentionInParts].map(
    (attend: Attend): OpCase => ({
      name: `a cache with a window, capped, ${attend === attention ? 'fused' : 'in parts'}`,
      forward: bound,
      gradient: bound,
      build: (inputs) => {
        const q = inputs.constantNormal([2, 3, 4, 8]);
        const k = inputs.constantNormal([2, 80, 2, 8]);
        const v = inputs.constantNormal([2, 80, 2, 8]);
        return () => attend(q, k, v, { causal: true, keyTime: 61, window: 9, softcap: 4 });
      },
    }),
  ),
  {
    name: 'large scores',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const q = inputs.constantNormal([1, 9, 1, 8], 0, 40);
      const k = inputs.constantNormal([1, 9, 1, 8], 0, 40);
      const v = inputs.constantNormal([1, 9, 1, 8]);
      return () => attention(q, k, v, { causal: true });
    },
  },
];
