import { type Backend, crossEntropy, scale, scope, Tensor, valueAndGrad } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decoderConfig, normsAt } from './architectures.ts';
import { type DecoderConfigInput, parseDecoderConfig, replaceNorms } from './config.ts';
import { Decoder } from './decoder.ts';
import { KeyValueCache } from './key-value-cache.ts';
import { fullPlan, type LayerPlan, parallelInPlan, stepsOf } from './layer-plan.ts';
import { LowRankLinear } from './low-rank-linear.ts';
import type { ParameterValues } from './parameters.ts';
import { frequenciesOf, relativeBucket } from './positions.ts';

const tiny = { layers: 4, hiddenSize: 16, heads: 4, feedForwardSize: 24, contextLength: 12 } as const;
// large first values, so that every branch shows in the logits
const wide = { initialisation: { standardDeviation: 0.3, scaledResidual: false } } as const;
const llama = parseDecoderConfig({ ...decoderConfig({ style: 'llama', ...tiny }, 40), ...wide });
const gpt2 = parseDecoderConfig({ ...decoderConfig({ style: 'gpt2', ...tiny }, 40), ...wide });
const ids = Int32Array.from({ length: 10 }, (_, index) => (index * 7) % 40);

let backend: Backend;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
});
afterEach(() => {
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

async function read(compute: () => Tensor): Promise<number[]> {
  using values = scope(compute);
  return [...(await values.readFloats())];
}

async function logitsOf(decoder: Decoder): Promise<number[]> {
  return await read(() => decoder.logits(Tensor.from(backend, ids, [1, ids.length])));
}

function expectClose(got: readonly number[], want: readonly number[], digits = 4): void {
  expect(got).toHaveLength(want.length);
  for (const [index, value] of got.entries()) expect(value, `at ${index}`).toBeCloseTo(want[index]!, digits);
}

/** The stream in front of a plan, and behind it. */
async function through(decoder: Decoder, plan: LayerPlan): Promise<{ before: number[]; behind: number[] }> {
  const embedded = () => decoder.embed(Tensor.from(backend, ids, [1, ids.length]));
  return { before: await read(embedded), behind: await read(() => decoder.run(embedded(), plan)) };
}

describe('layers side by side', () => {
  test('add what each adds alone to the same stream, or give the mean of what each gives', async () => {
    using decoder = Decoder.initialise(backend, llama, 3);
    const plan = fullPlan(4);
    const alone = await Promise.all([1, 2].map((layer) => through(decoder, [{ layer, part: 'layer' }])));
    const { before } = alone[0]!;
    const [one, two] = alone.map(({ behind }) => behind) as [number[], number[]];
    const sum = await through(decoder, parallelInPlan(plan, 1, 3, 'sum').slice(1, 2));
    expectClose(
      sum.behind,
      before.map((x, index) => one[index]! + two[index]! - x),
    );
    const mean = await through(decoder, parallelInPlan(plan, 1, 3, 'mean').slice(1, 2));
    expectClose(
      mean.behind,
      before.map((_, index) => (one[index]! + two[index]!) / 2),
    );
  });

  test('decode with a cache to the same logits', async () => {
    using decoder = Decoder.initialise(backend, { ...llama, plan: parallelInPlan(fullPlan(4), 1, 4, 'sum') }, 3);
    expect(stepsOf(decoder.plan).map(({ layer }) => layer)).toEqual([0, 1, 2, 3]);
    const whole = await logitsOf(decoder);
    using cache = new KeyValueCache(ids.length);
    const pieces: number[] = [];
    for (const id of ids) {
      pieces.push(...(await read(() => decoder.logits(Tensor.from(backend, Int32Array.of(id), [1, 1]), cache))));
    }
    expectClose(pieces, whole);
  });

  test('stand in the config, where one layer shared by all steps has one layer of weights', async () => {
    const shared: LayerPlan = Array.from({ length: 4 }, () => ({ layer: 0, part: 'layer' }));
    using decoder = Decoder.initialise(backend, { ...llama, layers: 1, plan: shared }, 3);
    expect([...decoder.parameters.keys()].some((name) => name.startsWith('layers.1.'))).toBe(false);
    using other = Decoder.initialise(backend, { ...llama, layers: 1 }, 3);
    other.plan = shared;
    expect(await logitsOf(decoder)).toEqual(await logitsOf(other));
  });
});

describe('a hook around a computation', () => {
  test('skips it, runs it twice, or runs it on other values', async () => {
    using decoder = Decoder.initialise(backend, llama, 3);
    const plain = await logitsOf(decoder);
    let runs = 0;
    const remove = decoder.hooks.around('layers.2.mlp', (x, run) => {
      runs += 1;
      return scale(run(x), 0);
    });
    const skipped = await logitsOf(decoder);
    expect(runs).toBe(1);
    remove();
    decoder.plan = fullPlan(4).map((step, layer) => (layer === 2 ? { layer, part: 'attention' } : step));
    expect(await logitsOf(decoder)).toEqual(skipped);
    decoder.plan = fullPlan(4);
    const off = decoder.hooks.around('layers.1', (x, run) => run(run(x)));
    const twice = await logitsOf(decoder);
    off();
    decoder.plan = [...fullPlan(2), ...fullPlan(4).slice(1)];
    expectClose(twice, await logitsOf(decoder));
    decoder.plan = fullPlan(4);
    const away = decoder.hooks.around('layers.3', (x) => x);
    const without = await logitsOf(decoder);
    away();
    decoder.plan = fullPlan(3);
    expect(await logitsOf(decoder)).toEqual(without);
    decoder.plan = fullPlan(4);
    expect(await logitsOf(decoder)).toEqual(plain);
  });
});

describe('the residual sum', () => {
  test.each(['scalar', 'vector'] as const)(
    'with a learned %s gate at 0 adds nothing, and the gate is trained',
    async (kind) => {
      const residual = { ...llama.residual, gate: { kind, initial: 0 } } as const;
      using decoder = Decoder.initialise(backend, { ...llama, residual }, 3);
      const { before, behind } = await through(decoder, fullPlan(4));
      expect(behind).toEqual(before);
      const gate = decoder.parameter('layers.1.gates.mlp');
      expect(gate.shape).toEqual([kind === 'scalar' ? 1 : 16]);
      const { value, gradients } = scope(() =>
        valueAndGrad([gate], () => {
          const logits = decoder.logits(Tensor.from(backend, ids, [1, ids.length])).reshape([ids.length, -1]);
          return crossEntropy(logits, Tensor.from(backend, ids, [ids.length]));
        }),
      );
      const gradient = await gradients[0]!.readFloats();
      expect(gradient.some((entry) => entry !== 0)).toBe(true);
      for (const tensor of [value, ...gradients]) tensor.dispose();
    },
  );

  test('scales the stream, once, whatever the form', async () => {
    for (const form of ['sequential', 'parallel'] as const) {
      const residual = { ...llama.residual, form, streamScale: 2, attentionScale: 0, mlpScale: 0 };
      using decoder = Decoder.initialise(backend, { ...llama, residual }, 3);
      const { before, behind } = await through(decoder, fullPlan(1));
      const factor = form === 'parallel' ? 2 : 4;
      expectClose(
        behind,
        before.map((x) => factor * x),
      );
    }
  });

  test('scaled by depth follows the layers that the overrides name', async () => {
    const layerOverrides = [{ layers: [1, 2, 3], attentionScale: 0, mlpScale: 0 }];
    using decoder = Decoder.initialise(backend, { ...llama, layerOverrides }, 3);
    const first = await through(decoder, fullPlan(1));
    expect((await through(decoder, fullPlan(4))).behind).toEqual(first.behind);
  });
});

describe('a router', () => {
  const withRouter = (part: 'layer' | 'attention' | 'mlp', router: { kind: string; [option: string]: unknown }) =>
    ({ ...llama, routers: [{ layers: [2], part, router }] }) satisfies DecoderConfigInput;

  test.each(['layer', 'attention', 'mlp'] as const)('that is shut leaves out the %s, token by token', async (part) => {
    using decoder = Decoder.initialise(backend, withRouter(part, { kind: 'threshold', bias: 0, threshold: 0.5 }), 3);
    const drop = { layer: [], attention: [{ layer: 2, part: 'mlp' }], mlp: [{ layer: 2, part: 'attention' }] } as const;
    using plain = Decoder.initialise(backend, llama, 3);
    const open = await logitsOf(plain);
    plain.plan = [...fullPlan(2), ...drop[part], { layer: 3, part: 'layer' }];
    expectClose(await logitsOf(decoder), await logitsOf(plain), 6);
    decoder.writeParameter(`layers.2.routers.${part}.bias`, Float32Array.of(1));
    expectClose(await logitsOf(decoder), open);
    // open for tokens whose stream lies on one side of a plane
    decoder.writeParameter(`layers.2.routers.${part}.bias`, Float32Array.of(0));
    decoder.writeParameter(
      `layers.2.routers.${part}.weight`,
      Float32Array.from({ length: 16 }, (_, i) => i - 7),
    );
    const mixed = await logitsOf(decoder);
    expect(mixed).not.toEqual(open);
    expect(mixed).not.toEqual(await logitsOf(plain));
  });

  test('is trained through its hard decision', async () => {
    using decoder = Decoder.initialise(backend, withRouter('mlp', { kind: 'threshold', bias: 0.1, threshold: 0.5 }), 3);
    const weight = decoder.parameter('layers.2.routers.mlp.weight');
    const { value, gradients } = scope(() =>
      valueAndGrad([weight], () => {
        const logits = decoder.logits(Tensor.from(backend, ids, [1, ids.length])).reshape([ids.length, -1]);
        return crossEntropy(logits, Tensor.from(backend, ids, [ids.length]));
      }),
    );
    expect((await gradients[0]!.readFloats()).every((entry) => entry !== 0)).toBe(true);
    for (const tensor of [value, ...gradients]) tensor.dispose();
  });

  test('of an unknown kind is refused by name', () => {
    expect(() => parseDecoderConfig(withRouter('mlp', { kind: 'oracle' }))).toThrow(
      "unknown router 'oracle'; known: sigmoid",
    );
  });
});

describe('exits', () => {
  test('read logits behind any layer through the last norm and head, or through their own', async () => {
    const exits = [{ layer: 1, norm: { kind: 'rms-norm', eps: 1e-5 }, head: 'own' as const }];
    using decoder = Decoder.initialise(backend, { ...llama, exits }, 3);
    const behind = (layers: number) =>
      decoder.run(decoder.embed(Tensor.from(backend, ids, [1, ids.length])), fullPlan(layers));
    const early = await read(() => decoder.exitLogits(2, behind(3)));
    const own = await read(() => decoder.exitLogits(1, behind(2)));
    const shared = await read(() => decoder.logitsOf(decoder.finish(behind(2))));
    expect(own).toHaveLength(shared.length);
    expect(own).not.toEqual(shared);
    decoder.plan = fullPlan(3);
    expect(early).toEqual(await logitsOf(decoder));
    expect(decoder.linear('exits.0.lm_head').outSize).toBe(40);
  });

  test('draft and verify share the first layers and their cache', async () => {
    using decoder = Decoder.initialise(backend, llama, 3);
    const whole = await logitsOf(decoder);
    const plan = fullPlan(4);
    using cache = new KeyValueCache(ids.length);
    const split = await read(() => {
      const drafted = decoder.run(decoder.embed(Tensor.from(backend, ids, [1, ids.length])), plan.slice(0, 2), {
        cache,
      });
      return decoder.logitsOf(decoder.finish(decoder.run(drafted, plan.slice(2), { cache, firstStep: 2 })));
    });
    cache.advance(ids.length);
    expect(split).toEqual(whole);
    cache.truncate(7);
    const rest = Tensor.from(backend, ids.slice(7), [1, 3]);
    expectClose(await read(() => decoder.logits(rest, cache)), whole.slice(7 * 40));
    rest.dispose();
    expect(() => cache.truncate(11)).toThrow('a cache of 10 tokens cannot be cut to 11');
  });
});

describe('structured pruning', () => {
  /** The rows, or columns, of a weight that are named. */
  function pick({ shape, data }: ParameterValues, axis: 0 | 1, kept: readonly number[]): ParameterValues {
    const [rows, columns = 1] = shape as [number, number];
    const values =
      axis === 0
        ? kept.flatMap((row) => [...data.subarray(row * columns, (row + 1) * columns)])
        : Array.from({ length: rows }, (_, row) => kept.map((column) => data[row * columns + column]!)).flat();
    return { shape: shape.with(axis, kept.length), data: Float32Array.from(values) };
  }

  test('of heads and MLP units in one layer gives what zeros in their place give', async () => {
    using decoder = Decoder.initialise(backend, llama, 3);
    const values = await decoder.readParameters();
    const heads = [0, 1, 2, 3, 8, 9, 10, 11]; // the first and the third of four heads of 4
    const units = [0, 3, 4, 9];
    const small = new Map(values);
    const zeroed = new Map(values);
    const prune = (name: string, axis: 0 | 1, kept: readonly number[]) => {
      const full = values.get(name)!;
      small.set(name, pick(full, axis, kept));
      const columns = full.shape[1]!;
      const at = (index: number) => (axis === 0 ? Math.floor(index / columns) : index % columns);
      zeroed.set(name, { ...full, data: full.data.map((value, index) => (kept.includes(at(index)) ? value : 0)) });
    };
    for (const name of ['q_proj', 'k_proj', 'v_proj']) prune(`layers.1.self_attn.${name}.weight`, 0, heads);
    prune('layers.1.self_attn.o_proj.weight', 1, heads);
    for (const name of ['gate_proj', 'up_proj']) prune(`layers.1.mlp.${name}.weight`, 0, units);
    prune('layers.1.mlp.down_proj.weight', 1, units);
    const before = decoder.parameterCount;
    decoder.rebuild(llama, zeroed);
    const wanted = await logitsOf(decoder);
    const layerOverrides = [{ layers: [1], heads: 2, keyValueHeads: 2, feedForwardSize: 4 }];
    decoder.rebuild({ ...llama, layerOverrides }, small);
    expectClose(await logitsOf(decoder), wanted);
    expect(decoder.parameterCount).toBe(before - 4 * 8 * 16 - 3 * 20 * 16);
    expect(() => decoder.rebuild(llama, small)).toThrow('by the config');
    expectClose(await logitsOf(decoder), wanted);
  });

  test('of the hidden size puts a matrix on every shortcut (SliceGPT)', async () => {
    const norms = normsAt({});
    const plain = { ...llama, layers: 2, norms, tiedEmbeddings: false };
    using decoder = Decoder.initialise(backend, plain, 3);
    const values = new Map(await decoder.readParameters());
    const identity = { shape: [16, 16], data: Float32Array.from({ length: 256 }, (_, at) => (at % 17 === 0 ? 1 : 0)) };
    for (const layer of [0, 1]) {
      values.set(`layers.${layer}.attention_shortcut.weight`, identity);
      values.set(`layers.${layer}.mlp_shortcut.weight`, identity);
    }
    const wanted = await logitsOf(decoder);
    decoder.rebuild({ ...plain, layerOverrides: [{ layers: [0, 1], shortcuts: true }] }, values);
    expectClose(await logitsOf(decoder), wanted);
    const narrowing: DecoderConfigInput = {
      ...plain,
      layerOverrides: [
        { layers: [0], shortcuts: true, stream: { input: 16, middle: 12, output: 12 } },
        { layers: [1], shortcuts: true, stream: { input: 12, middle: 12, output: 8 } },
      ],
    };
    using narrow = Decoder.initialise(backend, narrowing, 3);
    expect(narrow.linear('lm_head').inSize).toBe(8);
    expect(narrow.parameter('layers.0.attention_shortcut.weight').shape).toEqual([12, 16]);
    expect((await logitsOf(narrow)).every(Number.isFinite)).toBe(true);
    expect(() => {
      narrow.plan = [{ layer: 1, part: 'layer' }];
    }).toThrow('layer 1 takes a stream of 12 features, it is 16 wide there');
  });

  test('that does not fit together is refused', () => {
    const stream = { input: 16, middle: 16, output: 8 };
    const refused = (change: Partial<DecoderConfigInput>) => () => parseDecoderConfig({ ...llama, ...change });
    expect(refused({ layerOverrides: [{ layers: [1], stream }] })).toThrow('another width needs shortcuts');
    expect(refused({ layerOverrides: [{ layers: [1], heads: 3, keyValueHeads: 2 }] })).toThrow('in layer 1');
    expect(refused({ layerOverrides: [{ layers: [9], heads: 2 }] })).toThrow('layerOverrides name layer 9 of 4');
    expect(refused({ plan: [{ layer: 4, part: 'layer' }] })).toThrow('names layer 4');
  });
});

test('a low-rank linear computes with its factors and trains them', async () => {
  using decoder = Decoder.initialise(backend, gpt2, 3);
  const name = 'layers.1.mlp.up_proj';
  const factors = {
    up: { shape: [24, 2], data: Float32Array.from({ length: 48 }, (_, at) => Math.sin(at)) },
    down: { shape: [2, 16], data: Float32Array.from({ length: 32 }, (_, at) => Math.cos(at)) },
  };
  const product = Float32Array.from({ length: 24 * 16 }, (_, at) => {
    const [row, column] = [Math.floor(at / 16), at % 16];
    return [0, 1].reduce((sum, k) => sum + factors.up.data[row * 2 + k]! * factors.down.data[k * 16 + column]!, 0);
  });
  decoder.writeParameter(`${name}.weight`, product);
  const dense = await logitsOf(decoder);
  const bytes = decoder.storedBytes;
  decoder.replaceLinear(name, new LowRankLinear(backend, factors));
  expectClose(await logitsOf(decoder), dense, 3);
  expect(decoder.storedBytes).toBe(bytes - 4 * (24 * 16 - 24 * 2 - 2 * 16));
  expect([...decoder.trainable.keys()].filter((key) => key.startsWith(name))).toEqual([
    `${name}.bias`,
    `${name}.up`,
    `${name}.down`,
  ]);
});

describe('probabilities of attention', () => {
  const place = 'layers.1.self_attn.probabilities';

  test('are seen, sum to one, and change what is read', async () => {
    using decoder = Decoder.initialise(backend, { ...llama, keyValueHeads: 2 }, 3);
    const plain = await logitsOf(decoder);
    let seen: Tensor | undefined;
    const off = decoder.hooks.on(place, (value) => {
      seen = value;
      return undefined;
    });
    const { logits, probabilities } = scope(() => {
      const logits = decoder.logits(Tensor.from(backend, ids, [1, ids.length]));
      return { logits, probabilities: seen! };
    });
    expect(probabilities.shape).toEqual([1, 4, 10, 10]);
    expectClose([...(await logits.readFloats())], plain);
    const rows = await probabilities.readFloats();
    for (let row = 0; row < 40; row++) {
      expect(rows.subarray(10 * row, 10 * row + 10).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
      for (let key = (row % 10) + 1; key < 10; key++) expect(rows[10 * row + key]).toBe(0);
    }
    logits.dispose();
    probabilities.dispose();
    off();
    decoder.hooks.on(place, (value) => scale(value, 0));
    expect(await logitsOf(decoder)).not.toEqual(plain);
    using cache = new KeyValueCache(12);
    using token = Tensor.from(backend, Int32Array.of(1), [1, 1]);
    expect(() => scope(() => decoder.logits(token, cache))).toThrow('only without a cache');
  });
});

test('a norm of batch statistics uses them in training, remembers them, and trains none of what it remembers', async () => {
  const config = replaceNorms({ ...gpt2, layers: 1 }, () => ({ kind: 'batch-norm', eps: 1e-5, momentum: 1 }));
  using decoder = Decoder.initialise(backend, config, 3);
  const fresh = await logitsOf(decoder);
  decoder.training = true;
  const trained = await logitsOf(decoder);
  expect(trained).not.toEqual(fresh);
  const variance = await decoder.readParameter('norms.final.running_variance');
  expect(variance.every((value) => value !== 1)).toBe(true);
  expect([...decoder.trainable.keys()].filter((name) => name.includes('running'))).toEqual([]);
  decoder.training = false;
  // one batch is all that it remembers; but the remembered variance is that of n - 1
  const again = await logitsOf(decoder);
  for (const [index, value] of again.entries()) expect(Math.abs(value - trained[index]!)).toBeLessThan(0.8);
  expect(again).not.toEqual(fresh);
});

describe('masks', () => {
  test('of padding at the end change nothing before it', async () => {
    using decoder = Decoder.initialise(backend, { ...gpt2, attentionWindow: 4 }, 3);
    const wanted = await logitsOf(decoder);
    using mask = Tensor.from(
      backend,
      Float32Array.from({ length: 10 }, () => 1),
      [1, 10],
    );
    const masked = await read(() => decoder.logits(Tensor.from(backend, ids, [1, 10]), undefined, { mask }));
    expectClose(masked, wanted);
  });

  test('in an encoder hide what is padding from every position', async () => {
    const attention = { ...gpt2.attention, causal: false };
    using encoder = Decoder.initialise(backend, { ...gpt2, attention }, 3);
    using mask = Tensor.from(backend, Float32Array.of(1, 1, 1, 1, 1, 1, 0, 0, 0, 0), [1, 10]);
    const short = ids.slice(0, 6);
    const alone = await read(() => encoder.logits(Tensor.from(backend, short, [1, 6])));
    const padded = await read(() => encoder.logits(Tensor.from(backend, ids, [1, 10]), undefined, { mask }));
    expectClose(padded.slice(0, 6 * 40), alone);
    const open = await read(() => encoder.logits(Tensor.from(backend, ids, [1, 10])));
    expect(open.slice(0, 40)).not.toEqual(padded.slice(0, 40));
  });
});

describe('positions', () => {
  test('scaled as Llama 3 keep fast turns and slow down the others', () => {
    const plain = { kind: 'rotary', theta: 1e4, rotarySize: 8, convention: 'half', scaling: { kind: 'none' } } as const;
    const [fast, , , slow] = frequenciesOf(plain) as [number, number, number, number];
    const scaling = {
      kind: 'llama3',
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalContext: 64,
    } as const;
    const scaledOnes = frequenciesOf({ ...plain, scaling });
    expect(scaledOnes[0]).toBe(fast);
    expect(scaledOnes[3]).toBe(slow / 8);
    expect(frequenciesOf({ ...plain, scaling: { kind: 'linear', factor: 2 } })[0]).toBe(fast / 2);
  });

  test('relative: near distances have a bucket each, far ones share theirs', () => {
    const buckets = { buckets: 8, maxDistance: 16 };
    expect([0, -1, -2, -3].map((distance) => relativeBucket(distance, buckets, false))).toEqual([0, 1, 2, 3]);
    expect([-4, -8, -15, -100].map((distance) => relativeBucket(distance, buckets, false))).toEqual([4, 6, 7, 7]);
    expect([1, -1, 100].map((distance) => relativeBucket(distance, buckets, true))).toEqual([5, 1, 7]);
    expect(relativeBucket(5, buckets, false)).toBe(0);
  });
});
