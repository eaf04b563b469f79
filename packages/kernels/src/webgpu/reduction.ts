import { contiguousStrides } from '../ops/strides.ts';
import type { Slot } from './buffers.ts';
import { type Dispatch, integers, words } from './dispatch.ts';
import type { Recording } from './kernel.ts';
import { walkCode } from './loops.ts';

/** Terms that one invocation adds up in a row. Fixed: the order of every sum follows from its length alone. */
const termsInARow = 64;

export interface Reduction {
  readonly extents: readonly number[];
  /** Strides of every operand that `term` reads, for each extent. */
  readonly strides: Readonly<Record<string, readonly number[]>>;
  /** Strides of the target: an extent with stride 0 is summed over. */
  readonly targetStrides: readonly number[];
  readonly reads: NonNullable<Dispatch['reads']>;
  readonly u32?: Dispatch['u32'];
  readonly i32?: Dispatch['i32'];
  readonly f32?: Dispatch['f32'];
  readonly functions?: string;
  /** WGSL expression of one term; operand x stands at at_x. */
  readonly term: string;
  /** Absent: the sum. */
  readonly largest?: boolean;
  /** The largest of integers, made of words as `order` says: `finish` makes the target's words of it. */
  readonly ordered?: boolean;
  readonly target: Slot;
  readonly accumulate?: boolean;
  /** WGSL expression of what is stored, of `total`. Reads `finishReads` at at_result. Absent: total. */
  readonly finish?: string;
  readonly finishReads?: Dispatch['reads'];
}

/**
 * target (+)= finish(sum of term). Long sums go in rounds: invocation c of C adds up the terms c, c + C, c + 2C, … (at most 64), then
 * the same for the C partial sums, until one is left. So errors grow as those of pairwise sums do, many invocations share
 * a long sum, and neither the batch nor the device changes the order.
 */
export function reduce(recording: Recording, reduction: Reduction): void {
  const { extents, strides, targetStrides, largest = false, ordered = false } = reduction;
  const axes = extents.map((_, axis) => axis);
  const kept = axes.filter((axis) => targetStrides[axis] !== 0);
  const summed = axes.filter((axis) => targetStrides[axis] === 0);
  const pick = (values: readonly number[], from: readonly number[]) => from.map((axis) => values[axis]!);
  const product = (values: readonly number[]) => values.reduce((size, value) => size * value, 1);
  const pickAll = (from: readonly number[]) =>
    Object.fromEntries(Object.entries(strides).map(([operand, values]) => [operand, pick(values, from)]));

  const keptExtents = pick(extents, kept);
  const outputs = product(keptExtents);
  const terms = product(pick(extents, summed));
  const chunks = Math.max(1, Math.ceil(terms / termsInARow));
  const outer = walkCode('output', keptExtents, { ...pickAll(kept), result: pick(targetStrides, kept) });
  const inner = walkCode('t', pick(extents, summed), pickAll(summed), 'term_');
  const offsets = Object.keys(strides).map((operand) => `let at_${operand} = base_${operand} + term_at_${operand};`);
  const outerCode = Object.keys(strides).reduce(
    (code, operand) => code.replace(`let at_${operand} =`, `let base_${operand} =`),
    outer.code,
  );
  const combine = largest || ordered ? `total = max(total, ${reduction.term});` : `total += ${reduction.term};`;
  const start = ordered ? 'before_all' : largest ? '-p.infinity' : '0.0';
  const sum = `${outerCode}
  var total = ${start};
  for (var t = chunk; t < p.terms; t += p.chunks) {
    ${inner.code}
    ${offsets.join(' ')}
    ${combine}
  }`;
  const given = { functions: reduction.functions ?? '', i32: reduction.i32, f32: reduction.f32 };
  const u32 = { ...reduction.u32, ...outer.u32, ...inner.u32, terms, chunks };
  if (chunks === 1) {
    const store = reduction.accumulate === true ? '+=' : '=';
    recording.run({
      ...given,
      u32,
      count: outputs,
      reads: { ...reduction.reads, ...reduction.finishReads },
      writes: { result: ordered ? words(reduction.target) : reduction.target },
      body: `let output = i; let chunk = 0u;
  ${sum}
  result[at_result] ${store} ${reduction.finish ?? 'total'};`,
    });
    return;
  }
  // neighbouring invocations read neighbouring elements
  const alongSum = summed.at(-1) === extents.length - 1;
  const partial = recording.scratch(outputs * chunks);
  recording.run({
    ...given,
    u32: { ...u32, outputs },
    count: outputs * chunks,
    reads: reduction.reads,
    writes: { sums: ordered ? integers(partial) : partial },
    body: `${alongSum ? 'let output = i / p.chunks; let chunk = i % p.chunks;' : 'let output = i % p.outputs; let chunk = i / p.outputs;'}
  ${sum}
  sums[i] = total;`,
  });
  const keptStrides = contiguousStrides(keptExtents);
  const partialStrides = alongSum ? [...keptStrides.map((stride) => stride * chunks), 1] : [...keptStrides, outputs];
  reduce(recording, {
    ...reduction,
    extents: [...keptExtents, chunks],
    strides: { partial: partialStrides },
    targetStrides: [...pick(targetStrides, kept), 0],
    reads: { partial: ordered ? integers(partial) : partial },
    term: 'partial[at_partial]',
  });
}
