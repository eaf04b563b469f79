import { readFileSync } from 'node:fs';
import { type Backend, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSafetensors } from '../checkpoints/safetensors.ts';
import { readTransformers } from '../checkpoints/transformers/read.ts';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { beamSearch } from './beam-search.ts';
import { generate } from './generate.ts';
import { logProbabilities } from './sampling.ts';

const config = {
  ...decoderConfig({ style: 'llama', layers: 2, hiddenSize: 16, heads: 4, feedForwardSize: 24, contextLength: 40 }, 5),
  tiedEmbeddings: false,
  initialisation: { standardDeviation: 0.4, scaledResidual: false },
};
const prompt = Int32Array.of(1, 4, 2);

let backend: Backend;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
});
afterEach(() => {
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

interface Whole {
  readonly tokens: readonly number[];
  readonly logProbability: number;
}

/** Every text of up to `steps` tokens, ended by the stop token or by its length. */
async function everyText(decoder: Decoder, steps: number, stopToken: number | undefined): Promise<readonly Whole[]> {
  const ended: Whole[] = [];
  let open: readonly Whole[] = [{ tokens: [], logProbability: 0 }];
  for (let step = 1; step <= steps; step++) {
    const longer: Whole[] = [];
    for (const { tokens, logProbability } of open) {
      const ids = Int32Array.of(...prompt, ...tokens);
      using logits = scope(() => decoder.logits(Tensor.from(backend, ids, [1, ids.length]), undefined, { last: 1 }));
      for (const [token, value] of logProbabilities(await logits.readFloats()).entries()) {
        if (token === stopToken) ended.push({ tokens: [...tokens], logProbability: logProbability + value });
        else longer.push({ tokens: [...tokens, token], logProbability: logProbability + value });
      }
    }
    open = longer;
  }
  return [...ended, ...open];
}

describe('beam search', () => {
  test.each([
    [undefined, 0],
    [undefined, 1],
    [0, 0],
    [0, 1],
    [3, 2],
  ])('with beams enough is exhaustive search (stop token %s, length penalty %i)', async (stopToken, lengthPenalty) => {
    using decoder = Decoder.initialise(backend, config, 5);
    const all = (await everyText(decoder, 4, stopToken)).map((text) => {
      const stopped = stopToken !== undefined && text.tokens.length < 4;
      return { ...text, score: text.logProbability / (text.tokens.length + (stopped ? 1 : 0)) ** lengthPenalty };
    });
    // The stop token of a text of three tokens is its fourth.
    const scored = all.toSorted((a, b) => b.score - a.score);
    const found = await beamSearch(decoder, prompt, {
      steps: 4,
      beams: 700,
      lengthPenalty,
      ...(stopToken === undefined ? {} : { stopToken }),
    });
    expect(found).toHaveLength(all.length);
    for (const [rank, { tokens, score, logProbability }] of found.entries()) {
      expect(score).toBeCloseTo(scored[rank]!.score, 5);
      const same = all.find((text) => text.tokens.join() === [...tokens].join() && Math.abs(text.score - score) < 1e-4);
      expect(logProbability).toBeCloseTo(same!.logProbability, 5);
    }
  });

  test('with one beam writes the greedy text', async () => {
    using decoder = Decoder.initialise(backend, config, 5);
    const [greedy] = await generate(decoder, [prompt], { steps: 20 });
    const [text] = await beamSearch(decoder, prompt, { steps: 20, beams: 1 });
    expect(text!.tokens).toEqual(greedy);
  });

  test('with few beams finds no better text than with many, and the best text’s own probability', async () => {
    using decoder = Decoder.initialise(backend, config, 5);
    const best = async (beams: number) =>
      (await beamSearch(decoder, prompt, { steps: 6, beams, lengthPenalty: 0 }))[0]!;
    const [narrow, wide, whole] = [await best(1), await best(3), await best(5 ** 5)];
    expect(wide.logProbability).toBeGreaterThanOrEqual(narrow.logProbability);
    expect(whole.logProbability).toBeGreaterThanOrEqual(wide.logProbability);
    const ids = Int32Array.of(...prompt, ...whole.tokens);
    using logits = scope(() => decoder.logits(Tensor.from(backend, ids, [1, ids.length])));
    const values = await logits.readFloats();
    const sum = whole.tokens.reduce((total, token, at) => {
      const from = (prompt.length - 1 + at) * 5;
      return total + logProbabilities(values.subarray(from, from + 5))[token]!;
    }, 0);
    expect(whole.logProbability).toBeCloseTo(sum, 5);
  });

  test('refuses no beams, a negative penalty, and texts beyond the context', async () => {
    using decoder = Decoder.initialise(backend, config, 5);
    const search = (options: object) => beamSearch(decoder, prompt, { steps: 2, beams: 2, ...options });
    await expect(search({ beams: 0 })).rejects.toThrow('found 0');
    await expect(search({ lengthPenalty: -1 })).rejects.toThrow('found -1');
    await expect(search({ steps: 39 })).rejects.toMatchObject({ code: 'shape-mismatch' });
  });
});

// golden/beams/make.py made them with transformers.
describe('on golden models', () => {
  const file = (path: string) => readFileSync(new URL(`../../golden/${path}`, import.meta.url));
  const golden = JSON.parse(file('beams/beams.json').toString('utf8')) as {
    readonly cases: readonly {
      readonly model: string;
      readonly prompt: readonly number[];
      readonly beams: number;
      readonly steps: number;
      readonly length_penalty: number;
      readonly stop: number | null;
      readonly texts: readonly { readonly tokens: readonly number[]; readonly score: number }[];
    }[];
  };

  test.each(golden.cases)(
    '$model, $beams beams, penalty $length_penalty, stop $stop: as transformers',
    async (wanted) => {
      const folder = `models/${wanted.model}/`;
      const weights = readSafetensors(file(`${folder}model.safetensors`));
      const checkpoint = readTransformers(JSON.parse(file(`${folder}config.json`).toString('utf8')), weights);
      using decoder = Decoder.fromValues(backend, checkpoint.config, checkpoint.parameters);
      const texts = await beamSearch(decoder, Int32Array.from(wanted.prompt), {
        steps: wanted.steps,
        beams: wanted.beams,
        lengthPenalty: wanted.length_penalty,
        ...(wanted.stop === null ? {} : { stopToken: wanted.stop }),
      });
      expect(texts.map(({ tokens }) => [...tokens])).toEqual(wanted.texts.map(({ tokens }) => tokens));
      for (const [rank, { score }] of texts.entries()) expect(score).toBeCloseTo(wanted.texts[rank]!.score, 4);
    },
  );
});
