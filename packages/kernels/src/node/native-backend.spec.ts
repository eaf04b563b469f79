import { afterEach, describe, expect, test } from 'vitest';
import type { Backend } from '../backend.ts';
import { KernelError } from '../errors.ts';
import { createNativeBackend } from './index.ts';

const open: Backend[] = [];
function backend(threads = 2): Backend {
  const made = createNativeBackend({ threads });
  open.push(made);
  return made;
}
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof KernelError) return error.code;
    throw error;
  }
  return 'no error';
}

async function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof KernelError ? error.code : String(error)),
  );
}

describe('the boundary to native code', () => {
  test('refuses ids that were freed, never given, or belong to nobody', () => {
    const native = backend();
    const id = native.allocate(64);
    native.free(id);
    expect(codeOf(() => native.free(id))).toBe('invalid-buffer');
    expect(codeOf(() => native.write(id, new Float32Array(1)))).toBe('invalid-buffer');
    expect(codeOf(() => native.encode('fill.forward', [id], [1, 0]))).toBe('invalid-buffer');
    for (const wrong of [1, -1, 0.5, Number.NaN, 2 ** 60]) {
      expect(codeOf(() => native.encode('fill.forward', [wrong], [1, 0]))).toBe('invalid-buffer');
    }
  });

  test('refuses sizes that a buffer does not hold, in commands, writes and reads', async () => {
    const native = backend();
    const id = native.allocate(64);
    const encoded = (kernel: string, buffers: number[], scalars: number[]) =>
      codeOf(() => {
        native.encode(kernel, buffers, scalars);
        native.flush();
      });
    expect(encoded('fill.forward', [id], [17, 0])).toBe('invalid-buffer');
    for (const count of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(['invalid-argument', 'invalid-buffer']).toContain(encoded('fill.forward', [id], [count, 0]));
    }
    expect(encoded('fill.forward', [0], [1, 0])).toBe('invalid-buffer');
    expect(encoded('fill.forward', [], [1, 0])).toBe('invalid-argument');
    expect(encoded('linear.forward', [id, id, 0, 0, id], [2 ** 40, 2 ** 40, 2 ** 40])).toBe('invalid-buffer');
    expect(encoded('sum.forward', [id, id], [0, 1, 99, 1])).toBe('invalid-argument');
    expect(codeOf(() => native.write(id, new Float32Array(17)))).toBe('size-mismatch');
    expect(codeOf(() => native.write(id, new Float32Array(1), 61))).toBe('size-mismatch');
    expect(await rejection(native.read(id, new Float32Array(17)))).toBe('size-mismatch');
    expect(codeOf(() => native.allocate(2 ** 45))).toBe('out-of-memory');
    expect(codeOf(() => native.allocate(-1))).toBe('invalid-argument');
  });

  test('finds an index out of range when it reads, and works on', async () => {
    const native = backend();
    const [ids, table, y] = [native.allocate(8), native.allocate(16), native.allocate(16)];
    native.write(ids, Int32Array.of(1, 2));
    native.write(table, Float32Array.of(1, 2, 3, 4));
    native.encode('embedding.forward', [ids, table, y], [2, 2, 2]);
    const found = new Float32Array(4);
    expect(await rejection(native.read(y, found))).toBe('index-out-of-range');
    await native.read(table, found);
    expect([...found]).toEqual([1, 2, 3, 4]);
  });

  test('an array that is taken away while it is read into gives an error, not a fault', async () => {
    const native = backend();
    const id = native.allocate(4096);
    native.encode('fill.forward', [id], [1024, 1]);
    const into = new Float32Array(1024);
    const reading = native.read(id, into);
    structuredClone(into.buffer, { transfer: [into.buffer] });
    expect(await rejection(reading)).toBe('invalid-argument');
  });

  test('closing rejects reads under way, and every later call says so', async () => {
    const native = backend();
    const id = native.allocate(4096);
    const reading = native.read(id, new Float32Array(1024));
    native.close();
    expect(['backend-closed', 'no error']).toContain(await rejection(reading));
    expect(codeOf(() => native.flush())).toBe('backend-closed');
    expect(codeOf(() => native.allocate(4))).toBe('backend-closed');
    native.free(id);
  });
});

test('a buffer that is freed and handed out again keeps the order of commands', async () => {
  const native = backend();
  const [first, sum] = [native.allocate(4 * 1024), native.allocate(4)];
  native.encode('fill.forward', [first], [1024, 2]);
  native.encode('sum.forward', [first, sum], [0, 1, 1, 1024, 1, 0]);
  native.free(first);
  const second = native.allocate(4 * 1024);
  native.write(second, new Float32Array(1024).fill(7));
  const total = new Float32Array(1);
  await native.read(sum, total);
  expect(total[0]).toBe(2048);
});

test('threads that cannot be had are refused', () => {
  expect(codeOf(() => createNativeBackend({ threads: 0 }))).toBe('invalid-argument');
  expect(codeOf(() => createNativeBackend({ threads: 1e9 }))).toBe('invalid-argument');
});
