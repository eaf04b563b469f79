import { scope, Tensor } from '@claimbench/kernels';
import { Decoder, parameterSpecs, tokenLoss } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { logitsOf, smallConfig, smallContext, smallDecoder } from '../../test/small-model.ts';
import { checkFit, parameterProblems, resolveTechnique } from '../registry.ts';
import type { CheckpointContext, TrainingChange } from '../technique.ts';

const ids = Int32Array.from({ length: 24 }, (_, i) => (i * 7 + 3) % 50);
const targets = ids.map((id) => (id * 3 + 1) % 50);

/** Does a technique with a look at what it trains in the place of training. */
async function changed(
  id: string,
  parameters: Record<string, unknown>,
  look: (decoder: Decoder, change: TrainingChange['options']) => void | Promise<void> = () => {},
) {
  const technique = resolveTechnique({ id, parameters });
  if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
  const decoder = smallDecoder();
  const trainOn: CheckpointContext['trainOn'] = async (trained, _recipe, change) => {
    const { options = {} } = (await change?.(trained, { seed: 1, steps: 10 })) ?? {};
    await look(trained, options);
  };
  const costs = await technique.changeWeights(decoder, { ...smallContext(2), trainOn });
  return { decoder, costs, logits: await logitsOf(decoder) };
}

async function lossOf(decoder: Decoder, { loss }: TrainingChange['options']): Promise<number> {
  using inputs = Tensor.from(decoder.backend, ids, [4, 6]);
  using labels = Tensor.from(decoder.backend, targets, [4, 6]);
  using value = scope(() =>
    loss === undefined ? tokenLoss(decoder.logits(inputs), labels) : loss(decoder, inputs, labels, 1),
  );
  return (await value.readFloats())[0]!;
}

describe('quantization-aware training', () => {
  it('leaves ternary weights around the mean magnitude, counted at 1.6 bits and a step', async () => {
    const { decoder, costs } = await changed('quantization-aware-training', {});
    const name = 'layers.1.mlp.down_proj';
    const before = await smallDecoder().readParameter(`${name}.weight`);
    const mean = before.reduce((sum, w) => sum + Math.abs(w), 0) / before.length + 1e-5;
    const after = await decoder.readWeight(name);
    after.forEach((value, index) => {
      const code = Math.min(Math.max(Math.round(before[index]! / mean), -1), 1);
      expect(value).toBeCloseTo(code * mean, 6);
    });
    expect(costs.bitsPerWeight).toBeGreaterThan(1.6);
    expect(costs.bitsPerWeight).toBeLessThan(1.7);
    expect(costs.quantizationError).toBeGreaterThan(0.3);
    expect(costs.quantizationError).toBeLessThan(0.6);
  });

  it('trains steps and weights of the layers with learned steps, and the grid is what the pass saw', async () => {
    let seen = new Float32Array();
    const { decoder, costs, logits } = await changed(
      'quantization-aware-training',
      { quantizer: 'learned-step', bits: 3 },
      async (trained) => {
        expect([...trained.trainable.keys()]).toContain('layers.0.self_attn.q_proj.step');
        seen = new Float32Array(await logitsOf(trained));
      },
    );
    expect(logits).toEqual(seen);
    expect(costs.bitsPerWeight).toBeGreaterThan(3);
    const { outSize, inSize } = decoder.linear('layers.0.mlp.up_proj');
    const rows = await decoder.readWeight('layers.0.mlp.up_proj');
    for (let row = 0; row < outSize; row++) {
      expect(new Set(rows.slice(row * inSize, (row + 1) * inSize)).size).toBeLessThanOrEqual(8);
    }
  });

  it('can listen to the model as it was', async () => {
    const distance: number[] = [];
    for (const teacher of [0, 0.5, 1]) {
      await changed('quantization-aware-training', { teacher }, async (trained, options) => {
        distance.push(await lossOf(trained, options));
      });
    }
    const [text, half, taught] = distance;
    expect(half).toBeCloseTo((text! + taught!) / 2, 5);
    expect(taught).toBeGreaterThan(0);
    expect(taught).toBeLessThan(text!);
  });
});

describe('a model that is trained in few bits', () => {
  it('is ternary from the first step, and its checkpoint stores as the same model', async () => {
    const technique = resolveTechnique({ id: 'low-bit-training', parameters: {} });
    if (technique.seam !== 'training') throw new Error('acts elsewhere');
    const decoder = smallDecoder();
    await technique.changeTraining(decoder, { seed: 1, steps: 10 });
    const trained = await logitsOf(decoder);
    const values = await Promise.all(
      parameterSpecs(decoder.config).map(async ({ name, shape }) => {
        const data = decoder.parameters.has(name)
          ? await decoder.readParameter(name)
          : await decoder.readWeight(name.replace(/\.weight$/, ''));
        return [name, { shape, data }] as const;
      }),
    );
    const costs = await technique.storeWeights(decoder);
    expect(await logitsOf(decoder)).toEqual(trained);
    expect(costs?.bitsPerWeight).toBeLessThan(1.7);
    expect(costs?.quantizationError).toBe(0);

    using loaded = Decoder.fromValues(decoder.backend, decoder.config, new Map(values));
    expect(await technique.storeWeights(loaded)).toEqual(costs);
    expect(await logitsOf(loaded)).toEqual(trained);
    expect(loaded.storedBytes).toBe(decoder.storedBytes);
  });
});

