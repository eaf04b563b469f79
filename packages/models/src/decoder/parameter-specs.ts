import { type DecoderConfig, NORM_PLACES, type NormPlace, normAt } from './config.ts';
import type { LayerPlan } from './layer-plan.ts';
import { bindNorm, type NormSpec } from './norm.ts';
import type { InitialValues, ParameterSpec } from './parameters.ts';

/** The linear layers of one decoder layer, by the names that transformers gives Llama's. */
export const ATTENTION_LINEARS = ['q_proj', 'k_proj', 'v_proj', 'o_proj'] as const;
export const MLP_LINEARS = ['gate_proj', 'up_proj', 'down_proj'] as const;

/** The norms that belong to each half of a layer. */
const ATTENTION_NORMS = ['attentionInput', 'query', 'key', 'attentionOutput', 'attentionResidual'] as const;
const MLP_NORMS = ['mlpInput', 'mlpOutput', 'mlpResidual'] as const;

/** A linear of the model before it exists. */
export interface LinearSpec {
  readonly name: string;
  readonly inSize: number;
  readonly outSize: number;
  readonly bias: boolean;
  readonly initial: InitialValues;
}

/** Every linear of the layers, in order. With tied embeddings `lm_head` reads the embedding's weight and is not listed. */
export function linearSpecs(config: DecoderConfig): readonly LinearSpec[] {
  const { hiddenSize, feedForwardSize, headSize, bias, initialisation, layers } = config;
  const queries = config.heads * headSize;
  const keys = config.keyValueHeads * headSize;
  const initial: InitialValues = { kind: 'normal', standardDeviation: initialisation.standardDeviation };
  const intoStream: InitialValues = initialisation.scaledResidual
    ? { kind: 'normal', standardDeviation: initialisation.standardDeviation / Math.sqrt(2 * layers) }
    : initial;
  const specs: LinearSpec[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const attention = `layers.${layer}.self_attn`;
    const mlp = `layers.${layer}.mlp`;
    specs.push(
      { name: `${attention}.q_proj`, inSize: hiddenSize, outSize: queries, bias: bias.queryKeyValue, initial },
      { name: `${attention}.k_proj`, inSize: hiddenSize, outSize: keys, bias: bias.queryKeyValue, initial },
      { name: `${attention}.v_proj`, inSize: hiddenSize, outSize: keys, bias: bias.queryKeyValue, initial },
      {
        name: `${attention}.o_proj`,
        inSize: queries,
        outSize: hiddenSize,
        bias: bias.attentionOutput,
        initial: intoStream,
      },
    );
    if (config.gated) {
      specs.push({ name: `${mlp}.gate_proj`, inSize: hiddenSize, outSize: feedForwardSize, bias: bias.mlp, initial });
    }
    specs.push(
      { name: `${mlp}.up_proj`, inSize: hiddenSize, outSize: feedForwardSize, bias: bias.mlp, initial },
      { name: `${mlp}.down_proj`, inSize: feedForwardSize, outSize: hiddenSize, bias: bias.mlp, initial: intoStream },
    );
  }
  if (!config.tiedEmbeddings) {
    specs.push({ name: 'lm_head', inSize: hiddenSize, outSize: config.vocabularySize, bias: bias.logits, initial });
  }
  return specs;
}

/** Name of a norm's parameters: `norms.final` or `layers.3.norms.mlpInput`. */
export function normName(place: NormPlace, layer?: number): string {
  return layer === undefined ? `norms.${place}` : `layers.${layer}.norms.${place}`;
}

/** Linears and norms of the layers and sub-layers that a plan never runs, in order. */
export function namesOutside(plan: LayerPlan, config: DecoderConfig): string[] {
  const runs = (layer: number, part: 'attention' | 'mlp') =>
    plan.some((step) => step.layer === layer && (step.part === 'layer' || step.part === part));
  const linears = linearSpecs(config).map(({ name }) => name);
  return Array.from({ length: config.layers }, (_, layer) => layer).flatMap((layer) => {
    const names: string[] = [];
    if (!runs(layer, 'attention')) {
      names.push(...linears.filter((name) => name.startsWith(`layers.${layer}.self_attn.`)));
      names.push(...ATTENTION_NORMS.map((place) => normName(place, layer)));
    }
    if (!runs(layer, 'mlp')) {
      names.push(...linears.filter((name) => name.startsWith(`layers.${layer}.mlp.`)));
      names.push(...MLP_NORMS.map((place) => normName(place, layer)));
    }
    return names;
  });
}

/** Every parameter of the config, in a fixed order: embeddings, layers, final norm, logits. */
export function parameterSpecs(config: DecoderConfig): readonly ParameterSpec[] {
  const { hiddenSize, vocabularySize, contextLength, initialisation } = config;
  const initial: InitialValues = { kind: 'normal', standardDeviation: initialisation.standardDeviation };
  const specs: ParameterSpec[] = [{ name: 'embed_tokens.weight', shape: [vocabularySize, hiddenSize], initial }];
  if (config.position.kind === 'learned') {
    specs.push({ name: 'embed_positions.weight', shape: [contextLength, hiddenSize], initial });
  }
  const addNorm = (place: NormPlace, spec: NormSpec, layer?: number) => {
    const size = place === 'query' || place === 'key' ? config.headSize : hiddenSize;
    for (const parameter of bindNorm(spec).parameters(size)) {
      specs.push({ ...parameter, name: `${normName(place, layer)}.${parameter.name}` });
    }
  };
  addNorm('embedding', config.norms.embedding);
  for (let layer = 0; layer < config.layers; layer++) {
    for (const place of NORM_PLACES) {
      if (place !== 'embedding' && place !== 'final') addNorm(place, normAt(config, layer, place), layer);
    }
  }
  addNorm('final', config.norms.final);
  for (const linear of linearSpecs(config)) {
    specs.push({ name: `${linear.name}.weight`, shape: [linear.outSize, linear.inSize], initial: linear.initial });
    if (linear.bias) {
      specs.push({ name: `${linear.name}.bias`, shape: [linear.outSize], initial: { kind: 'constant', value: 0 } });
    }
  }
  if (config.tiedEmbeddings && config.bias.logits) {
    specs.push({ name: 'lm_head.bias', shape: [vocabularySize], initial: { kind: 'constant', value: 0 } });
  }
  return specs;
}
