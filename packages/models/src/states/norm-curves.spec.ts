import { createReferenceBackend } from '@claimbench/kernels';
import { afterEach, describe, expect, it } from 'vitest';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import type { EvaluationItem } from '../evaluation/items.ts';
import { fitTanh, normCurves } from './norm-curves.ts';

const backend = createReferenceBackend();
const size = { layers: 2, hiddenSize: 16, heads: 2, feedForwardSize: 32, contextLength: 16 } as const;
const items = Array.from(
  { length: 6 },
  (_, seed): EvaluationItem => ({
    context: 0,
    tokens: Int32Array.from({ length: 11 }, (_, at) => (at * at * (seed + 3) + 7 * seed + 5) % 30),
    bytes: 11,
  }),
);
afterEach(() => expect(backend.liveBuffers).toBe(0));

describe('a curve', () => {
  const x = Array.from({ length: 201 }, (_, i) => (i - 100) / 20);

  it('that is a tanh is found, whatever its height and slope', () => {
    for (const b of [0.3, 1, 4]) {
      const { slope, gain } = fitTanh(
        x,
        x.map((value) => -2.5 * Math.tanh(b * value)),
      );
      expect(slope).toBeCloseTo(b, 4);
      expect(gain).toBeGreaterThan(1 - 1e-6);
    }
  });

  it('that is a line, or bends the other way, gains nothing', () => {
    expect(
      fitTanh(
        x,
        x.map((value) => 3 * value),
      ).gain,
    ).toBe(0);
    expect(
      fitTanh(
        x,
        x.map((value) => 3 * value + 1),
      ).gain,
    ).toBe(0);
    // Off the middle as well.
    const far = x.map((value) => value + 7);
    expect(
      fitTanh(
        far,
        far.map((value) => value * value),
      ).gain,
    ).toBeLessThan(-1);
    expect(
      fitTanh(
        x,
        x.map((value) => value ** 3),
      ).gain,
    ).toBeLessThan(0);
  });

  it('has the gain that is computed by hand', () => {
    // A step: a line through it has the slope 6 / 10 and errs by 2 (0.4^2 + 0.2^2), a steep tanh nowhere.
    expect(fitTanh([-2, -1, 1, 2], [-1, -1, 1, 1]).gain).toBeGreaterThan(1 - 1e-9);
    // With outputs +-1 at +-1 and +-1.5 at +-2 the line c x has c = 8 / 10 and errs by 2 (0.2^2 + 0.1^2) = 0.1. A tanh goes through
    // both points where tanh(2 b) / tanh(b) = 1.5: 2 / (1 + t^2) = 1.5, t = tanh(b) = sqrt(1 / 3).
    const { slope, gain } = fitTanh([-2, -1, 1, 2], [-1.5, -1, 1, 1.5]);
    expect(slope).toBeCloseTo(Math.atanh(Math.sqrt(1 / 3)), 5);
    expect(gain).toBeCloseTo(1, 6);
    // With noise of +-0.1 apart from that curve, equal inputs twice: both err by 8 * 0.01, the line by 2 * 0.1 more.
    const twice = [-2, -1, 1, 2, -2, -1, 1, 2];
    const noisy = [-1.4, -0.9, 1.1, 1.6, -1.6, -1.1, 0.9, 1.4];
    expect(fitTanh(twice, noisy).gain).toBeCloseTo(1 - 0.08 / 0.28, 6);
  });
});

describe('norms of a decoder', () => {
  it('are those of its layers in order and the final one', async () => {
    using decoder = Decoder.initialise(backend, decoderConfig({ style: 'gpt2', ...size }, 30), 1);
    expect((await normCurves(decoder, items)).map(({ name }) => name)).toEqual([
      'layers.0.norms.attentionInput',
      'layers.0.norms.mlpInput',
      'layers.1.norms.attentionInput',
      'layers.1.norms.mlpInput',
      'norms.final',
    ]);
  });

  it('are looked at before gain and bias, and a line where all tokens are of one size', async () => {
    using decoder = Decoder.initialise(backend, decoderConfig({ style: 'llama', ...size }, 30), 1);
    const signs = await decoder.readParameter('embed_tokens.weight');
    // Every state has the same root mean square: what the first norm does is to multiply by one number.
    decoder.writeParameter('embed_tokens.weight', signs.map(Math.sign));
    const gains = (await decoder.readParameter('layers.0.norms.attentionInput.weight')).map((_, i) => i - 3);
    decoder.writeParameter('layers.0.norms.attentionInput.weight', gains);
    const [first] = await normCurves(decoder, items);
    expect(first!.gain).toBe(0);
    // Tokens of very different sizes, all brought to one: an S.
    decoder.writeParameter(
      'embed_tokens.weight',
      signs.map((w, i) => Math.sign(w) * (1 + (Math.floor(i / 16) % 3) * 10)),
    );
    const [bent] = await normCurves(decoder, items);
    expect(bent!.gain).toBeGreaterThan(0.9);
  });

  it('are none where there are none', async () => {
    const config = decoderConfig({ style: 'llama', ...size }, 30);
    const none = { kind: 'none' };
    const bare = { ...config, norms: { ...config.norms, attentionInput: none, mlpInput: none, final: none } };
    using decoder = Decoder.initialise(backend, bare, 1);
    expect(await normCurves(decoder, items)).toEqual([]);
  });
});
