import { scope, Tensor } from '@claimbench/kernels';
import { type Decoder, stepsOf } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { smallConfig, smallDecoder } from '../../test/small-model.ts';
import { checkFit, resolveTechnique } from '../registry.ts';
import { exitsOn, exitWeights, growth } from './layer-schedules.ts';

function training(id: string, parameters: Record<string, unknown>) {
  const technique = resolveTechnique({ id, parameters });
  if (technique.seam !== 'training') throw new Error('acts elsewhere');
  return technique;
}

const ids = Int32Array.from({ length: 24 }, (_, i) => (i * 7 + 3) % 50);
const targets = ids.map((id) => (id * 3 + 1) % 50);

/** The loss that a technique trains with in the steps named (counted from 1), on four texts of six tokens. */
async function lossesOf(decoder: Decoder, id: string, parameters: Record<string, unknown>, steps: number[], seed = 5) {
  const total = 100;
  const { options, ...change } = await training(id, parameters).changeTraining(decoder, { seed, steps: total });
  using inputs = Tensor.from(decoder.backend, ids, [4, 6]);
  using labels = Tensor.from(decoder.backend, targets, [4, 6]);
  decoder.training = true;
  const losses: number[] = [];
  for (const step of steps) {
    using loss = scope(() => options.loss!(decoder, inputs, labels, step));
    losses.push((await loss.readFloats())[0]!);
  }
  decoder.training = false;
  change[Symbol.dispose]?.();
  expect(decoder.hooks.active).toBe(false);
  return losses;
}

describe('LayerSkip', () => {
  it('trains as always where nothing is dropped and only the last exit counts', async () => {
    const decoder = smallDecoder();
    const [ours, plain] = [
      await lossesOf(decoder, 'layer-skip', { rate: 0, scale: 0 }, [1, 50]),
      await lossesOf(decoder, 'layer-drop', { rate: 0 }, [1]),
    ];
    expect(ours[0]).toBe(ours[1]);
    expect(ours[0]).toBeCloseTo(plain[0]!, 6);
  });

  it('drops more layers the later the step, and none in the first', async () => {
    const decoder = smallDecoder({
      ...smallConfig(),
      initialisation: { standardDeviation: 0.2, scaledResidual: false },
    });
    const whole = await lossesOf(decoder, 'layer-skip', { rate: 0, scale: 0 }, [1]);
    const dropped = { rate: 0.9, scale: 0 };
    expect(await lossesOf(decoder, 'layer-skip', dropped, [1])).toEqual(whole);
    const last = await lossesOf(decoder, 'layer-skip', dropped, [96, 97, 98, 99, 100]);
    expect(last.every((loss) => loss !== whole[0])).toBe(true);
    // A constant rate drops from the first step on, and never the first layer.
    expect(await lossesOf(decoder, 'layer-skip', { ...dropped, time: 'constant' }, [1])).not.toEqual(whole);
  });

  it('weighs the exits that its curriculum has on, and no others', async () => {
    const decoder = smallDecoder({
      ...smallConfig(),
      initialisation: { standardDeviation: 0.2, scaledResidual: false },
    });
    const exits: number[] = [];
    for (const layer of [1, 2, 3, 4]) {
      decoder.plan = training('layer-skip', { exit: layer }).planLayers(decoder.config);
      exits.push((await lossesOfPlan(decoder))[0]!);
    }
    decoder.plan = training('layer-skip', {}).planLayers(decoder.config);
    // Weights 0.2 * 1, 0.2 * 3, 0.2 * 6 and 10; of the rotational curriculum with stride 2 exits 0 and 2, then 1 and 3.
    const expected = (on: number[]) => {
      const weights = [0.2, 0.6, 1.2, 10];
      return (
        on.reduce((sum, exit) => sum + weights[exit]! * exits[exit]!, 0) /
        on.reduce((sum, exit) => sum + weights[exit]!, 0)
      );
    };
    const losses = await lossesOf(decoder, 'layer-skip', { rate: 0, stride: 2 }, [1, 2, 3]);
    expect(losses[0]).toBeCloseTo(expected([0, 2, 3]), 5);
    expect(losses[1]).toBeCloseTo(expected([1, 3]), 5);
    expect(losses[2]).toBeCloseTo(expected([0, 2, 3]), 5);
    const [all] = await lossesOf(decoder, 'layer-skip', { rate: 0, curriculum: 'all' }, [1]);
    expect(all).toBeCloseTo(expected([0, 1, 2, 3]), 5);
  });

  async function lossesOfPlan(decoder: Decoder): Promise<number[]> {
    using inputs = Tensor.from(decoder.backend, ids, [4, 6]);
    using logits = scope(() => decoder.logits(inputs));
    const values = await logits.readFloats();
    const losses = Array.from(targets, (target, row) => {
      const own = values.subarray(row * 50, (row + 1) * 50);
      return Math.log(own.reduce((sum, value) => sum + Math.exp(value), 0)) - own[target]!;
    });
    return [losses.reduce((sum, loss) => sum + loss, 0) / losses.length];
  }

  it('stops at its exit, and shares the trained model of the setting without one', () => {
    const technique = training('layer-skip', { exit: 2, rate: 0.1 });
    expect(stepsOf(technique.planLayers(smallConfig())).map(({ layer }) => layer)).toEqual([0, 1]);
    expect(technique.trainedWith).toEqual(training('layer-skip', { rate: 0.1 }).parameters);
    expect(() => checkFit(training('layer-skip', { exit: 5 }), smallConfig())).toThrow(
      'after 5 layers; the model has 4',
    );
  });

  it('drafts with its exit where it is told to guess', () => {
    const technique = training('layer-skip', { exit: 2, draft: 3 });
    expect(technique.planLayers(smallConfig())).toHaveLength(4);
    expect(technique.drafting(smallConfig())).toEqual({ layers: 2, tokens: 3, shared: true });
    expect(training('layer-skip', { exit: 2 }).drafting(smallConfig())).toBeNull();
    expect(technique.trainedWith).toEqual(training('layer-skip', {}).parameters);
    expect(() => training('layer-skip', { draft: 3 })).toThrow('name an exit');
    const speculative = resolveTechnique({ id: 'self-speculative', parameters: { exit: 4 } });
    expect(() => checkFit(speculative, smallConfig())).toThrow(
      'drafts after 4 layers and needs one more; the model has 4',
    );
  });
});