describe('distillation', () => {
  const setting = { select: 'first', count: 2 };
  const student = { pruning: 'drop-layers', setting };

  it('mixes the whole model’s probabilities with the text, and adds states', async () => {
    const losses: number[] = [];
    const measure = async (parameters: Record<string, unknown>) => {
      await changed('distillation', { ...student, ...parameters }, async (trained, options) => {
        expect(trained.config.layers).toBe(2);
        losses.push(await lossOf(trained, options));
      });
    };
    for (const teacher of [0, 0.25, 1]) await measure({ teacher, temperature: 1 });
    await measure({ teacher: 0, hidden: 2 });
    const [text, quarter, taught, states] = losses;
    expect(taught).toBeGreaterThan(0);
    expect(quarter).toBeCloseTo(0.75 * text! + 0.25 * taught!, 5);
    expect(states).toBeGreaterThan(text! + 1e-3);
  });

  it('has nothing to say to a student that is the teacher', async () => {
    const whole = { pruning: 'drop-layers', setting: { count: 0 }, teacher: 1, hidden: 1 };
    await changed('distillation', whole, async (trained, options) => {
      expect(Math.abs(await lossOf(trained, options))).toBeLessThan(1e-6);
    });
  });
});

describe('low-rank adapters', () => {
  it('change nothing before they learn, beside f32 and beside normal floats', async () => {
    const plain = await logitsOf(smallDecoder());
    const f32 = await changed('low-rank-adapters', {});
    expect(f32.logits).toEqual(plain);
    expect(f32.costs).toMatchObject({ bitsPerWeight: 32, quantizationError: 0 });

    const packed = await changed('low-rank-adapters', { bits: 3, groupSize: 32 });
    const normalFloat = resolveTechnique({ id: 'normal-float', parameters: { bits: 3, groupSize: 32 } });
    if (normalFloat.seam !== 'checkpoint') throw new Error('acts elsewhere');
    const alone = smallDecoder();
    const costs = await normalFloat.changeWeights(alone, smallContext());
    expect(packed.logits).toEqual(await logitsOf(alone));
    expect(packed.costs.quantizationError).toBeCloseTo(costs.quantizationError, 12);
    // 4 of rank beside every weight: (out + in) * 4 values of four bytes
    const { adapters, weights } = adapterSizes(alone, 4);
    expect(packed.costs.bitsPerWeight).toBeCloseTo(costs.bitsPerWeight + (32 * adapters) / weights, 9);
  });

  it('train alone, and are added to f32 weights in the end', async () => {
    const { decoder } = await changed('low-rank-adapters', { rank: 2, alpha: 6 }, async (trained, { trains }) => {
      const free = [...trained.trainable.keys()].filter((name) => trains!(name));
      expect(free).toHaveLength(2 * 7 * 4);
      const { trainable } = trained.linear('layers.0.mlp.up_proj');
      trainable.get('up')!.write(Float32Array.from({ length: 128 }, (_, index) => (index % 7) - 3));
      const down = await trainable.get('down')!.readFloats();
      expected = Float32Array.from({ length: 64 * 32 }, (_, at) => {
        const [row, column] = [Math.floor(at / 32), at % 32];
        const up = (r: number) => ((row * 2 + r) % 7) - 3;
        return 3 * (up(0) * down[column]! + up(1) * down[32 + column]!);
      });
    });
    const before = await smallDecoder().readParameter('layers.0.mlp.up_proj.weight');
    const after = await decoder.readWeight('layers.0.mlp.up_proj');
    after.forEach((value, index) => {
      expect(value).toBeCloseTo(before[index]! + expected[index]!, 5);
    });
    expect(decoder.storedBytes).toBe(smallDecoder().storedBytes);
  });
  let expected = new Float32Array();

  it('refuse a rank that a weight does not have, and what the technique inside refuses', () => {
    const check = (parameters: Record<string, unknown>) =>
      checkFit(resolveTechnique({ id: 'low-rank-adapters', parameters }), smallConfig());
    expect(() => check({ rank: 33 })).toThrow(/rank 33, but layers\.0\.self_attn\.q_proj is 32 by 32/);
    expect(() => check({ setting: { count: 9 } })).toThrow(/takes 9 layers/);
    expect(parameterProblems('low-rank-adapters', { setting: { count: -1 } })).toMatchObject([
      { path: 'setting.count' },
    ]);
  });
});

describe('training in part', () => {
  it.each([
    ['attention', 16],
    ['mlp', 12],
    ['norms', 9],
    ['embeddings', 1],
    ['last-layer', 9],
  ])('frees the %s alone: %i tensors of a Llama with tied embeddings', async (part, count) => {
    await changed('partial-training', { part }, (trained, { trains }) => {
      expect([...trained.trainable.keys()].filter((name) => trains!(name))).toHaveLength(count);
    });
  });

  it('refuses a part that the model does not have', () => {
    const technique = resolveTechnique({ id: 'partial-training', parameters: { part: 'biases' } });
    expect(() => checkFit(technique, smallConfig('llama'))).toThrow(/it trains biases, and the model has none/);
    checkFit(technique, smallConfig('gpt2'));
  });
});

function adapterSizes(decoder: Decoder, rank: number) {
  let [adapters, weights] = [0, 0];
  for (const [name, { inSize, outSize }] of decoder.linears) {
    if (!name.startsWith('layers.')) continue;
    adapters += rank * (inSize + outSize);
    weights += inSize * outSize;
  }
  return { adapters, weights };
}
