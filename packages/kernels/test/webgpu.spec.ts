import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Backend } from '../src/backend.ts';
import { readFloats, runCase, sameBits } from '../src/conformance/run.ts';
import { openDawn } from '../src/node/dawn.ts';
import { createDawnBackend } from '../src/node/index.ts';
import { adamW, createAdamWState } from '../src/ops/adamw/op.ts';
import { copy } from '../src/ops/copy/op.ts';
import { ops } from '../src/ops/registry.ts';
import { slice } from '../src/ops/slice/op.ts';
import { sparseLinear } from '../src/ops/sparse_linear/op.ts';
import { sum } from '../src/ops/sum/op.ts';
import { valueAndGrad } from '../src/tape.ts';
import { scope, Tensor } from '../src/tensor.ts';
import type { Gpu, GpuDevice } from '../src/webgpu/api.ts';
import { createWebGpuBackend } from '../src/webgpu/create.ts';
import { webGpuOps } from '../src/webgpu/registry.ts';
import { partialWords } from '../src/webgpu/words.ts';
import { casesOfOps } from './all_cases.ts';
import { randomTokens, smallDecoder } from './decoder.ts';

let backend: Backend;
beforeAll(async () => {
  backend = await createDawnBackend();
});
afterAll(() => backend.close());
afterEach(() => vi.unstubAllEnvs());

test.each(Object.entries(webGpuOps))('%s has WGSL for all of its kernels and for no others', (op, kernels) => {
  expect(Object.keys(kernels).sort()).toEqual(ops[op]!.kernels.map(({ name }) => name).sort());
});

test('the description names adapter, driver and implementation: a run records them', () => {
  const { device, build, instructionSet } = backend.description;
  expect(instructionSet).toBe('wgsl');
  expect(device).not.toBe('');
  expect(build).toMatch(/^dawn of webgpu \d+\.\d+\.\d+, ./);
});

describe('bytes', () => {
  test.each([
    [0, 12, 12],
    [1, 1, 12],
    [1, 5, 12],
    [2, 2, 12],
    [3, 6, 12],
    [4, 3, 12],
    [5, 5, 10],
    [7, 3, 10],
    [9, 1, 10],
  ])('%#: written from byte %i, %i of them, leave the others of the %i alone', async (byteOffset, length, size) => {
    const before = Uint8Array.from({ length: size }, (_, i) => 100 + i);
    const written = Uint8Array.from({ length }, (_, i) => 200 + i);
    const id = backend.allocate(size);
    backend.write(id, before);
    backend.write(id, written, byteOffset);
    const found = new Uint8Array(size);
    await backend.read(id, found);
    const expected = before.slice();
    expected.set(written, byteOffset);
    expect(found).toEqual(expected);

    const part = new Uint8Array(length);
    await backend.read(id, part, byteOffset);
    expect(part).toEqual(written);
    backend.free(id);
  });

  test('are split into whole words and two that are covered in part', () => {
    const { whole, parts } = partialWords(Uint8Array.of(1, 2, 3, 4, 5, 6, 7), 3, 40);
    expect(whole).toEqual({ byteOffset: 4, bytes: Uint8Array.of(2, 3, 4, 5) });
    expect(parts).toEqual([
      { word: 0, mask: 0xff000000, value: 0x01000000 },
      { word: 2, mask: 0xffff, value: 0x0706 },
    ]);
  });

  test('beyond the buffer are refused', async () => {
    const id = backend.allocate(10);
    expect(() => backend.write(id, new Uint8Array(4), 7)).toThrow(expect.objectContaining({ code: 'size-mismatch' }));
    await expect(backend.read(id, new Uint8Array(11))).rejects.toMatchObject({ code: 'size-mismatch' });
    backend.free(id);
  });
});

test('copies keep denormals and the bits of a NaN, which arithmetic may not', async () => {
  const bits = Uint32Array.of(1, 0x80000001, 0x7fc12345, 0xff800001, 0x007fffff);
  using x = Tensor.from(backend, new Float32Array(bits.buffer), [5]);
  using copied = copy(x);
  using part = slice(x, 0, 1, 4);
  const found = new Uint32Array(5);
  await backend.read(copied.buffer, found);
  expect(found).toEqual(bits);
  await backend.read(part.buffer, found.subarray(1));
  expect(found).toEqual(bits);
});

test('more workgroups than one dimension holds', async () => {
  const size = 65_535 * 64 + 4_000;
  using x = Tensor.full(backend, [size], 1);
  using total = sum(x);
  expect((await total.readFloats())[0]).toBe(size);
  using copied = copy(x);
  const end = new Float32Array(4_001);
  await backend.read(copied.buffer, end, (size - end.length) * 4);
  expect(end.every((value) => value === 1)).toBe(true);
});

