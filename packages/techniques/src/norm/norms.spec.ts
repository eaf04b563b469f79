import { readFileSync } from 'node:fs';
import { createReferenceBackend, Tensor } from '@claimbench/kernels';
import { bindNorm, type DecoderConfig, type NormSpec, preNorm } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { largestDifference, logitsOf, smallConfig, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';

const NORMS = ['layer-norm', 'rms-norm', 'dynamic-tanh', 'no-norm'];

function changed(id: string, config: DecoderConfig, parameters: Record<string, unknown> = {}): DecoderConfig {
  const technique = resolveTechnique({ id, parameters });
  if (technique.seam !== 'architecture') throw new Error(`${id} acts at ${technique.seam}`);
  return technique.changeConfig(config);
}

interface NormCase {
  id: string;
  norm: NormSpec;
  shape: number[];
  x: number[];
  parameters: Record<string, number[]>;
  y: number[];
}
const cases: NormCase[] = JSON.parse(readFileSync(new URL('../../golden/norms.json', import.meta.url), 'utf8')).cases;

describe('the equation of a norm', () => {
  it.each(cases)('$id gives the values of its reference', async ({ norm, shape, x, parameters, y }) => {
    const backend = createReferenceBackend();
    const tensor = (values: number[], extents: number[]) => Tensor.from(backend, Float32Array.from(values), extents);
    const given = Object.fromEntries(Object.entries(parameters).map(([name, v]) => [name, tensor(v, [v.length])]));
    const result = await bindNorm(norm).forward(tensor(x, shape), given).readFloats();
    expect(largestDifference(result, Float32Array.from(y))).toBeLessThan(1e-5);
    backend.close();
  });
});

describe('a norm in place of the norms of a decoder', () => {
  it.each([
    ['layer-norm', { kind: 'layer-norm', eps: 1e-5, bias: true }],
    ['rms-norm', { kind: 'rms-norm', eps: 1e-5 }],
    ['dynamic-tanh', { kind: 'dynamic-tanh', alphaInit: 0.5 }],
    ['no-norm', { kind: 'none' }],
  ])('%s stands at every place that had one and nowhere else', (id, spec) => {
    const config = changed(id, smallConfig());
    expect(config.norms).toMatchObject({ attentionInput: spec, mlpInput: spec, final: spec });
    expect(config.norms).toMatchObject({ query: { kind: 'none' }, mlpOutput: { kind: 'none' } });
  });

  it('changes what the model computes, each in its own way', async () => {
    const all = await Promise.all(NORMS.map((id) => logitsOf(smallDecoder(changed(id, smallConfig())))));
    for (const [i, logits] of all.entries()) {
      expect(logits.every(Number.isFinite), NORMS[i]).toBe(true);
      for (const other of all.slice(i + 1)) expect(largestDifference(logits, other)).toBeGreaterThan(1e-4);
    }
  });

  it('gives back the same model where the norm was there already', async () => {
    const llama = smallConfig('llama');
    expect(changed('rms-norm', llama)).toEqual(llama);
    const gpt2 = smallConfig('gpt2');
    expect(changed('layer-norm', gpt2)).toEqual(gpt2);
    const same = largestDifference(
      await logitsOf(smallDecoder(gpt2)),
      await logitsOf(smallDecoder(changed('layer-norm', gpt2))),
    );
    expect(same).toBe(0);
  });

  it('refuses a model without norms', () => {
    const bare = { ...smallConfig(), norms: preNorm({ kind: 'none' }) };
    for (const id of NORMS) {
      expect(() => changed(id, bare)).toThrow(expect.objectContaining({ code: 'technique-does-not-fit' }));
      expect(() => changed(id, bare)).toThrow('this model has none');
    }
  });
});

describe('Dynamic Tanh', () => {
  it('learns one slope a norm and one scalar after the embedding', () => {
    const parameters = smallDecoder(changed('dynamic-tanh', smallConfig(), { alpha: 0.8 })).parameters;
    expect([...parameters.keys()].filter((name) => name.endsWith('.alpha'))).toHaveLength(2 * 4 + 1);
    expect(parameters.get('norms.embedding.gain')?.shape).toEqual([1]);
  });

  it('starts the scalar at the root of the hidden size, or leaves it out', async () => {
    const decoder = smallDecoder(changed('dynamic-tanh', smallConfig()));
    expect([...(await decoder.readParameter('norms.embedding.gain'))]).toEqual([Math.fround(Math.sqrt(32))]);
    expect(changed('dynamic-tanh', smallConfig(), { embeddingGain: false }).norms.embedding).toEqual({ kind: 'none' });
  });
});
