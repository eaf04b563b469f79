import { createReferenceBackend } from '@claimbench/kernels';
import { Decoder, decoderConfig, parameterSpecs, parseDecoderConfig, preNorm } from '@claimbench/models';
import { pruneByWanda } from '../pruning/wanda.ts';
import { Findings, type GoldenCheck, type GoldenFinding } from './finding.ts';
import type { GoldenCase } from './values.ts';

/**
 * The golden stack x + fc2(silu(fc1(x))) as one of our decoders without norms, whose attention adds nothing. Cases of magnitude pruning and
 * of the bisection variant belong to other rules than ours and are passed over.
 */
export const wandaCheck: GoldenCheck = async (golden) => {
  if (golden.text('method') !== 'wanda' || golden.flag('use_variant')) return [];
  const n = golden.number('params', 'n');
  const pattern = n === 0 ? 'free' : n === 2 ? '2:4' : '4:8';
  const backend = createReferenceBackend();
  const { decoder, windows } = goldenDecoder(golden, backend);
  try {
    await pruneByWanda(decoder, windows, { sparsity: golden.number('params', 'sparsity'), pattern });
    const findings: GoldenFinding[] = [];
    for (const layer of [0, 1]) {
      for (const [theirs, ours] of [['fc1', 'up_proj'], ['fc2', 'down_proj']] as const) {
        const values = await decoder.readParameter(`layers.${layer}.mlp.${ours}.weight`);
        const removed = [...values].map((w) => (w === 0 ? 1 : 0));
        findings.push(...new Findings(golden).equal(`mask_removed.layer${layer}.${theirs}`, removed).list);
      }
    }
    return findings;
  } finally {
    decoder.dispose();
    backend.close();
  }
};

function goldenDecoder(golden: GoldenCase, backend: ReturnType<typeof createReferenceBackend>) {
  const [samples, time, width] = golden.array('inputs', 'X').shape as [number, number, number];
  const feedForwardSize = golden.array('inputs', 'layer0.fc1').shape[0]!;
  const shape = { style: 'llama', layers: 2, hiddenSize: width, heads: 1, feedForwardSize, contextLength: time } as const;
  const config = parseDecoderConfig({
    ...decoderConfig(shape, samples * time),
    position: { kind: 'none' },
    gated: false,
    norms: preNorm({ kind: 'none' }),
  });
  const given = new Map([['embed_tokens.weight', golden.floats('inputs', 'X')]]);
  for (const layer of [0, 1]) {
    given.set(`layers.${layer}.mlp.up_proj.weight`, golden.floats('inputs', `layer${layer}.fc1`));
    given.set(`layers.${layer}.mlp.down_proj.weight`, golden.floats('inputs', `layer${layer}.fc2`));
  }
  const parameters = parameterSpecs(config).map(({ name, shape: extents }) => {
    const size = extents.reduce((product, extent) => product * extent, 1);
    return [name, { shape: extents, data: given.get(name) ?? new Float32Array(size) }] as const;
  });
  return {
    decoder: Decoder.fromValues(backend, config, new Map(parameters)),
    windows: { tokens: Int32Array.from({ length: samples * time }, (_, i) => i), windows: samples, time },
  };
}