test('what a free buffer is written next overtakes no command', async () => {
  const [first, total] = [backend.allocate(4096), backend.allocate(4)];
  backend.write(first, new Float32Array(1024).fill(2));
  backend.encode('sum.forward', [first, total], [0, 1, 1, 1024, 1, 0]);
  backend.free(first);
  const second = backend.allocate(4096); // the same buffer of the device
  backend.write(second, new Float32Array(1024).fill(7));
  const found = new Float32Array(1);
  await backend.read(total, found);
  expect(found[0]).toBe(2048);
  for (const id of [second, total]) backend.free(id);
});

test('two reads at once get their own values', async () => {
  const tensors = [1, 2, 3].map((value) => Tensor.full(backend, [5], value));
  const values = await Promise.all(tensors.map((tensor) => tensor.readFloats()));
  expect(values.map(([value]) => value)).toEqual([1, 2, 3]);
  for (const tensor of tensors) tensor.dispose();
});

describe('is refused with what was expected and what was found', () => {
  test.each([
    ['a kernel that is not there', 'softmax.sideways', [0], [1], 'unknown-kernel', 'no kernel softmax.sideways'],
    ['a size that is no integer', 'fill.forward', [1], [1.5, 0], 'invalid-argument', 'found 1.5'],
    ['a size beyond 32 bits', 'fill.forward', [1], [2 ** 32, 0], 'invalid-argument', 'found 4294967296'],
    ['a number beyond float32', 'fill.forward', [1], [1, 1e300], 'invalid-argument', 'found 1e+300'],
    ['an absent operand', 'fill.forward', [0], [1, 0], 'invalid-argument', 'needs y'],
    ['a buffer that is not there', 'fill.forward', [999_999], [1, 0], 'invalid-buffer', '999999'],
  ] as const)('%s', (_, kernel, given, scalars, code, named) => {
    const id = backend.allocate(4);
    const buffers = given.map((buffer) => (buffer === 1 ? id : buffer));
    expect(() => backend.encode(kernel, buffers, scalars)).toThrow(
      expect.objectContaining({ name: 'KernelError', code, message: expect.stringContaining(named) }),
    );
    backend.free(id);
  });

  test('a buffer larger than the device has', () => {
    expect(() => backend.allocate(2 ** 50)).toThrow(
      expect.objectContaining({ code: 'out-of-memory', message: expect.stringContaining('1125899906842624') }),
    );
    expect(() => backend.allocate(-1)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  test('an environment without WebGPU, and one without an adapter', async () => {
    const options = { implementation: 'none' };
    await expect(createWebGpuBackend(undefined, options)).rejects.toMatchObject({ code: 'backend-unavailable' });
    const gpu: Gpu = { requestAdapter: async () => null };
    await expect(createWebGpuBackend(gpu, options)).rejects.toMatchObject({ code: 'backend-unavailable' });
  });

  test('a driver that is named and not there', async () => {
    vi.stubEnv('VK_DRIVER_FILES', '/nowhere/driver.json');
    await expect(createDawnBackend()).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringContaining('/nowhere/driver.json'),
    });
  });
});

/** A backend on a device that the test holds too; `deaf`: the device's errors do not reach the backend. */
async function onOwnDevice({ deaf = false } = {}): Promise<{ own: Backend; device: GpuDevice }> {
  const { gpu, implementation } = await openDawn();
  const devices: GpuDevice[] = [];
  const spying: Gpu = {
    requestAdapter: async (options) => {
      const adapter = await gpu.requestAdapter(options);
      if (adapter === null) return null;
      const requestDevice = async (descriptor: Parameters<typeof adapter.requestDevice>[0]) => {
        const device = await adapter.requestDevice(descriptor);
        devices.push(device);
        if (deaf) vi.spyOn(device, 'addEventListener').mockImplementation(() => {});
        return device;
      };
      return { info: adapter.info, limits: adapter.limits, requestDevice };
    },
  };
  const own = await createWebGpuBackend(spying, { implementation });
  return { own, device: devices[0]! };
}

test('a lost device is an error of its own, at the read that waits and at every call after', async () => {
  const { own, device } = await onOwnDevice();
  const x = Tensor.full(own, [4], 1);
  await x.readFloats();
  device.destroy();
  await expect(x.readFloats()).rejects.toMatchObject({ code: 'device-lost' });
  expect(() => Tensor.full(own, [4], 1)).toThrow(expect.objectContaining({ code: 'device-lost' }));
  own.close();
  x.dispose();
});

/** Makes the next shader that the device gets one that it cannot compile. */
function spoilNextShader(device: GpuDevice): void {
  const { createShaderModule } = device;
  vi.spyOn(device, 'createShaderModule').mockImplementationOnce((descriptor) =>
    createShaderModule.call(device, { ...descriptor, code: 'this is not WGSL' }),
  );
}

test.each([
  ['and says why', false, 'WGSL'],
  ['even where nobody says why', true, 'did not run'],
])('a command that the device refuses fails the next read, %s', async (_, deaf, named) => {
  const { own, device } = await onOwnDevice({ deaf });
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const x = Tensor.full(own, [4], 1);
  await x.readFloats();
  spoilNextShader(device);
  const y = copy(x);
  own.flush(); // the read is a submission of its own, which runs
  await expect(y.readFloats()).rejects.toMatchObject({
    code: 'device-failure',
    message: expect.stringContaining(named),
  });
  own.close();
});

test('after close every buffer is gone and every use refused', async () => {
  const own = await createDawnBackend();
  const id = own.allocate(64);
  expect([own.liveBuffers, own.liveBytes]).toEqual([1, 64]);
  const reading = own.read(id, new Float32Array(16));
  own.close();
  own.close();
  await expect(reading).rejects.toMatchObject({ code: 'backend-closed' });
  expect([own.liveBuffers, own.liveBytes]).toEqual([0, 0]);
  expect(() => own.flush()).toThrow(expect.objectContaining({ code: 'backend-closed' }));
  own.free(id);
});

/** The weights after some steps of training. */
async function trained(): Promise<Float32Array[]> {
  const decoder = smallDecoder(backend, 5);
  const state = createAdamWState(decoder.parameters);
  const ids = randomTokens(backend, 6, 3, 9);
  const targets = randomTokens(backend, 7, 3, 9);
  for (let step = 0; step < 5; step++) {
    scope(() => {
      const { gradients } = valueAndGrad(decoder.parameters, () => decoder.loss(ids, targets));
      adamW(decoder.parameters, gradients, state, { learningRate: 0.003 });
    });
  }
  const weights = await Promise.all(decoder.parameters.map((parameter) => parameter.readFloats()));
  const all = [...decoder.parameters, ...state.firstMoments, ...state.secondMoments, ids, targets];
  for (const tensor of all) tensor.dispose();
  return weights;
}

test.each([
  ['row starts that fall', [0, 2, 1], [0, 1], 'without falling'],
  ['row starts that end early', [0, 1, 1], [0, 1], 'found 1 at 2'],
  ['a column beyond the width', [0, 1, 2], [0, 9], 'column 9 of 4'],
])('a sparse weight with %s is a fault of the data', async (_, starts, places, named) => {
  using x = Tensor.full(backend, [3, 4], 1);
  using values = Tensor.full(backend, [2], 1);
  using rowStarts = Tensor.from(backend, Int32Array.from(starts), [3]);
  using columns = Tensor.from(backend, Int32Array.from(places), [2]);
  using y = sparseLinear(x, { values, pattern: { kind: 'rows', rowStarts, columns }, in: 4, out: 2 });
  await expect(y.readFloats()).rejects.toMatchObject({
    code: 'index-out-of-range',
    message: expect.stringContaining(named),
  });
  expect(await x.readFloats(), 'and the backend goes on').toEqual(new Float32Array(12).fill(1));
});

describe('the same bits', () => {
  test('from one training to the next', async () => {
    const first = await trained();
    for (let run = 1; run < 5; run++) {
      const again = await trained();
      expect(
        again.every((weights, index) => sameBits(weights, first[index]!)),
        `run ${run}`,
      ).toBe(true);
    }
    expect(backend.liveBuffers).toBe(0);
  });

  test.each(['embedding', 'matmul', 'sum', 'cross_entropy'])('of %s twice', async (op) => {
    for (const [seed, opCase] of casesOfOps.get(op)!.slice(0, 8).entries()) {
      const first = await runCase(backend, opCase, seed, readFloats);
      const again = await runCase(backend, opCase, seed, readFloats);
      expect(sameBits(again.output, first.output), opCase.name).toBe(true);
      for (const [name, gradient] of first.gradients) {
        expect(sameBits(again.gradients.get(name)!, gradient), `${opCase.name}, ${name}`).toBe(true);
      }
    }
  });

  test('of a row in a batch of 2 as in one of 8', async () => {
    const decoder = smallDecoder(backend, 8);
    const time = 13;
    const ids = randomTokens(backend, 9, 8, time);
    const tokens = Int32Array.from(await ids.read());
    using whole = scope(() => decoder.logits(ids));
    for (let start = 0; start < 8; start += 2) {
      using few = Tensor.from(backend, tokens.slice(start * time, (start + 2) * time), [2, time]);
      using alone = scope(() => decoder.logits(few));
      using part = scope(() => slice(whole, 0, start * time, 2 * time));
      expect(sameBits(await alone.readFloats(), await part.readFloats()), `rows from ${start}`).toBe(true);
    }
    ids.dispose();
    for (const parameter of decoder.parameters) parameter.dispose();
  });
});
