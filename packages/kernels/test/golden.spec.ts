import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readGoldenFolder } from '../src/golden-check/folder.ts';
import { checkGoldenFile } from '../src/golden-check/report.ts';
import type { GoldenSubject } from '../src/golden-check/subject.ts';
import { ops } from '../src/ops/registry.ts';
import { createReferenceBackend } from '../src/reference/backend.ts';
import { backends } from './backends.ts';

const folder = join(import.meta.dirname, '../golden');
const files = await readGoldenFolder(folder);

interface Subject {
  readonly title: string;
  readonly create: () => GoldenSubject | Promise<GoldenSubject>;
}

const subjects: readonly Subject[] = [
  {
    title: 'reference in float64',
    create: () => ({ backend: createReferenceBackend({ precision: 'f64' }), precision: 'f64' }),
  },
  ...backends.map(({ title, create }) => ({
    title,
    create: async (): Promise<GoldenSubject> => ({ backend: await create(), precision: 'f32' }),
  })),
];

test.each(subjects)("PyTorch's values, forward and gradient: $title", async ({ create }) => {
  const subject = await create();
  const lines = (await Promise.all(files.map((file) => checkGoldenFile(subject, file)))).flat();
  subject.backend.close();

  const beyond = lines.filter((line) => line.violations > 0);
  expect(beyond.map(({ op, failures, worst }) => ({ op, failures, worst }))).toEqual([]);

  // what exists here is really checked
  const checked = new Set(lines.filter((line) => line.cases > 0).map((line) => line.op));
  const goldenNames = new Set(lines.map((line) => line.op));
  for (const op of Object.keys(ops)) if (goldenNames.has(op)) expect(checked).toContain(op);
  for (const op of [
    'gelu_erf',
    'rotary_half',
    'clip_grad_norm',
    'quantize_affine: packed product',
    'mxfp4_e2m1: packed product',
    'svd',
  ]) {
    expect(checked).toContain(op);
  }
  const missing = lines.filter((line) => line.notImplemented > 0).map((line) => line.op);
  expect(missing).toEqual([]);
});

test('a wrong value, a NaN and an unknown op are all seen', async () => {
  const subject: GoldenSubject = { backend: createReferenceBackend({ precision: 'f64' }), precision: 'f64' };
  const file = files.find(({ name }) => name === 'ops')!;
  const damaged = new Uint8Array(file.tensors!);
  const header = Number(new DataView(damaged.buffer).getBigUint64(0, true));
  const offsets = JSON.parse(new TextDecoder().decode(damaged.subarray(8, 8 + header)));
  const [start] = offsets['tanh/0/y'].data_offsets;
  const [startOfNaN] = offsets['softmax/0/y'].data_offsets;
  const view = new DataView(damaged.buffer);
  view.setFloat64(8 + header + start, view.getFloat64(8 + header + start, true) + 1e-8, true);
  view.setFloat64(8 + header + startOfNaN, Number.NaN, true);
  const cases = JSON.parse(JSON.stringify(file.manifest.cases).replaceAll('"op":"conv2d"', '"op":"fold2d"'));
  const lines = await checkGoldenFile(subject, { ...file, manifest: { ...file.manifest, cases }, tensors: damaged });
  expect(lines.filter((line) => line.violations > 0).map((line) => line.failures)).toEqual([['softmax/0'], ['tanh/0']]);
  expect(lines.find((line) => line.op === 'fold2d')).toMatchObject({ cases: 0, notImplemented: 6 });
});

test('what an optimiser of the file remembers and ours does not is a failure', async () => {
  const subject: GoldenSubject = { backend: createReferenceBackend({ precision: 'f64' }), precision: 'f64' };
  const file = files.find(({ name }) => name === 'optimisers')!;
  // without momentum there is no buffer: the first case is said to have the third one's
  const cases = JSON.parse(
    JSON.stringify(file.manifest.cases).replace('"sgd/0/trace"', '"sgd/0/trace","sgd/2/state.momentum_buffer"'),
  );
  const lines = await checkGoldenFile(subject, { ...file, manifest: { ...file.manifest, cases } });
  const [failure, ...more] = lines.flatMap((line) => line.failures);
  expect(more).toEqual([]);
  expect(failure).toContain('nothing is remembered as state.momentum_buffer');
});
