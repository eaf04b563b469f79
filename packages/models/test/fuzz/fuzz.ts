import { createReferenceBackend, RandomStream, randomUniform } from '@claimbench/kernels';
import { ModelError } from '../../src/model-error.ts';
import type { FuzzedFormat } from './formats.ts';

export interface FuzzResult {
  readonly format: string;
  readonly files: number;
  /** Mutated files that loaded: the damage fell on a weight, or on nothing. */
  readonly accepted: number;
  readonly refused: number;
  /** Everything that is neither: another error, memory that the file does not account for. */
  readonly violations: readonly string[];
}

/** Bytes that loading may take beside what the file accounts for; a shape bomb takes gigabytes. */
const SPARE = 32 * 2 ** 20;
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** Loads `files` mutations of a format's good file, drawn from `seed`; the result names each violation's number. */
export function fuzz(format: FuzzedFormat, files: number, seed: number): FuzzResult {
  const backend = createReferenceBackend();
  const limit = SPARE + 64 * format.good.length;
  let accepted = 0;
  let refused = 0;
  const violations: string[] = [];
  for (let number = 0; number < files; number++) {
    const file = mutated(format.good, seed, number);
    const before = process.memoryUsage().arrayBuffers;
    try {
      format.load(file, backend);
      accepted += 1;
    } catch (error) {
      if (error instanceof ModelError) refused += 1;
      else violations.push(`${number}: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
    }
    const taken = process.memoryUsage().arrayBuffers - before;
    if (taken > limit) violations.push(`${number}: took ${taken} bytes for a file of ${file.length}`);
    if (backend.liveBuffers > 0) violations.push(`${number}: left ${backend.liveBuffers} buffers`);
  }
  backend.close();
  return { format: format.name, files, accepted, refused, violations };
}

/** Mutation `number`: one to four changes, near the file's beginning half of the time, for that is where headers are. */
export function mutated(good: Uint8Array, seed: number, number: number): Uint8Array {
  const draws = randomUniform(new RandomStream(seed, number), 32, 0, 1);
  let next = 0;
  const draw = (below: number) => Math.floor(draws[next++ % draws.length]! * below);
  let file = Uint8Array.from(good);
  for (let changes = 1 + draw(4); changes > 0; changes--) {
    const reach = draw(2) === 0 ? Math.min(file.length, 512) : file.length;
    const at = draw(Math.max(reach, 1));
    file = change(file, draw(8), at, draw);
  }
  return file;
}

function change(file: Uint8Array<ArrayBuffer>, kind: number, at: number, draw: (below: number) => number) {
  const view = new DataView(file.buffer);
  switch (kind) {
    case 0:
      file[at] = draw(256);
      return file;
    case 1:
      file[at]! ^= 1 << draw(8);
      return file;
    case 2:
      if (at + 4 <= file.length) view.setUint32(at, EXTREMES[draw(EXTREMES.length)]!, true);
      return file;
    case 3:
      if (at + 8 <= file.length) view.setBigUint64(at, 1n << BigInt(draw(64)), true);
      return file;
    case 4:
      return file.slice(0, at);
    case 5:
      return Uint8Array.from([...file.subarray(0, at), ...file.subarray(at + 1 + draw(16))]);
    case 6: {
      const piece = file.subarray(at, at + 1 + draw(64));
      return Uint8Array.from([...file.subarray(0, at), ...piece, ...file.subarray(at)]);
    }
    default: {
      // a digit of the text in a header becomes another, or many
      const digit = file.findIndex((byte, index) => index >= at && byte >= 48 && byte <= 57);
      if (digit === -1) return file;
      const digits = Array.from({ length: 1 + draw(10) }, () => 48 + draw(10));
      return Uint8Array.from([...file.subarray(0, digit), ...digits, ...file.subarray(digit + 1)]);
    }
  }
}
