import { createNativeBackend } from '@claimbench/kernels/node';
import { describe, expect, it } from 'vitest';
import { tokenStream } from '../data/token-stream.ts';
import { trainingBatches } from '../data/training-windows.ts';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { type TrainingPoint, tokenLoss } from './optimise.ts';
import type { TrainingRecipe } from './recipe.ts';
import { type TrainingStage, trainInStages } from './stages.ts';
import { type TrainingOptions, train } from './train.ts';
import { decodeTrainingState, encodeTrainingState, type TrainingState } from './training-state.ts';

const tokenizer = byteTokenizer();
const words = tokenStream(['Some words to learn, and some more of them to go on with. '.repeat(12)], tokenizer);
const digits = tokenStream(['314159265358979323846264338327950288419716939937510'.repeat(12)], tokenizer);
const config = decoderConfig(
  { style: 'llama', layers: 1, hiddenSize: 16, heads: 2, feedForwardSize: 32, contextLength: 16 },
  tokenizer.vocabularySize,
);
const FIRST = 60;
const SECOND = 40;
const STEPS = FIRST + SECOND;
const recipe: TrainingRecipe = {
  tokens: FIRST * 6 * 16,
  batchSize: 6,
  learningRate: 0.02,
  warmup: 0.1,
  weightDecay: 0.1,
  gradientClip: 1,
};
const first: TrainingStage = { stream: words, recipe };
const second: TrainingStage = {
  stream: digits,
  recipe: { ...recipe, tokens: SECOND * 4 * 16, batchSize: 4, learningRate: 0.016 },
  order: 'another text',
};

/** All that a training leaves behind. */
async function trained(
  work: (
    decoder: Decoder,
    options: TrainingOptions & { onPoint: (point: TrainingPoint) => void },
  ) => Promise<{ readonly diverged: unknown }>,
  options: Partial<TrainingOptions> = {},
  threads = 1,
) {
  const backend = createNativeBackend({ threads });
  try {
    using decoder = Decoder.initialise(backend, config, 3);
    const points: TrainingPoint[] = [];
    const result = await work(decoder, {
      seed: 3,
      pointEvery: 1,
      onPoint: (point) => points.push(point),
      ...options,
    });
    return { points, result, values: await decoder.readParameters() };
  } finally {
    backend.close();
  }
}

const inStages = (options: Partial<TrainingOptions> = {}, threads = 1) =>
  trained((decoder, given) => trainInStages(decoder, [first, second], given), options, threads);

/** The state after a step of all stages, through a file as a worker keeps it; training is stopped there. */
async function stateAt(step: number, options: Partial<TrainingOptions> = {}): Promise<TrainingState> {
  let file: Uint8Array | undefined;
  const controller = new AbortController();
  const checkpoint: TrainingOptions['checkpoint'] = {
    due: (at) => at === step,
    save: (state) => {
      file = encodeTrainingState(state, 'this one');
      controller.abort();
    },
  };
  await expect(inStages({ ...options, checkpoint, signal: controller.signal })).rejects.toMatchObject({
    code: 'cancelled',
  });
  return decodeTrainingState(file!, 'this one');
}