describe('the schedules of LayerSkip', () => {
  it('rise from 0 in the first place to 1 in the last', () => {
    for (const kind of ['exponential', 'linear', 'logarithmic', 'sine'] as const) {
      expect(growth(kind, 0, 7)).toBe(0);
      expect(growth(kind, 7, 7)).toBe(1);
      for (let at = 1; at <= 7; at++) expect(growth(kind, at, 7)).toBeGreaterThan(growth(kind, at - 1, 7));
    }
    expect(growth('exponential', 1, 2)).toBeCloseTo(Math.SQRT2 - 1, 12);
    expect(growth('exponential', 0, 0)).toBe(1);
  });

  it('bring the gradual exits in from the last down over the first half', () => {
    const on = (step: number) => exitsOn('gradual', { layers: 4, stride: 1, step, steps: 100 }).map(Number).join('');
    expect([on(0), on(12), on(13), on(25), on(38), on(50)]).toEqual(['0001', '0001', '0001', '0011', '0111', '1111']);
  });

  it('give weights that add up to 1, the last exit the most', () => {
    const weights = exitWeights([0, 1, 2, 3], 4, 'sum', 0.2);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(weights[3]! / weights[0]!).toBeCloseTo(50, 9);
  });
});

describe('LayerDrop', () => {
  it('leaves layers out of training, and afterwards as many as it is told, evenly', async () => {
    const decoder = smallDecoder({
      ...smallConfig(),
      initialisation: { standardDeviation: 0.2, scaledResidual: false },
    });
    const steps = Array.from({ length: 30 }, (_, i) => i + 1);
    const losses = await lossesOf(decoder, 'layer-drop', { rate: 0.5 }, steps);
    // 2^4 choices of layers for a whole batch.
    expect(new Set(losses).size).toBeGreaterThan(6);
    expect(new Set(losses).size).toBeLessThanOrEqual(16);
    const { trainedWith, ...technique } = training('layer-drop', { rate: 0.5, dropped: 2 });
    expect(stepsOf(technique.planLayers(smallConfig())).map(({ layer }) => layer)).toEqual([0, 3]);
    expect(trainedWith).toEqual({ rate: 0.5, dropped: 0 });
    expect(() => checkFit(training('layer-drop', { dropped: 3 }), smallConfig())).toThrow('takes 3 layers');
  });
});

describe('stochastic depth', () => {
  it('has a mean over draws that is near the whole model’s, since kept layers count for more', async () => {
    // Nearly linear layers: what they add is small, so that the loss of the mean is the mean of the losses.
    const decoder = smallDecoder();
    const [whole] = await lossesOf(decoder, 'stochastic-depth', { rate: 0 }, [1]);
    const steps = Array.from({ length: 200 }, (_, i) => i + 1);
    const losses = await lossesOf(decoder, 'stochastic-depth', { rate: 0.5, unit: 'text' }, steps);
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    const spread = Math.sqrt(losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / losses.length);
    expect(spread).toBeGreaterThan(0);
    expect(Math.abs(mean - whole!)).toBeLessThan((5 * spread) / Math.sqrt(losses.length));
  });

  it('runs all layers afterwards', () => {
    expect(stepsOf(training('stochastic-depth', {}).planLayers(smallConfig()))).toHaveLength(4);
  });
});
