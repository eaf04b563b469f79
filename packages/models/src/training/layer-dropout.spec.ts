import { type Backend, createReferenceBackend, crossEntropy, scope, Tensor } from '@claimbench/kernels';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tokenStream } from '../data/token-stream.ts';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { fullPlan, type LayerPlan } from '../decoder/layer-plan.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { exitLoss } from './exit-loss.ts';
import { dropLayersInTraining, type LayerDropout } from './layer-dropout.ts';
import { train } from './train.ts';

const LAYERS = 3;
const config = {
  ...decoderConfig(
    { style: 'llama', layers: LAYERS, hiddenSize: 8, heads: 2, feedForwardSize: 12, contextLength: 6 },
    11,
  ),
  initialisation: { standardDeviation: 0.5, scaledResidual: false },
};

let backend: Backend;
let decoder: Decoder;
beforeEach(() => {
  backend = createReferenceBackend();
  decoder = Decoder.initialise(backend, config, 3);
  decoder.training = true;
});
afterEach(() => {
  decoder.dispose();
  expect(backend.liveBuffers).toBe(0);
});

const texts = Int32Array.of(1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4);

/** Logits of the three equal texts, each by itself. */
async function logitsOfTexts(): Promise<Float32Array[]> {
  using ids = Tensor.from(backend, texts, [3, 4]);
  using logits = scope(() => decoder.logits(ids));
  const all = await logits.readFloats();
  return [0, 1, 2].map((text) => all.slice((text * all.length) / 3, ((text + 1) * all.length) / 3));
}

/** Logits of one text by every choice of layers, keyed by the layers that run ("02"). */
async function logitsByLayers(): Promise<Map<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  decoder.training = false;
  for (let mask = 0; mask < 2 ** LAYERS; mask++) {
    const plan: LayerPlan = fullPlan(LAYERS).filter((_, layer) => mask & (1 << layer));
    decoder.plan = plan;
    const name = [0, 1, 2].filter((layer) => mask & (1 << layer)).join('');
    found.set(name, (await logitsOfTexts())[0]!);
  }
  decoder.plan = fullPlan(LAYERS);
  decoder.training = true;
  return found;
}

/** Which layers ran, told from the logits. */
function ranIn(logits: Float32Array, known: ReadonlyMap<string, Float32Array>): string {
  for (const [layers, values] of known) {
    if (values.every((value, i) => Math.abs(value - logits[i]!) < 1e-5)) return layers;
  }
  throw new Error('no choice of layers gives these logits');
}

const byText: LayerDropout = { rate: (layer) => [0, 0.3, 0.6][layer]!, unit: 'text', rescaled: false };

