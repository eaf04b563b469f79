import { parseFeedForwardConfig, preNorm } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { smallConfig } from '../test/small-model.ts';
import {
  checkFit,
  checkPerceptronFit,
  parameterProblems,
  resolveTechnique,
  TechniqueError,
  techniqueDescriptors,
  techniqueIds,
} from './index.ts';

describe('the registry', () => {
  it('has every technique once, with text, a schema and a grid of parameters that exist', () => {
    const descriptors = techniqueDescriptors();
    expect(new Set(techniqueIds()).size).toBe(techniqueIds().length);
    for (const { id, title, summary, equation, family, parametersSchema, grid } of descriptors) {
      expect(id, id).toMatch(/^[a-z0-9][a-z0-9-]*$/);
      expect(title.length, id).toBeGreaterThan(3);
      expect(summary.length, id).toBeGreaterThan(30);
      if (family !== 'none') expect(equation, id).toMatch(/\S/);
      expect(parametersSchema, id).toMatchObject({ type: 'object', additionalProperties: false });
      const fields = parametersSchema.properties as Record<string, Record<string, unknown>>;
      expect(Object.keys(fields), id).toEqual(expect.arrayContaining(Object.keys(grid)));
      for (const [name, field] of Object.entries(fields)) {
        expect(field, `${id}.${name}`).toHaveProperty('default');
        expect(field, `${id}.${name}`).toHaveProperty('description');
        expect(field, `${id}.${name}`).toHaveProperty('title');
      }
    }
  });

  it('offers only values that the technique takes', () => {
    for (const { id, grid } of techniqueDescriptors()) {
      for (const [name, values] of Object.entries(grid)) {
        for (const value of values) expect(parameterProblems(id, { [name]: value }), `${id} ${name}`).toEqual([]);
      }
    }
  });

  it('fills in defaults and names the setting', () => {
    expect(resolveTechnique({ id: 'round-to-nearest', parameters: { bits: 3 } })).toMatchObject({
      seam: 'checkpoint',
      label: 'Round to nearest, 3 bits, per channel',
      parameters: { bits: 3, scheme: 'symmetric', granularity: 'channel', groupSize: 64 },
    });
    expect(resolveTechnique({ id: 'none', parameters: {} }).label).toBe('No technique');
  });

  it('knows what a trained model is trained on for, so that plans count it', () => {
    for (const { id, seam, parametersSchema } of techniqueDescriptors()) {
      if (seam !== 'checkpoint' || !Object.hasOwn(parametersSchema.properties as object, 'tokens')) continue;
      expect(resolveTechnique({ id, parameters: { tokens: 12_345 } }), id).toMatchObject({ tokensTrained: 12_345 });
    }
    expect(resolveTechnique({ id: 'round-to-nearest', parameters: {} })).toMatchObject({ tokensTrained: 0 });
  });

  it('is fit for JSON: a descriptor survives it unchanged', () => {
    const descriptors = techniqueDescriptors();
    expect(JSON.parse(JSON.stringify(descriptors))).toEqual(descriptors);
  });
});

describe('bad input', () => {
  const failure = (id: string, parameters: unknown): TechniqueError => {
    try {
      resolveTechnique({ id, parameters });
    } catch (error) {
      if (error instanceof TechniqueError) return error;
      throw error;
    }
    throw new Error('was accepted');
  };

  it('an unknown technique is named, with those that there are', () => {
    expect(failure('unheard-of', {})).toMatchObject({ code: 'unknown-technique' });
    expect(failure('unheard-of', {}).message).toMatch(/^unknown technique unheard-of; known: none, layer-norm, /);
  });

  it.each([
    ['round-to-nearest', { bits: 1 }, 'bits'],
    ['round-to-nearest', { bits: 9 }, 'bits'],
    ['round-to-nearest', { bits: 2.5 }, 'bits'],
    ['round-to-nearest', { groupSize: 48 }, 'groupSize'],
    ['magnitude', { sparsity: 0.96 }, 'sparsity'],
    ['lamp', { sparsity: -0.1 }, 'sparsity'],
    ['magnitude', { scope: 'row' }, 'scope'],
    ['dynamic-tanh', { alpha: 0 }, 'alpha'],
    ['layer-norm', { eps: 0 }, 'eps'],
    ['drop-layers', { select: 'deepest' }, 'select'],
    ['drop-layers', { layers: [1] }, 'layers'],
    ['drop-layers', { select: 'listed', layers: [1, 1] }, 'layers'],
    ['drop-sublayers', { part: 'norm' }, 'part'],
    ['none', { bits: 4 }, ''],
    ['lamp', 'all', ''],
  ])('%s with %o is refused, naming the field', (id, parameters, field) => {
    const error = failure(id, parameters);
    expect(error.code).toBe('invalid-parameters');
    expect(error.errors.map(({ path }) => path)).toContain(field);
    expect(error.message).toContain(`parameters of ${id}: ${field}`);
    expect(parameterProblems(id, parameters)).toEqual(error.errors);
  });
});

