import { type DecoderConfig, LAYER_NORM_PLACES, type LayerNormPlace, type NormPlace, normAt } from './config.ts';
import { type LayerPlan, stepsOf } from './layer-plan.ts';
import { type LayerShape, layerShape, streamEnds } from './layer-shape.ts';
import { bindNorm, type NormSpec } from './norm.ts';
import type { InitialValues, ParameterSpec } from './parameters.ts';
import { bindRouter } from './router.ts';

/** The linear layers of one decoder layer, by the names that transformers gives Llama's. */
export const ATTENTION_LINEARS = ['q_proj', 'k_proj', 'v_proj', 'o_proj'] as const;
export const MLP_LINEARS = ['gate_proj', 'up_proj', 'down_proj'] as const;

/** The norms that belong to each half of a layer; cross-attention goes with attention. */
const ATTENTION_NORMS = LAYER_NORM_PLACES.filter((place) => !place.startsWith('mlp'));
const MLP_NORMS = LAYER_NORM_PLACES.filter((place) => place.startsWith('mlp'));

/** A linear of the model before it exists. */
export interface LinearSpec {
  readonly name: string;
  readonly inSize: number;
  readonly outSize: number;
  readonly bias: boolean;
  readonly initial: InitialValues;
}

/**
 * Every linear, in order: those of the layers (named `layers.N.…`), then the logits' (`lm_head`), then what stands before and behind
 * the stack in some models. With tied embeddings `lm_head` reads the embedding's weight and is not listed.
 */
export function linearSpecs(config: DecoderConfig): readonly LinearSpec[] {
  const specs: LinearSpec[] = [];
  for (let layer = 0; layer < config.layers; layer++) specs.push(...layerLinears(config, layer));
  const { hiddenSize, vocabularySize, bias, input, logits } = config;
  const { first, last } = streamEnds(config);
  const initial = normal(config);
  if (!config.tiedEmbeddings) {
    const inSize = headSizeOf(config);
    specs.push({ name: 'lm_head', inSize, outSize: vocabularySize, bias: bias.logits, initial });
  }
  if (input.kind === 'patches') {
    const inSize = input.channels * input.patchSize ** 2;
    specs.push({ name: 'embed_patches', inSize, outSize: first, bias: true, initial });
  } else if (input.embeddingSize !== null) {
    specs.push({ name: 'embed_in', inSize: input.embeddingSize, outSize: first, bias: false, initial });
    specs.push({ name: 'embed_out', inSize: last, outSize: input.embeddingSize, bias: false, initial });
  }
  if (logits.transform !== null) {
    specs.push({ name: 'lm_head_transform', inSize: hiddenSize, outSize: hiddenSize, bias: true, initial });
  }
  config.exits.forEach(({ layer, head }, exit) => {
    if (head === 'shared') return;
    const inSize = layerShape(config, layer).stream.output;
    specs.push({ name: `exits.${exit}.lm_head`, inSize, outSize: vocabularySize, bias: false, initial });
  });
  return specs;
}

