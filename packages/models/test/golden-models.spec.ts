import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { checkModel } from '../src/golden-check/check-model.ts';
import { type ModelCase, readModelCase } from '../src/golden-check/model-case.ts';
import { EVERYWHERE, isWithin, SUBJECTS } from '../src/golden-check/subject.ts';

const folder = fileURLToPath(new URL('../golden/models/', import.meta.url));
const names = readdirSync(folder).filter((name) => name !== 'llama-gqa-gguf');
const subjects = await Promise.all(
  EVERYWHERE.map(async (backend) => ({ backend, subject: await SUBJECTS[backend]!() })),
);
afterAll(() => {
  for (const { subject } of subjects) subject.backend.close();
});

const read = (name: string) => readModelCase(name, `${folder}${name}`);

describe.each(subjects)('on $backend', ({ subject }) => {
  test.each(names)('%s gives the logits, states, gradients and next tokens of transformers', async (name) => {
    const golden = await read(name);
    const comparisons = await checkModel(subject, golden);
    const stored = [...golden.values.tensors.keys()].filter((key) =>
      /^(logits|hidden|encoder)(?!_float32|_bfloat16)/.test(key),
    );
    for (const key of stored)
      expect(
        comparisons.some(({ what }) => what.startsWith(key)),
        key,
      ).toBe(true);
    expect(comparisons.filter((comparison) => !isWithin(comparison))).toEqual([]);
    expect(subject.backend.liveBuffers).toBe(0);
  });

  test('one forgotten bias is found in the logits, in every state behind it, and in the loss', async () => {
    const golden = await read('gpt2');
    const forgotten = 'transformer.h.1.mlp.c_proj.bias';
    const bias = golden.weights.tensors.get(forgotten)!;
    const tensors = new Map(golden.weights.tensors);
    tensors.set(forgotten, { ...bias, bytes: new Uint8Array(bias.bytes.length) });
    const broken: ModelCase = { ...golden, weights: { ...golden.weights, tensors } };
    const found = (await checkModel(subject, broken)).filter((comparison) => !isWithin(comparison));
    const named = found.map(({ what }) => what.split(/[ ,]/)[0]);
    expect(named).toEqual(expect.arrayContaining(['logits', 'hidden.2', 'hidden.norm', 'loss']));
    expect(named).not.toContain('hidden.1');
    expect(subject.backend.liveBuffers).toBe(0);
  });
});

// One of each: learned positions, rotary with shared keys, soft caps and windows, an encoder. All of them: `pnpm golden packages/models/golden/models --backend webgpu`.
describe('on webgpu', () => {
  test.each(['gpt2', 'llama-gqa', 'gemma2', 'bert'])('%s gives the same within the bounds of float32', async (name) => {
    const subject = await SUBJECTS.webgpu!();
    try {
      const comparisons = await checkModel(subject, await read(name));
      expect(comparisons.length).toBeGreaterThan(4);
      expect(comparisons.filter((comparison) => !isWithin(comparison))).toEqual([]);
      expect(subject.backend.liveBuffers).toBe(0);
    } finally {
      subject.backend.close();
    }
  });
});

const variants = fileURLToPath(new URL('../golden/variants/', import.meta.url));

// golden/variants/make.py says how they came to be, and why 1e-7 is asked in float64
describe.each(subjects)('settings that few models of a family use, on $backend', ({ subject }) => {
  const folders = readdirSync(variants, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  test.each(folders.map(({ name }) => name))('%s gives the logits of transformers', async (name) => {
    const comparisons = await checkModel(subject, await readModelCase(name, `${variants}${name}`));
    expect(comparisons.length).toBeGreaterThan(0);
    const bound = subject.precision === 'f64' ? 1e-7 : undefined;
    expect(comparisons.filter(({ error, ...rest }) => !(error <= (bound ?? rest.bound)))).toEqual([]);
    expect(subject.backend.liveBuffers).toBe(0);
  });
});