describe('layers dropped in training', () => {
  test('are left out for single texts, as often as their rate says, and never where it is 0', async () => {
    const known = await logitsByLayers();
    using dropout = dropLayersInTraining(decoder, 7, byText);
    const steps = 200;
    const dropped = [0, 0, 0];
    let mixed = 0;
    for (let step = 1; step <= steps; step++) {
      dropout.step = step;
      const ran = (await logitsOfTexts()).map((logits) => ranIn(logits, known));
      for (const layers of ran) for (const layer of [0, 1, 2]) if (!layers.includes(`${layer}`)) dropped[layer]! += 1;
      if (new Set(ran).size > 1) mixed += 1;
    }
    expect(dropped[0]).toBe(0);
    // Five standard deviations of a binomial of 600 draws.
    for (const [layer, rate] of [
      [1, 0.3],
      [2, 0.6],
    ] as const) {
      expect(Math.abs(dropped[layer]! / (3 * steps) - rate)).toBeLessThan(
        5 * Math.sqrt((rate * (1 - rate)) / (3 * steps)),
      );
    }
    expect(mixed).toBeGreaterThan(steps / 2);
  });

  test('are the same for a whole batch where that is the unit', async () => {
    const known = await logitsByLayers();
    using dropout = dropLayersInTraining(decoder, 7, { ...byText, unit: 'batch' });
    const seen = new Set<string>();
    for (dropout.step = 1; dropout.step <= 40; dropout.step++) {
      const ran = new Set((await logitsOfTexts()).map((logits) => ranIn(logits, known)));
      expect(ran.size).toBe(1);
      seen.add([...ran][0]!);
    }
    expect([...seen].sort()).toEqual(['0', '01', '012', '02']);
  });

  test('follow from seed and step alone', async () => {
    const at = async (seed: number, steps: readonly number[]) => {
      using dropout = dropLayersInTraining(decoder, seed, byText);
      let last: Float32Array[] = [];
      for (const step of steps) {
        dropout.step = step;
        last = await logitsOfTexts();
      }
      return last;
    };
    expect(await at(7, [1, 2, 9])).toEqual(await at(7, [9]));
    const others = await Promise.all([at(7, [9]), at(8, [9]), at(7, [10]), at(9, [9])]);
    expect(new Set(others.map((logits) => logits.map((values) => values.join()).join())).size).toBeGreaterThan(1);
  });

  test('are drawn for each text of a batch that is computed in parts, and once for the whole batch where that is the unit', async () => {
    const known = await logitsByLayers();
    const ran = async (unit: LayerDropout['unit'], parts: number) => {
      using dropout = dropLayersInTraining(decoder, 7, { ...byText, unit });
      const found: string[][] = [];
      for (let step = 1; step <= 10; step++) {
        dropout.step = step;
        const layers: string[] = [];
        for (let part = 0; part < parts; part++) {
          using ids = Tensor.from(backend, texts.subarray(0, 12 / parts), [3 / parts, 4]);
          using logits = scope(() => decoder.logits(ids));
          const all = await logits.readFloats();
          const size = (all.length * parts) / 3;
          for (let at = 0; at < all.length; at += size) layers.push(ranIn(all.slice(at, at + size), known));
        }
        found.push(layers);
      }
      return found;
    };
    expect(await ran('text', 3)).toEqual(await ran('text', 1));
    expect(await ran('batch', 3)).toEqual(await ran('batch', 1));
  });

  test('run again outside of training, and when dropout is over', async () => {
    const whole = await logitsOfTexts();
    const dropout = dropLayersInTraining(decoder, 7, { ...byText, rate: () => 0.999 });
    expect(await logitsOfTexts()).not.toEqual(whole);
    decoder.training = false;
    expect(await logitsOfTexts()).toEqual(whole);
    decoder.training = true;
    dropout[Symbol.dispose]();
    expect(await logitsOfTexts()).toEqual(whole);
    expect(decoder.hooks.active).toBe(false);
  });

  test('add more where what they add is rescaled', async () => {
    const added = async () => {
      using ids = Tensor.from(backend, texts.subarray(0, 4), [1, 4]);
      using change = scope(() => {
        const x = decoder.embed(ids);
        return decoder.run(x, [{ layer: 1, part: 'layer' }]);
      });
      using stream = scope(() => decoder.embed(ids));
      const [after, before] = [await change.readFloats(), await stream.readFloats()];
      return after.map((value, i) => value - before[i]!);
    };
    const plain = await added();
    // Without a draw below it, a rate leaves only its factor.
    using dropout = dropLayersInTraining(decoder, 7, { rate: () => 0.2, unit: 'batch', rescaled: true });
    const scaled: Float32Array[] = [];
    for (dropout.step = 1; dropout.step <= 10; dropout.step++) scaled.push(await added());
    const kept = scaled.filter((change) => change.some((value) => value !== 0));
    expect(kept.length).toBeGreaterThan(3);
    expect(kept.length).toBeLessThan(10);
    for (const change of kept) {
      for (const [i, value] of change.entries()) expect(value).toBeCloseTo(plain[i]! / 0.8, 4);
    }
  });

  test('are refused where layers do not run once and in order', () => {
    decoder.plan = fullPlan(LAYERS).toReversed();
    expect(() => dropLayersInTraining(decoder, 7, byText)).toThrow('each once, in order');
  });
});

describe('an early-exit loss', () => {
  const targets = Int32Array.from(texts, (token) => (token + 1) % 11);

  async function lossOf(weights: readonly number[]): Promise<number> {
    using ids = Tensor.from(backend, texts, [3, 4]);
    using labels = Tensor.from(backend, targets, [3, 4]);
    using loss = scope(() => exitLoss(decoder, ids, labels, weights));
    return (await loss.readFloats())[0]!;
  }

  /** Ordinary loss of the first `count` layers alone. */
  async function lossOfFirst(count: number): Promise<number> {
    using ids = Tensor.from(backend, texts, [3, 4]);
    using labels = Tensor.from(backend, targets, [12]);
    decoder.plan = fullPlan(LAYERS).slice(0, count);
    using loss = scope(() => crossEntropy(decoder.logits(ids).reshape([12, -1]), labels));
    decoder.plan = fullPlan(LAYERS);
    return (await loss.readFloats())[0]!;
  }

  test('is the weighted sum of the losses of the first layers', async () => {
    expect(await lossOf([0, 0, 1])).toBeCloseTo(await lossOfFirst(3), 6);
    const [one, three] = [await lossOfFirst(1), await lossOfFirst(3)];
    expect(Math.abs(one - three)).toBeGreaterThan(0.01);
    expect(await lossOf([0.25, 0, 0.75])).toBeCloseTo(0.25 * one + 0.75 * three, 5);
  });

  test('refuses weights that do not name every layer, or none', async () => {
    await expect(lossOf([0, 1])).rejects.toThrow('a weight for each of 3 layers');
    await expect(lossOf([0, 0, 0])).rejects.toThrow('one of them above 0');
  });
});

test('training tells the loss its step', async () => {
  const tokenizer = byteTokenizer();
  const stream = tokenStream(['a text of some length, again and again. '.repeat(4)], tokenizer);
  const architecture = {
    style: 'llama',
    layers: 1,
    hiddenSize: 8,
    heads: 2,
    feedForwardSize: 12,
    contextLength: 8,
  } as const;
  using small = Decoder.initialise(backend, decoderConfig(architecture, tokenizer.vocabularySize), 1);
  const steps: number[] = [];
  const recipe = { tokens: 64, batchSize: 2, learningRate: 1e-3, warmup: 0.1, weightDecay: 0, gradientClip: 1 };
  await train(small, stream, recipe, {
    seed: 1,
    pointEvery: 1,
    loss: (of, ids, targets, step) => {
      steps.push(step);
      return exitLoss(of, ids, targets, [1]);
    },
  });
  expect(steps).toEqual([1, 2, 3, 4]);
});
