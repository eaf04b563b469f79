import { type PhiloxCounter, type PhiloxKey, philox4x32 } from '../random/philox.ts';
import { isRecord } from './safetensors.ts';
import { type Comparison, largestError } from './subject.ts';

/** Known answers of Philox4x32 (`published`, `more`) and its streams (`streams`), which have to be met exactly. */
export function checkRandom(manifest: Record<string, unknown>): { op: string; comparison: Comparison }[] {
  const results: { op: string; comparison: Comparison }[] = [];
  for (const list of ['published', 'more']) {
    for (const entry of entriesOf(manifest[list])) {
      const counter = words(entry.counter);
      const key = words(entry.key);
      const found = philox4x32(asCounter(counter), asKey(key), Number(entry.rounds));
      results.push({
        op: `philox4x32 ${list}`,
        comparison: { error: largestError(found, words(entry.output)), bound: 0 },
      });
    }
  }
  for (const entry of entriesOf(manifest.streams)) {
    const key = asKey(words(entry.key));
    const found: number[] = [];
    for (let block = 0; block < Number(entry.blocks); block++) {
      found.push(...philox4x32([Number(entry.counter0) + block, 0, Number(entry.counter2), 0], key));
    }
    const uniform = found.map((word) => (word >>> 8) / 2 ** 24);
    const error = Math.max(largestError(found, words(entry.uint32)), largestError(uniform, words(entry.uniform24)));
    results.push({ op: 'philox4x32 streams', comparison: { error, bound: 0 } });
  }
  return results;
}

function entriesOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function words(value: unknown): number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

function asCounter([a = 0, b = 0, c = 0, d = 0]: readonly number[]): PhiloxCounter {
  return [a, b, c, d];
}

function asKey([a = 0, b = 0]: readonly number[]): PhiloxKey {
  return [a, b];
}
