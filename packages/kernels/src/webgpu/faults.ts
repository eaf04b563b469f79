import { KernelError } from '../errors.ts';
import type { Slot } from './buffers.ts';
import { type Dispatch, integers, words } from './dispatch.ts';
import type { IndexCheck } from './kernel.ts';

/** Words of the record: number of the check (from 1, 0: none yet), position, index; and the count of submissions. */
export const recordWords = 4;
export const faultWords = 3;
const submissions = 3;

/** Ends each submission: counts those that ran. */
export const markOf = (record: Slot): Dispatch => ({
  count: 1,
  writes: { record: words(record) },
  body: `record[${submissions}] += 1u;`,
});

/** Submissions that ran, as a record counts them. */
export const submissionsIn = (record: Uint32Array): number => record[submissions]!;

/** What went wrong in commands since the last read, kept on the device until a read fetches it. The first fault wins. */
export class Faults {
  /** How to say it, by the number of the check less one. Checks that say the same for the same limit share a number. */
  readonly #sentences: IndexCheck['fault'][] = [];
  readonly #numbers = new Map<string, number>();

  /** One workgroup looks at all indices; commands run in order, so only the first fault is recorded. */
  dispatchOf(kernel: string, check: IndexCheck, record: Slot): Dispatch {
    return {
      oneGroup: true,
      count: check.count,
      reads: { indices: integers(check.indices) },
      writes: { record: words(record) },
      u32: {
        limit: check.limit,
        number: this.#numberOf(kernel, check),
        hasIgnored: check.ignored === undefined ? 0 : 1,
      },
      i32: { ignored: check.ignored ?? 0 },
      functions: 'var<workgroup> first: atomic<u32>;',
      body: `
  if (lane == 0u) { atomicStore(&first, p.count); }
  workgroupBarrier();
  for (var at = lane; at < p.count; at += 64u) {
    let index = indices[at];
    // a negative one is beyond every limit
    let wrong = u32(index) >= p.limit${check.alsoWrong === undefined ? '' : ` || ${check.alsoWrong}`};
    if (wrong && !(p.hasIgnored == 1u && index == p.ignored)) { atomicMin(&first, at); break; }
  }
  workgroupBarrier();
  let position = atomicLoad(&first);
  if (lane == 0u && position < p.count && record[0] == 0u) {
    record[0] = p.number;
    record[1] = position;
    record[2] = bitcast<u32>(indices[position]);
  }`,
    };
  }

  /** The error that a record stands for, or undefined. */
  errorOf(record: Uint32Array): KernelError | undefined {
    const [number = 0, position = 0, index = 0] = record;
    if (number === 0) return undefined;
    const sentence = this.#sentences[number - 1];
    return new KernelError(
      'index-out-of-range',
      sentence?.(index | 0, position) ?? `index ${index | 0} at ${position}`,
    );
  }

  #numberOf(kernel: string, { limit, alsoWrong = '', fault }: IndexCheck): number {
    const key = `${kernel} ${limit} ${alsoWrong}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#sentences.push(fault);
    this.#numbers.set(key, number);
    return number;
  }
}