/** They turn LayerNorm into something else; the Llama style has none. */
const NEEDS_LAYER_NORM = new Set(['pre-rmsnorm', 'pre-rmsnorm-training']);

describe('a technique that does not fit the architecture', () => {
  it.each([
    ['drop-layers', { select: 'listed', layers: [4] }, /names layer 4; the model has layers 0 to 3/],
    ['drop-sublayers', { count: 5, select: 'last' }, /takes 5 layers/],
    [
      'round-to-nearest',
      { granularity: 'group', groupSize: 64 },
      /groups of 64 inputs, but layers\.0\.self_attn\.q_proj has 32/,
    ],
  ])('%s %o is refused before anything runs', (id, parameters, message) => {
    const technique = resolveTechnique({ id, parameters });
    expect(() => checkFit(technique, smallConfig())).toThrow(message);
    expect(() => checkFit(technique, smallConfig())).toThrow(
      expect.objectContaining({ code: 'technique-does-not-fit' }),
    );
  });

  it.each([
    ['smoothquant', { kind: 'layer-norm', eps: 1e-5, bias: false, weight: false }, /this layer-norm has none/],
    ['smoothquant', { kind: 'rms-norm', eps: 1e-5, weightOffset: 1 }, /this rms-norm stores it less 1/],
    ['slicegpt', { kind: 'rms-norm', eps: 1e-5, weightOffset: 1 }, /this rms-norm stores it less 1/],
  ])('%s refuses gains that it cannot write: %o', (id, norm, message) => {
    const config = { ...smallConfig(), norms: preNorm(norm) };
    expect(() => checkFit(resolveTechnique({ id, parameters: {} }), config)).toThrow(message);
  });

  it('a perceptron has a place for few techniques; the others say what they need', () => {
    const config = parseFeedForwardConfig({ sizes: [100, 32, 10], activation: 'relu' });
    const fitting = techniqueIds().filter((id) => {
      const technique = resolveTechnique({ id, parameters: {} });
      if (technique.perceptron !== null) return true;
      expect(() => checkPerceptronFit(technique, config)).toThrow(
        expect.objectContaining({
          code: 'technique-does-not-fit',
          message: `${id} does not fit: it acts on a decoder, found a multi-layer perceptron (100 to 32 to 10 features)`,
        }),
      );
      return false;
    });
    expect(fitting).toEqual(['none', 'round-to-nearest', 'bitnet-bottom-up']);
    for (const id of fitting) {
      checkPerceptronFit(resolveTechnique({ id, parameters: {} }), config);
    }
    const grouped = resolveTechnique({ id: 'round-to-nearest', parameters: { granularity: 'group' } });
    expect(() => checkPerceptronFit(grouped, config)).toThrow('groups of 64 inputs, but fc2 has 32');
  });

  it('an encoder takes what acts on its architecture, and what knows nothing of the order of tokens', () => {
    const encoder = smallConfig('modernbert');
    const fitting = techniqueIds().filter((id) => {
      const technique = resolveTechnique({ id, parameters: {} });
      if (technique.encoders) return true;
      expect(() => checkFit(technique, encoder)).toThrow(
        expect.objectContaining({
          code: 'technique-does-not-fit',
          message: `${id} does not fit: it acts on a decoder, which predicts the next token, found an encoder, which fills in masked ones`,
        }),
      );
      return false;
    });
    const acting = fitting.filter((id) => resolveTechnique({ id, parameters: {} }).seam !== 'architecture');
    expect(acting).toEqual(['none', 'round-to-nearest', 'magnitude', 'after-training']);
    for (const id of fitting) {
      if (!NEEDS_LAYER_NORM.has(id)) checkFit(resolveTechnique({ id, parameters: {} }), encoder);
    }
    const inTurn = (training: string, after: string) =>
      resolveTechnique({ id: 'after-training', parameters: { training: { id: training }, after: { id: after } } });
    checkFit(inTurn('rms-norm', 'magnitude'), encoder);
    expect(() => checkFit(inTurn('rms-norm', 'wanda'), encoder)).toThrow(/found an encoder/);
    expect(() => checkFit(inTurn('stochastic-depth', 'magnitude'), encoder)).toThrow(
      /stochastic-depth does not fit: .*found an encoder/,
    );
  });

  it('every technique with its defaults fits a plain decoder', () => {
    for (const id of techniqueIds()) {
      for (const style of ['gpt2', 'llama'] as const)
        if (!NEEDS_LAYER_NORM.has(id) || style === 'gpt2')
          checkFit(resolveTechnique({ id, parameters: {} }), smallConfig(style));
    }
  });

  it.each([...NEEDS_LAYER_NORM])('%s says that it starts from LayerNorm', (id) => {
    expect(() => checkFit(resolveTechnique({ id, parameters: {} }), smallConfig('llama'))).toThrow(
      /a LayerNorm before every sub-layer and at the end, found attentionInput rms-norm/,
    );
  });
});
