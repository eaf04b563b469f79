import { ModelError } from '../model-error.ts';
import type { DecoderConfig } from './config.ts';
import { checkLayerPlan, fullPlan } from './layer-plan.ts';
import { type LayerShape, layerShape, streamEnds } from './layer-shape.ts';

function refuse(message: string): never {
  throw new ModelError('invalid-config', `decoder config: ${message}`);
}

/** What must fit together in a config whose fields are right one by one. Throws `invalid-config` or `invalid-layer-plan`. */
export function checkFits(config: DecoderConfig): void {
  const { layers } = config;
  checkHeads(config, '');
  for (const { layers: named, norms: _ } of config.normOverrides) checkNamed('normOverrides', named, layers);
  for (const { layers: named } of config.layerOverrides) checkNamed('layerOverrides', named, layers);
  for (const { layers: named } of config.routers) checkNamed('routers', named, layers);
  checkNamed(
    'exits',
    config.exits.map(({ layer }) => layer),
    layers,
  );
  if (config.layerOverrides.length > 0) {
    for (let layer = 0; layer < layers; layer++) checkLayer(config, layer, layerShape(config, layer));
  }
  checkEnds(config);
  checkLayerPlan(config.plan ?? fullPlan(layers), config);
  if (config.residual.form === 'parallel' && config.crossAttention !== null) {
    refuse('a parallel residual form with cross-attention is not defined');
  }
  if (config.residual.sharedInput && config.residual.form !== 'parallel') {
    refuse('residual.sharedInput needs the parallel form');
  }
}

function checkNamed(field: string, named: readonly number[], layers: number): void {
  for (const layer of named) if (layer >= layers) refuse(`${field} name layer ${layer} of ${layers}`);
}

function checkHeads(shape: Pick<LayerShape, 'heads' | 'keyValueHeads' | 'headSize' | 'position'>, where: string): void {
  if (shape.heads % shape.keyValueHeads !== 0) {
    refuse(`heads (${shape.heads}) must be a multiple of keyValueHeads (${shape.keyValueHeads})${where}`);
  }
  if (shape.position.kind !== 'rotary') return;
  const { rotarySize } = shape.position;
  if (rotarySize % 2 !== 0 || rotarySize > shape.headSize) {
    refuse(`rotarySize must be even and at most headSize (${shape.headSize}), found ${rotarySize}${where}`);
  }
}

function checkLayer(config: DecoderConfig, layer: number, shape: LayerShape): void {
  const where = ` in layer ${layer}`;
  checkHeads(shape, where);
  const { input, middle, output } = shape.stream;
  if (!shape.shortcuts && (input !== middle || middle !== output)) {
    refuse(`the stream is ${input}, ${middle}, ${output} wide${where}: another width needs shortcuts`);
  }
  if (config.residual.form === 'parallel' && (input !== middle || shape.shortcuts)) {
    refuse(`a parallel layer keeps the stream's width and has no shortcuts${where}`);
  }
  if (config.position.kind === 'relative' && shape.heads !== config.heads) {
    refuse(`relative positions have a bias for ${config.heads} heads, ${shape.heads} were found${where}`);
  }
}

function checkEnds(config: DecoderConfig): void {
  const { first, last } = streamEnds(config);
  const { input } = config;
  if (input.kind === 'patches') {
    const { height, width, patchSize } = input;
    if (height % patchSize !== 0 || width % patchSize !== 0) {
      refuse(`patches of ${patchSize} do not tile ${height} x ${width}`);
    }
    const positions = 1 + (height / patchSize) * (width / patchSize);
    if (config.contextLength !== positions) {
      refuse(`contextLength must be ${positions}: the class token and the patches; found ${config.contextLength}`);
    }
    if (config.tiedEmbeddings) refuse('patches have no embedding that the logits could share');
    return;
  }
  if (config.tiedEmbeddings && input.embeddingSize === null && first !== last) {
    refuse(`tied embeddings need one width, the stream starts with ${first} and ends with ${last}`);
  }
  for (const { layer, head } of config.exits) {
    const width = layerShape(config, layer).stream.output;
    if (head === 'shared' && width !== last) {
      refuse(`the exit behind layer ${layer} is ${width} wide, the shared head ${last}`);
    }
  }
}
