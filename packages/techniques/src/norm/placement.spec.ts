import { readFileSync } from 'node:fs';
import { createReferenceBackend, scope, Tensor } from '@claimbench/kernels';
import { Decoder, type DecoderConfig, decoderConfig, parseDecoderConfig, preNorm } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { largestDifference, logitsOf, smallConfig, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';

function changed(id: string, config: DecoderConfig, parameters: Record<string, unknown> = {}): DecoderConfig {
  const technique = resolveTechnique({ id, parameters });
  if (technique.seam !== 'architecture') throw new Error(`${id} acts at ${technique.seam}`);
  return technique.changeConfig(config);
}

interface Values {
  shape: number[];
  data: number[];
}
interface PlacementCase {
  id: string;
  arrangement: 'pre' | 'post_pre' | 'sandwich' | 'LNS';
  postLayers: number;
  layers: number;
  eps: number;
  x: Values;
  W_att: Values;
  A: Values;
  B: Values;
  n1: Values;
  n2: Values;
  n3: Values;
  n4: Values;
  states: Values;
}
const cases: PlacementCase[] = JSON.parse(
  readFileSync(new URL('../../golden/norm-placement.json', import.meta.url), 'utf8'),
).cases;

/** Row `index` of the first axis. */
const row = ({ shape, data }: Values, index: number) => {
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  return Float32Array.from(data.slice(index * size, (index + 1) * size));
};

/**
 * The golden stack as one of our decoders. With queries and keys of zero, attention is the causal mean of the values; the embedding
 * table holds the golden inputs, one token each. The final norm plays no part.
 */
async function statesOf(sample: PlacementCase): Promise<Float32Array[]> {
  const { layers, eps, x } = sample;
  const [batch, time, width] = x.shape as [number, number, number];
  const plain = decoderConfig(
    { style: 'llama', layers, hiddenSize: width, heads: 1, feedForwardSize: sample.A.shape[1]!, contextLength: time },
    batch * time,
  );
  const base = parseDecoderConfig({
    ...plain,
    position: { kind: 'none' },
    gated: false,
    norms: preNorm({ kind: 'rms-norm', eps }),
  });
  const config = {
    pre: () => base,
    post_pre: () => changed('mix-ln', base, { share: sample.postLayers / layers }),
    LNS: () => changed('layer-norm-scaling', base),
    sandwich: () => changed('peri-ln', base, { embedding: false }),
  }[sample.arrangement]();
  const backend = createReferenceBackend();
  using decoder = Decoder.initialise(backend, config, 1);
  const set = (name: string, values: Float32Array) => decoder.writeParameter(name, values);
  const identity = Float32Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0));
  set('embed_tokens.weight', Float32Array.from(x.data));
  for (let layer = 0; layer < layers; layer++) {
    const name = `layers.${layer}`;
    for (const projection of ['q_proj', 'k_proj'])
      set(`${name}.self_attn.${projection}.weight`, new Float32Array(width * width));
    set(`${name}.self_attn.v_proj.weight`, identity);
    set(`${name}.self_attn.o_proj.weight`, row(sample.W_att, layer));
    set(`${name}.mlp.up_proj.weight`, row(sample.A, layer));
    set(`${name}.mlp.down_proj.weight`, row(sample.B, layer));
    // Which gain stands where differs between the authors' arrangements.
    const gains =
      sample.arrangement === 'sandwich'
        ? { attentionInput: sample.n1, attentionOutput: sample.n2, mlpInput: sample.n3, mlpOutput: sample.n4 }
        : { attentionInput: sample.n1, attentionResidual: sample.n2, mlpInput: sample.n2, mlpResidual: sample.n4 };
    for (const [place, gain] of Object.entries(gains)) {
      const parameter = `${name}.norms.${place}.weight`;
      if (decoder.parameters.has(parameter)) set(parameter, row(gain, layer));
    }
  }
  const states: Promise<Float32Array>[] = [];
  for (let layer = 0; layer < layers; layer++) {
    decoder.hooks.on(`layers.${layer}.output`, (value) => {
      states.push(value.readFloats());
      return undefined;
    });
  }
  using ids = Tensor.from(
    backend,
    Int32Array.from({ length: batch * time }, (_, i) => i),
    [batch, time],
  );
  using hidden = scope(() => decoder.hidden(ids));
  await hidden.readFloats();
  return await Promise.all(states);
}

describe('placements of norms', () => {
  it.each(cases)("give the states of their authors' code: $id", async (sample) => {
    const states = await statesOf(sample);
    expect(states).toHaveLength(sample.layers);
    states.forEach((state, layer) => {
      const expected = row(sample.states, layer);
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largestDifference(state, expected) / largest, `layer ${layer}`).toBeLessThan(1e-5);
    });
  });

  it('change what a model computes', async () => {
    const plain = await logitsOf(smallDecoder());
    for (const id of ['mix-ln', 'layer-norm-scaling', 'peri-ln']) {
      const logits = await logitsOf(smallDecoder(changed(id, smallConfig())));
      expect(logits.every(Number.isFinite), id).toBe(true);
      expect(largestDifference(plain, logits), id).toBeGreaterThan(1e-4);
    }
  });

  it('refuse a model that is not pre-norm', () => {
    const bare = { ...smallConfig(), norms: preNorm({ kind: 'none' }) };
    for (const id of ['mix-ln', 'layer-norm-scaling', 'peri-ln']) {
      expect(() => changed(id, bare)).toThrow(expect.objectContaining({ code: 'technique-does-not-fit' }));
    }
  });
});

describe('Mix-LN', () => {
  it('has the model itself at one end and post-norm everywhere at the other', () => {
    const config = smallConfig();
    expect(changed('mix-ln', config, { share: 0 })).toEqual(config);
    expect(changed('mix-ln', config, { share: 1 }).normOverrides[0]?.layers).toEqual([0, 1, 2, 3]);
    expect(changed('mix-ln', config, { share: 0.49 }).normOverrides[0]?.layers).toEqual([0]);
  });
});