function layerLinears(config: DecoderConfig, layer: number): readonly LinearSpec[] {
  const { bias, layers, initialisation, crossAttention } = config;
  const shape = layerShape(config, layer);
  const { input, middle, output } = shape.stream;
  const queries = shape.heads * shape.headSize;
  const keys = shape.keyValueHeads * shape.headSize;
  const initial = normal(config);
  const intoStream: InitialValues = initialisation.scaledResidual
    ? { kind: 'normal', standardDeviation: initialisation.standardDeviation / Math.sqrt(2 * layers) }
    : initial;
  const specs: LinearSpec[] = [];
  const add = (name: string, inSize: number, outSize: number, biased: boolean, values = initial) =>
    specs.push({ name: `layers.${layer}.${name}`, inSize, outSize, bias: biased, initial: values });
  const attention = (name: string, stream: number, memory: number) => {
    add(`${name}.q_proj`, stream, queries, bias.queryKeyValue);
    add(`${name}.k_proj`, memory, keys, bias.queryKeyValue);
    add(`${name}.v_proj`, memory, keys, bias.queryKeyValue);
    add(`${name}.o_proj`, queries, middle, bias.attentionOutput, intoStream);
  };
  attention('self_attn', input, input);
  if (crossAttention !== null) attention('cross_attn', middle, crossAttention.memorySize);
  const mlpInput = config.residual.form === 'parallel' ? input : middle;
  if (config.gated) add('mlp.gate_proj', mlpInput, shape.feedForwardSize, bias.mlp);
  add('mlp.up_proj', mlpInput, shape.feedForwardSize, bias.mlp);
  add('mlp.down_proj', shape.feedForwardSize, output, bias.mlp, intoStream);
  if (shape.shortcuts) {
    add('attention_shortcut', input, middle, false);
    add('mlp_shortcut', middle, output, false);
  }
  return specs;
}

/** Name of a norm's parameters: `norms.final` or `layers.3.norms.mlpInput`. */
export function normName(place: NormPlace, layer?: number): string {
  return layer === undefined ? `norms.${place}` : `layers.${layer}.norms.${place}`;
}

/** Linears, norms, gates and routers of the layers and sub-layers that a plan never runs, in order. */
export function namesOutside(plan: LayerPlan, config: DecoderConfig): string[] {
  const steps = stepsOf(plan);
  const runs = (layer: number, part: 'attention' | 'mlp') =>
    steps.some((step) => step.layer === layer && (step.part === 'layer' || step.part === part));
  const linears = linearSpecs(config).map(({ name }) => name);
  return Array.from({ length: config.layers }, (_, layer) => layer).flatMap((layer) => {
    const names: string[] = [];
    const linearsOf = (module: string) => linears.filter((name) => name.startsWith(`layers.${layer}.${module}`));
    const besides = (part: string) => [`layers.${layer}.gates.${part}`, `layers.${layer}.routers.${part}`];
    const attention = runs(layer, 'attention');
    const mlp = runs(layer, 'mlp');
    if (!attention) {
      names.push(...['self_attn.', 'cross_attn.', 'attention_shortcut'].flatMap(linearsOf));
      // an MLP that reads attention's normed input still needs that norm
      const norms = ATTENTION_NORMS.filter(
        (place) => !(place === 'attentionInput' && mlp && config.residual.sharedInput),
      );
      names.push(...norms.map((place) => normName(place, layer)), ...besides('attention'), ...besides('cross'));
    }
    if (!mlp) {
      names.push(...['mlp.', 'mlp_shortcut'].flatMap(linearsOf));
      names.push(...MLP_NORMS.map((place) => normName(place, layer)), ...besides('mlp'));
    }
    if (!attention && !mlp) names.push(...besides('layer'));
    return names;
  });
}

/** Features that a norm sees at a place of a layer. */
function normSize(config: DecoderConfig, shape: LayerShape, place: LayerNormPlace): number {
  const perHead = config.attention.headNorms === 'head';
  switch (place) {
    case 'query':
      return perHead ? shape.headSize : shape.heads * shape.headSize;
    case 'key':
    case 'value':
      return perHead ? shape.headSize : shape.keyValueHeads * shape.headSize;
    case 'attentionInner':
      return shape.heads * shape.headSize;
    case 'mlpInner':
      return shape.feedForwardSize;
    case 'attentionInput':
      return shape.stream.input;
    case 'mlpOutput':
    case 'mlpResidual':
      return shape.stream.output;
    default:
      return shape.stream.middle;
  }
}

