import { type Backend, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { argmax } from '../argmax.ts';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { createCache } from './caches.ts';
import { type EarlyExitOptions, type ExitRule, generateWithExits } from './early-exit.ts';
import { generate } from './generate.ts';
import { logProbabilities } from './sampling.ts';

const config = {
  ...decoderConfig({ style: 'llama', layers: 4, hiddenSize: 16, heads: 4, feedForwardSize: 24, contextLength: 60 }, 30),
  keyValueHeads: 2,
  tiedEmbeddings: false,
  initialisation: { standardDeviation: 0.4, scaledResidual: false },
};
const prompt = Int32Array.of(3, 1, 4, 1, 5);
const steps = 24;

let backend: Backend;
let decoder: Decoder;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
  decoder = Decoder.initialise(backend, config, 2);
});
afterEach(() => {
  decoder.dispose();
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

const run = (rule: ExitRule, options: Partial<EarlyExitOptions> = {}) =>
  generateWithExits(decoder, prompt, { steps, exitsAfter: [1, 2, 3], rule, ...options });

describe('a rule that never holds', () => {
  test.each<ExitRule>([
    { kind: 'confidence', threshold: 2 },
    { kind: 'entropy', threshold: 0 },
    { kind: 'patience', exits: 3 },
  ])('of $kind gives the text of all layers, and skips nothing', async (rule) => {
    const [want] = await generate(decoder, [prompt], { steps });
    const { tokens, depths, stepsRun, stepsSkipped } = await run(rule);
    expect(tokens).toEqual(want);
    expect(new Set(depths)).toEqual(new Set([4]));
    expect([stepsRun, stepsSkipped]).toEqual([4 * (steps - 1), 0]);
    const drawn = { sampling: { temperature: 1 }, seed: 3 };
    const [drawnText] = await generate(decoder, [prompt], { steps, ...drawn });
    expect((await run(rule, drawn)).tokens).toEqual(drawnText);
  });
});

test('a rule that always holds writes with the first layers alone, and counts the others as skipped', async () => {
  const text = await run({ kind: 'confidence', threshold: 0 }, { exitsAfter: [2] });
  expect([text.stepsRun, text.stepsSkipped]).toEqual([2 * (steps - 1), 2 * (steps - 1)]);
  expect(text.depths).toEqual([4, ...Array.from({ length: steps - 1 }, () => 2)]);
  const whole = decoder.plan;
  const [first] = await generate(decoder, [prompt], { steps: 1 });
  decoder.plan = whole.slice(0, 2);
  const [rest] = await generate(decoder, [Int32Array.of(...prompt, ...first!)], { steps: steps - 1 });
  decoder.plan = whole;
  expect([...text.tokens]).toEqual([...first!, ...rest!]);
});

describe('before the last layer alone', () => {
  // What the last layer remembers is then exactly what it remembers of a whole pass, so every token has a definite right answer.
  test.each<ExitRule>([
    { kind: 'confidence', threshold: 0.35 },
    { kind: 'entropy', threshold: 2.2 },
  ])('tokens leave by $kind exactly where it holds, and the others are those of all layers', async (rule) => {
    const { tokens, depths, stepsSkipped } = await run(rule, { exitsAfter: [3] });
    const early = depths.filter((depth) => depth === 3).length;
    expect(early).toBeGreaterThan(2);
    expect(early).toBeLessThan(steps - 3);
    expect(stepsSkipped).toBe(early);
    for (let at = 1; at < steps; at++) {
      const ids = Int32Array.of(...prompt, ...tokens.subarray(0, at));
      using exit = scope(() => {
        const x = decoder.run(decoder.embed(Tensor.from(backend, ids, [1, ids.length])), decoder.plan.slice(0, 3), {});
        return decoder.exitLogits(2, x);
      });
      using full = scope(() => decoder.logits(Tensor.from(backend, ids, [1, ids.length])));
      const last = async (logits: Tensor) => (await logits.readFloats()).slice(-30);
      const logs = Array.from(logProbabilities(await last(exit)));
      const holds =
        rule.kind === 'confidence'
          ? Math.exp(Math.max(...logs)) >= rule.threshold
          : rule.kind === 'entropy' && logs.reduce((sum, log) => sum - Math.exp(log) * log, 0) <= rule.threshold;
      expect(depths[at]).toBe(holds ? 3 : 4);
      expect(tokens[at]).toBe(argmax(await last(holds ? exit : full)));
    }
  });
});

test('patience counts exits that agree in a row', async () => {
  const ownExit = decoder.exitLogits.bind(decoder);
  const best: Promise<number>[] = [];
  decoder.exitLogits = (layer, x) => {
    const logits = ownExit(layer, x);
    best.push(logits.readFloats().then((values) => argmax(values)));
    return logits;
  };
  const { depths } = await run({ kind: 'patience', exits: 1 });
  const votes = await Promise.all(best);
  // Exits stand after 1, 2 and 3 steps: a token leaves at the first that agrees with the one before it.
  let at = 0;
  for (const depth of depths.slice(1)) {
    const [one, two, three] = [votes[at]!, votes[at + 1]!, votes[at + 2]];
    const want = one === two ? 2 : two === three ? 3 : 4;
    expect(depth).toBe(want);
    at += want === 2 ? 2 : 3;
  }
  expect(at).toBe(votes.length);
  expect(new Set(depths).size).toBeGreaterThan(1);
});

test('keys and values of skipped layers are those of the stream that left', async () => {
  const ids = () => Tensor.from(backend, Int32Array.of(7), [1, 1]);
  const plan = decoder.plan;
  const remembered: Float32Array[] = [];
  const watch = decoder.hooks.on('layers.3.self_attn.key', (key) => {
    pending.push(key.readFloats().then((values) => remembered.push(values)));
    return key;
  });
  const pending: Promise<unknown>[] = [];
  using cache = createCache(4);
  scope(() => {
    const x = decoder.run(decoder.embed(ids()), plan.slice(0, 3), { cache });
    decoder.remember(x, plan.slice(3), cache, 3);
    decoder.run(x, plan.slice(3), { cache, firstStep: 3 });
  });
  await Promise.all(pending);
  watch();
  expect(remembered).toHaveLength(2);
  expect(remembered[0]).toEqual(remembered[1]);
});

test('exits beyond the plan, out of order, and rules that mean nothing are refused', async () => {
  const rule = { kind: 'confidence', threshold: 0.5 } as const;
  await expect(run(rule, { exitsAfter: [4] })).rejects.toThrow('from 1 to 3, found 4');
  await expect(run(rule, { exitsAfter: [2, 2] })).rejects.toMatchObject({ code: 'invalid-layer-plan' });
  await expect(run({ kind: 'patience', exits: 0 })).rejects.toThrow('patience does not go with 0');
  await expect(run({ kind: 'entropy', threshold: -1 })).rejects.toMatchObject({ code: 'invalid-sampling' });
  decoder.plan = [{ parallel: [decoder.plan.slice(0, 2), decoder.plan.slice(2)], combine: 'mean' }];
  await expect(run(rule)).rejects.toThrow('side by side');
});
