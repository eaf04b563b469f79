import { createReferenceBackend } from '@claimbench/kernels';
import { Decoder, decoderConfig, parameterSpecs, parseDecoderConfig, preNorm, type TokenWindows } from '@claimbench/models';
import { dropOrder, sublayerSimilarities } from '../pruning/attention-drop.ts';
import { Findings, type GoldenCheck } from './finding.ts';
import type { GoldenCase } from './values.ts';

/**
 * The golden stack as one of our decoders: with queries and keys of zero attention is the causal mean of the values, the embedding table
 * holds the inputs, one token each, and the final norm plays no part. The variant that keeps the norm compares something else (the
 * norm's output with the branch alone) and is no technique here: its cases are passed over.
 */
export const llmDropCheck: GoldenCheck = async (golden) => {
  if (!golden.flag('drop_norm')) return [];
  const target = ({ all: 'joint', attn: 'attention', mlp: 'mlp' } as const)[golden.text('target') as 'all' | 'attn' | 'mlp'];
  const { decoder, windows, close } = goldenDecoder(golden);
  try {
    const similarities = await sublayerSimilarities(decoder, windows);
    const { layers } = decoder.config;
    const dropped = dropOrder(similarities, target)
      .slice(0, golden.number('params', 'drop_n'))
      .map(({ layer, part }) => (target === 'joint' && part === 'mlp' ? layers + layer : layer));
    const findings = new Findings(golden).equal('dropped', dropped);
    if (target !== 'mlp') findings.close('similarity_attn', similarities.attention, 1e-5);
    if (target !== 'attention') findings.close('similarity_mlp', similarities.mlp, 1e-5);
    return findings.list;
  } finally {
    close();
  }
};

function goldenDecoder(golden: GoldenCase): { decoder: Decoder; windows: TokenWindows; close(): void } {
  const [batch, time, width] = golden.array('inputs', 'X').shape as [number, number, number];
  const [layers, feedForwardSize] = golden.array('inputs', 'A').shape as [number, number];
  const shape = { style: 'llama', layers, hiddenSize: width, heads: 1, feedForwardSize, contextLength: time } as const;
  const config = parseDecoderConfig({
    ...decoderConfig(shape, batch * time),
    position: { kind: 'none' },
    gated: false,
    norms: preNorm({ kind: 'rms-norm', eps: 1e-6 }),
  });
  const ofLayer = (name: string, layer: number) => {
    const { data, shape: extents } = golden.array('inputs', name);
    const size = extents.slice(1).reduce((product, extent) => product * extent, 1);
    return Float32Array.from(data.slice(layer * size, (layer + 1) * size));
  };
  const identity = Float32Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0));
  const values = new Map<string, Float32Array>([['embed_tokens.weight', golden.floats('inputs', 'X')]]);
  for (let layer = 0; layer < layers; layer++) {
    const at = `layers.${layer}`;
    values.set(`${at}.norms.attentionInput.weight`, ofLayer('g1', layer));
    values.set(`${at}.norms.mlpInput.weight`, ofLayer('g2', layer));
    values.set(`${at}.self_attn.v_proj.weight`, ofLayer('Wa', layer));
    values.set(`${at}.self_attn.o_proj.weight`, identity);
    values.set(`${at}.mlp.up_proj.weight`, ofLayer('A', layer));
    values.set(`${at}.mlp.down_proj.weight`, ofLayer('B', layer));
  }
  const backend = createReferenceBackend();
  const parameters = parameterSpecs(config).map(({ name, shape: extents }) => {
    const size = extents.reduce((product, extent) => product * extent, 1);
    return [name, { shape: extents, data: values.get(name) ?? new Float32Array(size) }] as const;
  });
  const decoder = Decoder.fromValues(backend, config, new Map(parameters));
  return {
    decoder,
    windows: { tokens: Int32Array.from({ length: batch * time }, (_, i) => i), windows: batch, time },
    close() {
      decoder.dispose();
      backend.close();
    },
  };
}
