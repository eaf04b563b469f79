import { globalNorm, scope, Tensor, valueAndGrad } from '@claimbench/kernels';
import type { TokenWindows } from '../data/calibration-windows.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { IGNORED } from '../ignored.ts';
import { tokenLoss } from '../training/optimise.ts';
import { batchesOf } from './capture.ts';
import { visitResidualStates } from './residual-states.ts';
import { cosines, Mean } from './similarity.ts';

/**
 * What a trained decoder looks like inside, on a few windows of text. Early and late layers are the first and the last quarter, one at
 * least; the middle are the layers between them. A number that needs more layers than there are is NaN.
 */
export interface Diagnosis {
  /** Mean over layers and tokens of the cosine of the residual stream before and after attention, and before and after the MLP. */
  readonly similarityAttention: number;
  readonly similarityMlp: number;
  /** Mean cosine of the states that enter neighbouring layers. */
  readonly similarityNeighbours: number;
  /** Mean cosine of the states that enter each two middle layers; of those that enter an outer and a middle layer. */
  readonly similarityMiddle: number;
  readonly similarityOuter: number;
  /** Geometric mean over early, and over late layers of the norm of the gradient of all weights of a layer. */
  readonly gradientNormEarly: number;
  readonly gradientNormLate: number;
  /** Standard deviation over layers of the logarithm of that norm. */
  readonly gradientSpread: number;
  /** Root mean square of the residual stream after the first, and after the last layer; largest absolute value after any layer. */
  readonly stateSizeEarly: number;
  readonly stateSizeLate: number;
  readonly stateLargest: number;
}

export async function diagnose(decoder: Decoder, windows: TokenWindows): Promise<Diagnosis> {
  return { ...(await diagnoseStates(decoder, windows)), ...(await diagnoseGradients(decoder, windows)) };
}

async function diagnoseStates(decoder: Decoder, windows: TokenWindows) {
  const { layers } = decoder.config;
  const outer = outerLayers(layers);
  const isOuter = (layer: number) => layer < outer || layer >= layers - outer;
  const means = {
    similarityAttention: new Mean(),
    similarityMlp: new Mean(),
    similarityNeighbours: new Mean(),
    similarityMiddle: new Mean(),
    similarityOuter: new Mean(),
  };
  const [first, last] = [new Mean(), new Mean()];
  let stateLargest = 0;
  await visitResidualStates(decoder, windows, ({ states, between, width }) => {
    for (let layer = 0; layer < layers; layer++) {
      means.similarityAttention.add(cosines(states[layer]!, between[layer]!, width));
      means.similarityMlp.add(cosines(between[layer]!, states[layer + 1]!, width));
      means.similarityNeighbours.add(cosines(states[layer]!, states[layer + 1]!, width));
      for (const value of states[layer + 1]!) stateLargest = Math.max(stateLargest, Math.abs(value));
      for (let other = 0; other < layer; other++) {
        if (isOuter(layer) && isOuter(other)) continue;
        const mean = isOuter(layer) || isOuter(other) ? means.similarityOuter : means.similarityMiddle;
        mean.add(cosines(states[layer]!, states[other]!, width));
      }
    }
    first.add(states[1]!.map((value) => value * value));
    last.add(states[layers]!.map((value) => value * value));
  });
  const measured = Object.entries(means).map(([name, mean]) => [name, mean.value]);
  return {
    ...(Object.fromEntries(measured) as Record<keyof typeof means, number>),
    stateSizeEarly: Math.sqrt(first.value),
    stateSizeLate: Math.sqrt(last.value),
    stateLargest,
  };
}

async function diagnoseGradients(decoder: Decoder, windows: TokenWindows) {
  const { layers } = decoder.config;
  const ofLayer = Array.from({ length: layers }, (_, layer) =>
    [...decoder.trainable].flatMap(([name, tensor]) => (name.startsWith(`layers.${layer}.`) ? [tensor] : [])),
  );
  const squares = new Float64Array(layers);
  const batches = batchesOf(windows);
  for (const { ids, windows: count } of batches) {
    const norms = scope(() => {
      const { gradients } = valueAndGrad(ofLayer.flat(), () => lossInWindows(decoder, ids, count, windows.time));
      let at = 0;
      return ofLayer.map(({ length }) => {
        const ours = gradients.slice(at, at + length);
        at += length;
        return globalNorm(ours);
      });
    });
    for (const [layer, norm] of norms.entries()) {
      squares[layer]! += (await norm.readFloats())[0]! ** 2 / batches.length;
      norm.dispose();
    }
  }
  const logs = Array.from(squares, (square) => Math.log(square) / 2);
  const outer = outerLayers(layers);
  const mean = average(logs);
  return {
    gradientNormEarly: Math.exp(average(logs.slice(0, outer))),
    gradientNormLate: Math.exp(average(logs.slice(layers - outer))),
    gradientSpread: Math.sqrt(average(logs.map((log) => (log - mean) ** 2))),
  };
}

/** Mean cross-entropy of the windows' own next tokens; the last token of a window has none. */
export function lossInWindows(decoder: Decoder, ids: Int32Array, windows: number, time: number): Tensor {
  const targets = ids.map((_, i) => ((i + 1) % time === 0 ? IGNORED : ids[i + 1]!));
  const { backend } = decoder;
  return tokenLoss(
    decoder.logits(Tensor.from(backend, ids, [windows, time])),
    Tensor.from(backend, targets, [windows, time]),
  );
}

function outerLayers(layers: number): number {
  return Math.max(1, Math.floor(layers / 4));
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