/** Every parameter of the config, in a fixed order: embeddings, norms layer by layer, linears, then what few models have. */
export function parameterSpecs(config: DecoderConfig): readonly ParameterSpec[] {
  const { vocabularySize, contextLength, input, position, logits } = config;
  const { first, last } = streamEnds(config);
  const initial = normal(config);
  const zero: InitialValues = { kind: 'constant', value: 0 };
  const specs: ParameterSpec[] = [];
  if (input.kind === 'tokens') {
    specs.push({ name: 'embed_tokens.weight', shape: [vocabularySize, input.embeddingSize ?? first], initial });
  }
  if (position.kind === 'learned') {
    specs.push({ name: 'embed_positions.weight', shape: [contextLength, first], initial });
  }
  const addNorm = (name: string, spec: NormSpec, size: number) => {
    for (const parameter of bindNorm(spec).parameters(size)) {
      specs.push({ ...parameter, name: `${name}.${parameter.name}` });
    }
  };
  addNorm(normName('embedding'), config.norms.embedding, first);
  for (let layer = 0; layer < config.layers; layer++) {
    const shape = layerShape(config, layer);
    for (const place of LAYER_NORM_PLACES) {
      addNorm(normName(place, layer), normAt(config, layer, place), normSize(config, shape, place));
    }
  }
  addNorm(normName('final'), config.norms.final, last);
  for (const linear of linearSpecs(config)) {
    specs.push({ name: `${linear.name}.weight`, shape: [linear.outSize, linear.inSize], initial: linear.initial });
    if (linear.bias) specs.push({ name: `${linear.name}.bias`, shape: [linear.outSize], initial: zero });
  }
  if (config.tiedEmbeddings && config.bias.logits) {
    specs.push({ name: 'lm_head.bias', shape: [vocabularySize], initial: zero });
  }
  if (input.kind === 'patches') specs.push({ name: 'embed_class.weight', shape: [1, first], initial });
  else if (input.types > 0) specs.push({ name: 'embed_types.weight', shape: [input.types, first], initial });
  if (position.kind === 'relative') {
    specs.push({ name: 'relative_bias.weight', shape: [position.buckets, config.heads], initial });
  }
  if (logits.transform !== null) addNorm('norms.transform', logits.transform.norm, config.hiddenSize);
  specs.push(...gateSpecs(config));
  config.exits.forEach(({ layer, norm }, exit) => {
    addNorm(`exits.${exit}.norm`, norm, layerShape(config, layer).stream.output);
  });
  return specs;
}

/** Learned factors of branches, and routers. */
function gateSpecs(config: DecoderConfig): readonly ParameterSpec[] {
  const specs: ParameterSpec[] = [];
  const { gate } = config.residual;
  for (let layer = 0; layer < config.layers; layer++) {
    const { input, middle, output } = layerShape(config, layer).stream;
    if (gate.kind !== 'none') {
      const initial: InitialValues = { kind: 'constant', value: gate.initial };
      const size = (width: number) => (gate.kind === 'scalar' ? 1 : width);
      specs.push({ name: `layers.${layer}.gates.attention`, shape: [size(middle)], initial });
      if (config.crossAttention !== null) {
        specs.push({ name: `layers.${layer}.gates.cross`, shape: [size(middle)], initial });
      }
      specs.push({ name: `layers.${layer}.gates.mlp`, shape: [size(output)], initial });
    }
    for (const { layers, part, router } of config.routers) {
      if (!layers.includes(layer)) continue;
      for (const parameter of bindRouter(router).parameters(part === 'mlp' ? middle : input)) {
        specs.push({ ...parameter, name: `layers.${layer}.routers.${part}.${parameter.name}` });
      }
    }
  }
  return specs;
}

/** Features that the logits' head reads. */
function headSizeOf(config: DecoderConfig): number {
  const { input } = config;
  const { last } = streamEnds(config);
  return input.kind === 'tokens' ? (input.embeddingSize ?? last) : last;
}

function normal({ initialisation }: DecoderConfig): InitialValues {
  return { kind: 'normal', standardDeviation: initialisation.standardDeviation };
}
