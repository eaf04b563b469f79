import { type Backend, createReferenceBackend, linear, scale, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { generateGreedy } from '../decoding/generate.ts';
import { decoderConfig, postNorm, preNorm, sandwichNorm } from './architectures.ts';
import { type DecoderConfig, parseDecoderConfig, replaceNorms } from './config.ts';
import { Decoder } from './decoder.ts';
import { dropFromPlan, fullPlan, repeatInPlan, subLayerEvaluations } from './layer-plan.ts';
import type { Linear } from './linear.ts';
import { bindNorm, type NormKind, registerNorm } from './norm.ts';
import { parameterSpecs } from './parameter-specs.ts';

const tiny = { layers: 3, hiddenSize: 16, heads: 2, feedForwardSize: 24, contextLength: 12 } as const;
const gpt2 = decoderConfig({ style: 'gpt2', ...tiny }, 40);
const llama = decoderConfig({ style: 'llama', ...tiny }, 40);
const ids = Int32Array.from({ length: 10 }, (_, index) => (index * 7) % 40);

let backend: Backend;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
});
afterEach(() => {
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

async function logitsOf(decoder: Decoder, tokens: Int32Array = ids): Promise<number[]> {
  using logits = scope(() => decoder.logits(Tensor.from(decoder.backend, tokens, [1, tokens.length])));
  return [...(await logits.readFloats())];
}

describe('first values', () => {
  test('are the same for the same seed and others for another', async () => {
    const values = async (seed: number) => {
      using decoder = Decoder.initialise(backend, llama, seed);
      return await decoder.readParameters();
    };
    expect(await values(5)).toEqual(await values(5));
    expect(await values(6)).not.toEqual(await values(5));
  });

  test('are equal in whatever two architectures share', async () => {
    const other = replaceNorms({ ...llama, layers: 2, gated: false }, () => ({
      kind: 'layer-norm',
      eps: 1e-5,
      bias: true,
    }));
    using one = Decoder.initialise(backend, { ...llama, layers: 2 }, 1);
    using two = Decoder.initialise(backend, other, 1);
    const shared = [...one.parameters.keys()].filter((name) => two.parameters.has(name));
    expect(shared).toContain('layers.1.self_attn.o_proj.weight');
    for (const name of shared) expect(await one.readParameter(name), name).toEqual(await two.readParameter(name));
  });

  test('have the deviation of the config, less for what goes into the stream', async () => {
    using decoder = Decoder.initialise(
      backend,
      {
        ...llama,
        hiddenSize: 64,
        headSize: 32,
        position: { ...rotary(32) },
        initialisation: { standardDeviation: 0.05, scaledResidual: true },
      },
      1,
    );
    const deviation = async (name: string) => {
      const values = await decoder.readParameter(name);
      return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    };
    expect(await deviation('layers.0.self_attn.q_proj.weight')).toBeCloseTo(0.05, 2.5);
    expect(await deviation('layers.0.self_attn.o_proj.weight')).toBeCloseTo(0.05 / Math.sqrt(6), 2.5);
    expect(await deviation('norms.final.weight')).toBe(1);
  });

  function rotary(rotarySize: number) {
    return { kind: 'rotary', theta: 10_000, rotarySize, convention: 'half' } as const;
  }
});

describe('a layer plan', () => {
  test('leaves out, repeats and moves layers without touching the model', async () => {
    using decoder = Decoder.initialise(backend, gpt2, 2);
    const full = await logitsOf(decoder);
    decoder.plan = dropFromPlan(decoder.plan, [1], 'layer');
    const without = await logitsOf(decoder);
    expect(without).not.toEqual(full);
    decoder.plan = repeatInPlan(fullPlan(3), 1, 2, 3);
    expect(await logitsOf(decoder)).not.toEqual(full);
    decoder.plan = fullPlan(3).toReversed();
    expect(await logitsOf(decoder)).not.toEqual(full);
    decoder.plan = fullPlan(3);
    expect(await logitsOf(decoder)).toEqual(full);
  });

  test('without a layer computes what a model without it computes', async () => {
    using whole = Decoder.initialise(backend, llama, 2);
    whole.plan = dropFromPlan(whole.plan, [1, 2], 'layer');
    const values = await whole.readParameters();
    const first = new Map([...values].filter(([name]) => !/^layers\.[12]\./.test(name)));
    using small = Decoder.fromValues(backend, { ...llama, layers: 1 }, first);
    expect(await logitsOf(whole)).toEqual(await logitsOf(small));
  });

  test('without attention or MLP is the plan of the other half', () => {
    const plan = dropFromPlan(fullPlan(2), [0], 'attention');
    expect(plan).toEqual([
      { layer: 0, part: 'mlp' },
      { layer: 1, part: 'layer' },
    ]);
    expect(dropFromPlan(plan, [0], 'mlp')).toEqual([{ layer: 1, part: 'layer' }]);
    expect(subLayerEvaluations(plan)).toBe(3);
    expect(subLayerEvaluations(repeatInPlan(fullPlan(4), 1, 3, 2))).toBe(12);
  });

  test('that names a missing layer is refused', () => {
    using decoder = Decoder.initialise(backend, gpt2, 2);
    expect(() => {
      decoder.plan = [{ layer: 3, part: 'layer' }];
    }).toThrow(expect.objectContaining({ code: 'invalid-layer-plan' }));
  });
});

describe('the residual form', () => {
  const places = ['input', 'self_attn.input', 'self_attn.output', 'mlp.input', 'mlp.output', 'output'] as const;

  async function statesOf(change: Partial<DecoderConfig>): Promise<Record<(typeof places)[number], Float32Array>> {
    const config = parseDecoderConfig({ ...llama, norms: preNorm({ kind: 'none' }), ...change });
    using decoder = Decoder.initialise(backend, config, 2);
    const seen = new Map<string, Tensor>();
    for (const place of places) decoder.hooks.on(`layers.0.${place}`, (value) => void seen.set(place, value));
    const states = scope(() => {
      decoder.hidden(Tensor.from(backend, ids, [1, ids.length]));
      return Object.fromEntries(seen);
    });
    const values = await Promise.all(places.map(async (place) => [place, await states[place]!.readFloats()] as const));
    for (const state of Object.values(states)) state.dispose();
    return Object.fromEntries(values) as Record<(typeof places)[number], Float32Array>;
  }

  test.each(['sequential', 'parallel'] as const)('%s adds scaled branches to the stream', async (form) => {
    const states = await statesOf({ residual: { form, attentionScale: 0.5, mlpScale: 3 } });
    const between = states.input.map((x, index) => x + 0.5 * states['self_attn.output'][index]!);
    const end = between.map((x, index) => x + 3 * states['mlp.output'][index]!);
    expectClose(states['mlp.input'], form === 'parallel' ? states.input : between);
    expectClose(states.output, end);
  });

  test('with post-norm normalises the sums', async () => {
    const states = await statesOf({ norms: postNorm({ kind: 'rms-norm', eps: 1e-30 }) });
    expectClose(states['self_attn.input'], states.input);
    for (const state of [states['mlp.input'], states.output]) {
      for (let at = 0; at < state.length; at += 16) {
        const squares = state.subarray(at, at + 16).reduce((sum, value) => sum + value * value, 0);
        expect(squares / 16).toBeCloseTo(1, 4);
      }
    }
  });

  function expectClose(got: Float32Array, want: Float32Array): void {
    for (const [index, value] of got.entries()) expect(value).toBeCloseTo(want[index]!, 6);
  }
});

describe('hooks', () => {
  test('see and replace values, and cost nothing when they are gone', async () => {
    using decoder = Decoder.initialise(backend, llama, 2);
    const plain = await logitsOf(decoder);
    const shapes: [string, readonly number[], number | undefined][] = [];
    const remove = ['embedding.output', 'layers.1.self_attn.output', 'layers.1.mlp.down_proj.input', 'logits'].map(
      (place) =>
        decoder.hooks.on(place, (value, context) => void shapes.push([context.place, value.shape, context.layer])),
    );
    expect(await logitsOf(decoder)).toEqual(plain);
    expect(shapes).toEqual([
      ['embedding.output', [1, 10, 16], undefined],
      ['layers.1.self_attn.output', [1, 10, 16], 1],
      ['layers.1.mlp.down_proj.input', [1, 10, 24], undefined],
      ['logits', [1, 10, 40], undefined],
    ]);
    for (const off of remove) off();
    const off = decoder.hooks.on('layers.0.mlp.output', (value) => scale(value, 0));
    const zeroed = await logitsOf(decoder);
    expect(zeroed).not.toEqual(plain);
    off();
    decoder.plan = dropFromPlan(decoder.plan, [0], 'mlp');
    expect(await logitsOf(decoder)).toEqual(zeroed);
  });
});

describe('a linear', () => {
  class Halved implements Linear {
    readonly inSize = 16;
    readonly outSize = 16;
    readonly storedBytes = 3;
    readonly trainable = new Map<string, Tensor>();
    readonly weight: Tensor;
    constructor(weight: Tensor) {
      this.weight = weight;
    }
    forward(x: Tensor, bias: Tensor | undefined): Tensor {
      return linear(scale(x, 0.5), this.weight, bias);
    }
    dispose(): void {
      this.weight.dispose();
    }
  }

  test('is replaced without the model noticing, and its dense weight is freed', async () => {
    using decoder = Decoder.initialise(backend, gpt2, 2);
    const before = await logitsOf(decoder);
    const name = 'layers.0.self_attn.o_proj';
    const doubled = (await decoder.readParameter(`${name}.weight`)).map((value) => 2 * value);
    const bytes = decoder.storedBytes;
    decoder.replaceLinear(name, new Halved(Tensor.from(backend, doubled, [16, 16])));
    expect(await logitsOf(decoder)).toEqual(before);
    expect(decoder.storedBytes).toBe(bytes - 4 * 16 * 16 + 3);
    expect(decoder.parameters.has(`${name}.weight`)).toBe(false);
    expect(decoder.parameters.has(`${name}.bias`)).toBe(true);
    expect(() => decoder.parameter(`${name}.weight`)).toThrow(expect.objectContaining({ code: 'unknown-name' }));
  });

  test('of another size is refused with both sizes', () => {
    using decoder = Decoder.initialise(backend, gpt2, 2);
    using weight = Tensor.zeros(backend, [16, 16]);
    expect(() => decoder.replaceLinear('layers.0.mlp.up_proj', new Halved(weight))).toThrow('maps 16 to 24 features');
  });

  test('for the logits leaves the embedding that they shared', async () => {
    using decoder = Decoder.initialise(backend, gpt2, 2);
    const before = await logitsOf(decoder);
    const embedding = await decoder.readParameter('embed_tokens.weight');
    const weight = Tensor.from(
      backend,
      embedding.map((value) => 2 * value),
      [40, 16],
    );
    const halved = Object.assign(new Halved(weight), { outSize: 40 });
    decoder.replaceLinear('lm_head', halved);
    expect(await logitsOf(decoder)).toEqual(before);
  });
});

describe('norms', () => {
  test.each([
    ['pre', preNorm({ kind: 'rms-norm', eps: 1e-6 })],
    ['post', postNorm({ kind: 'layer-norm', eps: 1e-5, bias: false })],
    ['sandwich', sandwichNorm({ kind: 'dynamic-tanh', alphaInit: 0.5 })],
    ['no', preNorm({ kind: 'none' })],
    ['head', { ...preNorm({ kind: 'rms-norm', eps: 1e-6 }), query: { kind: 'rms-norm', eps: 1e-6 } }],
  ])('%s-norm models compute, with the parameters of their norms alone', async (_, norms) => {
    const config = parseDecoderConfig({ ...llama, norms });
    using decoder = Decoder.initialise(backend, config, 1);
    expect((await logitsOf(decoder)).every(Number.isFinite)).toBe(true);
    const named = parameterSpecs(config).filter(({ name }) => name.includes('norms.'));
    const present = Object.entries(norms).filter(([, norm]) => norm.kind !== 'none');
    for (const { name } of named) expect(present.some(([place]) => name.includes(`norms.${place}.`))).toBe(true);
  });

  test('mixed by depth stand where the overrides say', () => {
    const config = parseDecoderConfig({
      ...llama,
      normOverrides: [{ layers: [1, 2], norms: { attentionInput: { kind: 'none' } } }],
    });
    const names = parameterSpecs(config).map(({ name }) => name);
    expect(names).toContain('layers.0.norms.attentionInput.weight');
    expect(names).not.toContain('layers.1.norms.attentionInput.weight');
    const replaced = replaceNorms(config, () => ({ kind: 'layer-norm', eps: 1e-5, bias: true }));
    expect(replaced.norms.final.kind).toBe('layer-norm');
    expect(replaced.normOverrides).toEqual(config.normOverrides);
  });

  test('of a new kind are registered from outside', async () => {
    const doubling: NormKind<{ factor: number }> = {
      kind: 'test-scaling',
      options: z.strictObject({ factor: z.number() }),
      parameters: () => [],
      forward: (x, _, { factor }) => scale(x, factor),
    };
    registerNorm(doubling);
    registerNorm(doubling);
    expect(() => registerNorm({ ...doubling })).toThrow('already registered');
    const config = replaceNorms(llama, () => ({ kind: 'test-scaling', factor: 1 }));
    using scaled = Decoder.initialise(backend, config, 1);
    using none = Decoder.initialise(
      backend,
      replaceNorms(llama, () => ({ kind: 'none' })),
      1,
    );
    expect(await logitsOf(scaled)).toEqual(await logitsOf(none));
  });

  test('unknown kinds and options are refused by name', () => {
    expect(() => bindNorm({ kind: 'weather-norm' })).toThrow(expect.objectContaining({ code: 'unknown-norm' }));
    expect(() => bindNorm({ kind: 'rms-norm', epsilon: 1 })).toThrow(
      expect.objectContaining({ code: 'invalid-config' }),
    );
  });
});

describe('a config', () => {
  test.each<[string, Partial<DecoderConfig>, string]>([
    ['head counts that do not divide', { keyValueHeads: 3 }, 'must be a multiple of keyValueHeads'],
    [
      'an odd rotary size',
      { position: { kind: 'rotary', theta: 1e4, rotarySize: 7, convention: 'half' } },
      'rotarySize',
    ],
    ['no layers', { layers: 0 }, 'layers'],
    ['a norm in a missing layer', { normOverrides: [{ layers: [9], norms: {} }] }, 'name layer 9 of 3'],
  ])('with %s is refused', (_, change, message) => {
    expect(() => parseDecoderConfig({ ...llama, ...change })).toThrow(message);
  });

  test('of heads that do not divide the hidden size is refused', () => {
    expect(() => decoderConfig({ style: 'gpt2', ...tiny, heads: 3 }, 40)).toThrow(
      expect.objectContaining({ code: 'invalid-config' }),
    );
  });
});

describe('decoding with a cache', () => {
  test.each([
    ['gpt2', gpt2],
    ['llama', parseDecoderConfig({ ...llama, keyValueHeads: 1, attentionWindow: 4 })],
  ])('%s gives the tokens of plain recomputation, with repeated layers too', async (_, config) => {
    using decoder = Decoder.initialise(
      backend,
      { ...config, initialisation: { standardDeviation: 0.3, scaledResidual: false } },
      4,
    );
    for (const plan of [fullPlan(3), repeatInPlan(fullPlan(3), 0, 2, 2)]) {
      decoder.plan = plan;
      const prompt = [3, 17, 29];
      const plain = [...prompt];
      while (plain.length < 12) {
        const logits = (await logitsOf(decoder, Int32Array.from(plain))).slice(-40);
        plain.push(logits.indexOf(Math.max(...logits)));
      }
      const generated = await generateGreedy(decoder, Int32Array.from(prompt), 9);
      expect([...prompt, ...generated]).toEqual(plain);
    }
  });

  test('stops at the stop token, and refuses what does not fit', async () => {
    using decoder = Decoder.initialise(backend, llama, 4);
    const [first] = await generateGreedy(decoder, Int32Array.of(1), 1);
    expect(await generateGreedy(decoder, Int32Array.of(1), 5, { stopToken: first! })).toHaveLength(0);
    await expect(generateGreedy(decoder, Int32Array.of(1), 13)).rejects.toThrow('fit into 12');
    await expect(generateGreedy(decoder, new Int32Array(0), 3)).rejects.toThrow('the prompt needs a token');
  });
});

test('reference and native agree', async () => {
  const reference = createReferenceBackend();
  for (const config of [gpt2, llama]) {
    using one = Decoder.initialise(reference, config, 9);
    using two = Decoder.initialise(backend, config, 9);
    const want = await logitsOf(one);
    const got = await logitsOf(two);
    for (const [index, value] of got.entries()) expect(value).toBeCloseTo(want[index]!, 5);
  }
  expect(reference.liveBuffers).toBe(0);
});
