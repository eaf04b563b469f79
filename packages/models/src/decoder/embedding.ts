import { add, concat, embedding, scale, slice, Tensor, transpose } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import type { DecoderConfig } from './config.ts';

/** What turns inputs into the stream: parameters by name, and linears with their hooks. */
export interface EmbeddingParts {
  readonly config: DecoderConfig;
  parameter(name: string): Tensor;
  linear(name: string, x: Tensor): Tensor;
}

/**
 * Token ids i32 `[batch, time]`, or images f32 `[batch, channels, height, width]`, to the stream `[batch, time, width]` before the
 * embedding norm. `position`: tokens before the first; `types`: i32 `[batch, time]`, absent: all of type 0.
 */
export function embedInput(parts: EmbeddingParts, input: Tensor, position: number, types: Tensor | undefined): Tensor {
  const { config } = parts;
  const x = config.input.kind === 'tokens' ? embedTokens(parts, input, types) : embedPatches(parts, input);
  if (config.position.kind !== 'learned') return x;
  const time = x.shape[1]!;
  if (position + time > config.contextLength) {
    throw new ModelError(
      'shape-mismatch',
      `learned positions reach to ${config.contextLength}, the ids to ${position + time}`,
    );
  }
  return add(x, slice(parts.parameter('embed_positions.weight'), 0, position, time));
}

function embedTokens(parts: EmbeddingParts, ids: Tensor, types: Tensor | undefined): Tensor {
  const { input } = parts.config;
  if (input.kind !== 'tokens') throw new ModelError('invalid-config', 'the model reads images, no tokens');
  const [batch, time] = ids.shape;
  if (ids.shape.length !== 2 || time === undefined || batch === undefined) {
    throw new ModelError('shape-mismatch', `ids must be [batch, time], found [${ids.shape.join(', ')}]`);
  }
  let x = embedding(ids, parts.parameter('embed_tokens.weight'));
  if (input.scale !== 1) x = scale(x, input.scale);
  if (input.embeddingSize !== null) x = parts.linear('embed_in', x);
  if (input.types === 0) {
    if (types !== undefined) throw new ModelError('shape-mismatch', 'token types were given, the model has none');
    return x;
  }
  const ofType = types ?? Tensor.zeros(ids.backend, [batch, time], 'i32');
  return add(x, embedding(ofType, parts.parameter('embed_types.weight')));
}

/** A class token, then each patch's pixels (channel by channel, row by row) through `embed_patches`, patches row by row. */
function embedPatches(parts: EmbeddingParts, pixels: Tensor): Tensor {
  const { input } = parts.config;
  if (input.kind !== 'patches') throw new ModelError('invalid-config', 'the model reads tokens, no images');
  const { channels, height, width, patchSize } = input;
  const [batch, ...image] = pixels.shape;
  if (pixels.shape.length !== 4 || image[0] !== channels || image[1] !== height || image[2] !== width) {
    throw new ModelError(
      'shape-mismatch',
      `images must be [batch, ${channels}, ${height}, ${width}], found [${pixels.shape.join(', ')}]`,
    );
  }
  const [rows, columns] = [height / patchSize, width / patchSize];
  const cut = pixels.reshape([batch!, channels, rows, patchSize, columns, patchSize]);
  const flat = transpose(cut, [0, 2, 4, 1, 3, 5]).reshape([batch!, rows * columns, channels * patchSize ** 2]);
  const patches = parts.linear('embed_patches', flat);
  const token = parts.parameter('embed_class.weight');
  const every = embedding(Tensor.zeros(pixels.backend, [batch!, 1], 'i32'), token);
  return concat([every, patches], 1);
}