describe('training in stages', () => {
  it('is one training after the other, with its steps and tokens counted through', async () => {
    const whole = await inStages();
    const apart = await trained(async (decoder, options) => {
      const before = await train(decoder, words, recipe, options);
      const onPoint = (point: TrainingPoint) =>
        options.onPoint({ ...point, step: FIRST + point.step, tokens: before.tokens + point.tokens });
      return await train(decoder, digits, second.recipe, { ...options, order: 'another text', onPoint });
    });
    expect(whole.points).toEqual(apart.points);
    expect(whole.values).toEqual(apart.values);
    expect(whole.points.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1));
    expect(whole.points.at(-1)).toMatchObject({ tokens: 16 * (FIRST * 6 + SECOND * 4) });
    // a rise of its own: the first of four steps has a quarter of the highest rate
    expect(whole.points[FIRST]!.learningRate).toBe(0.004);
    expect(whole.result).toMatchObject({
      steps: STEPS,
      tokens: 16 * (FIRST * 6 + SECOND * 4),
      unigramEntropy: digits.unigramEntropy,
      diverged: null,
    });
    // what was learned of words helps little with digits at first, and then they are learned
    expect(whole.points[FIRST]!.trainingLoss).toBeGreaterThan(whole.points[FIRST - 1]!.trainingLoss);
    expect(whole.points[STEPS - 1]!.trainingLoss).toBeLessThan(whole.points[FIRST]!.trainingLoss - 0.5);
  });

  it('is ordinary training where there is one stage', async () => {
    const one = await trained((decoder, options) => trainInStages(decoder, [first], options));
    expect(one).toEqual(await trained((decoder, options) => train(decoder, words, recipe, options)));
  });

  it('draws windows of a named stage from a stream of its own', () => {
    const windowsOf = (order?: string) =>
      Array.from(trainingBatches(words, { seed: 3, batchSize: 6, time: 16, order }).next().inputs);
    expect(windowsOf('another text')).not.toEqual(windowsOf());
    expect(windowsOf('another text')).not.toEqual(windowsOf('a third'));
    expect(windowsOf('another text')).toEqual(windowsOf('another text'));
  });

  it('goes on with the same bits, in whichever stage it was cut, and twice', async () => {
    const whole = await inStages();
    for (const step of [1, FIRST - 1, FIRST + 1, STEPS - 1]) {
      const resume = await stateAt(step);
      expect(await inStages({ resume }, 2), `cut at ${step}`).toEqual(whole);
    }
    const twice = await stateAt(FIRST + 11, { resume: await stateAt(FIRST + 2, { resume: await stateAt(7) }) });
    expect([twice.before!.losses.length, twice.losses.length]).toEqual([FIRST, 11]);
    expect(await inStages({ resume: twice })).toEqual(whole);
    // as many points as were asked for, also of the steps that are reported once more
    const some = await inStages({ pointEvery: 25 });
    expect(some.points.map(({ step }) => step)).toEqual([1, 25, 50, 60, 61, 85, 100]);
    expect((await inStages({ pointEvery: 25, resume: twice })).points).toEqual(some.points);
  });

  it('tells what acts in it of steps over all stages', async () => {
    const ofLoss: number[] = [];
    const after: number[] = [];
    await inStages({
      loss: (decoder, ids, targets, step) => {
        ofLoss.push(step);
        return tokenLoss(decoder.logits(ids), targets);
      },
      afterStep: (_, step) => after.push(step),
    });
    const every = Array.from({ length: STEPS }, (_, index) => index + 1);
    expect(ofLoss).toEqual(every);
    expect(after).toEqual(every);
  });

  it('ends with the stage that diverges, named by its step over all', async () => {
    const wild = { ...second, recipe: { ...second.recipe, learningRate: 1e4, gradientClip: null } };
    const late = await trained((decoder, options) => trainInStages(decoder, [first, wild], options));
    expect(late.result.diverged).toMatchObject({
      message: expect.stringMatching(/^behind step 60, on another text: /),
    });
    expect((late.result.diverged as { step: number }).step).toBeGreaterThan(FIRST);
    const early = await trained((decoder, options) => trainInStages(decoder, [wild, first], options));
    expect(early.result).toMatchObject({ unigramEntropy: digits.unigramEntropy });
    expect((early.result.diverged as { step: number }).step).toBeLessThanOrEqual(SECOND);
    expect(early.points.length).toBeLessThanOrEqual(SECOND);
  });

  it('refuses a state of other stages', async () => {
    const resume = await stateAt(FIRST + 3);
    const short = { ...first, recipe: { ...recipe, tokens: 12 * 6 * 16 } };
    for (const stages of [[short, second], [first]] as const) {
      const work = trained((decoder, options) => trainInStages(decoder, [...stages], options), { resume });
      await expect(work).rejects.toMatchObject({ code: 'bad-checkpoint' });
    }
  });
});
