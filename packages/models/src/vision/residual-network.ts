import { add, type Backend, mean, relu, type Tensor, transpose } from '@claimbench/kernels';
import { z } from 'zod';
import { initialValues } from '../decoder/initial-values.ts';
import { bindNorm, type Norm, NormSpec } from '../decoder/norm.ts';
import '../decoder/norms.ts';
import { checkValues } from '../decoder/parameter-values.ts';
import type { InitialValues, ParameterSpec, ParameterValues } from '../decoder/parameters.ts';
import { ModelError } from '../model-error.ts';
import { Network } from '../network.ts';
import { type Window, windowsOf } from './convolution.ts';

const size = (largest: number) => z.number().int().min(1).max(largest);

/** A small residual network for images (He et al. 2016): a 3 x 3 stem, stages of basic blocks, the mean over positions, a linear. */
export const ResidualNetworkConfig = z.strictObject({
  channels: size(1024),
  height: size(4096),
  width: size(4096),
  classes: size(1_000_000),
  /** Channels of a stage's blocks, how many there are, and the stride of the first. */
  stages: z
    .array(z.strictObject({ channels: size(4096), blocks: size(256), stride: size(4) }))
    .min(1)
    .max(16),
  /** Over the channels of each position, or `batch-norm` over batch and positions; `none` is one. */
  norm: NormSpec,
});
export type ResidualNetworkConfig = z.infer<typeof ResidualNetworkConfig>;

interface Block {
  readonly name: string;
  readonly inChannels: number;
  readonly channels: number;
  readonly stride: number;
  /** The stream changes shape: a 1 x 1 convolution takes it along. */
  readonly projected: boolean;
}

/**
 * Images `[batch, channels, height, width]` to logits `[batch, classes]`. Inside, positions come before channels. Linears: `stem.conv`,
 * `blocks.N.conv1`, `.conv2`, `.shortcut`, `head`. Hooks: `stem.output`, `blocks.N.input`, `blocks.N.output`, `pooled`, `logits`, inputs and
 * outputs of linears; around `blocks.N`.
 */
export class ResidualNetwork extends Network {
  readonly config: ResidualNetworkConfig;
  readonly #blocks: readonly Block[];
  readonly #norm: Norm;

  private constructor(
    backend: Backend,
    config: ResidualNetworkConfig,
    values: (spec: ParameterSpec) => ParameterValues,
  ) {
    super(backend);
    this.config = config;
    this.#blocks = blocksOf(config);
    this.#norm = bindNorm(config.norm);
    const specs = residualNetworkSpecs(config);
    const linears = specs.flatMap(({ name, shape }) =>
      shape.length === 2 && name.endsWith('.weight') ? [name.slice(0, -'.weight'.length)] : [],
    );
    this.take(specs, values, linears);
  }

  /** First weights normal with He's deviation, gains 1, biases 0; drawn as a decoder's. */
  static initialise(backend: Backend, config: ResidualNetworkConfig, seed: number): ResidualNetwork {
    return new ResidualNetwork(backend, parse(config), (spec) => ({
      shape: spec.shape,
      data: initialValues(spec, seed),
    }));
  }

  /** Throws `bad-checkpoint` when a value is missing, too many, or misshapen. */
  static fromValues(
    backend: Backend,
    config: ResidualNetworkConfig,
    values: ReadonlyMap<string, ParameterValues>,
  ): ResidualNetwork {
    const parsed = parse(config);
    checkValues(residualNetworkSpecs(parsed), values);
    return new ResidualNetwork(backend, parsed, ({ name }) => values.get(name)!);
  }

  logits(images: Tensor): Tensor {
    const { channels, height, width } = this.config;
    const [, ...image] = images.shape;
    if (images.shape.length !== 4 || image[0] !== channels || image[1] !== height || image[2] !== width) {
      throw new ModelError(
        'shape-mismatch',
        `images must be [batch, ${channels}, ${height}, ${width}], found [${images.shape.join(', ')}]`,
      );
    }
    const stem = this.#normed('stem.norm', this.#convolved('stem.conv', transpose(images, [0, 2, 3, 1]), THREE));
    let x = this.hook('stem.output', relu(stem));
    for (const [index, block] of this.#blocks.entries()) {
      const run = (value: Tensor) => this.#block(block, value, index);
      x = this.around(block.name, x, run, index);
    }
    const pooled = this.hook('pooled', mean(x, { axes: [1, 2], keepDims: false }));
    return this.hook('logits', this.through('head', pooled));
  }

  #block({ name, stride, projected }: Block, input: Tensor, index: number): Tensor {
    const x = this.hook(`${name}.input`, input, index);
    const first = this.#normed(`${name}.norm1`, this.#convolved(`${name}.conv1`, x, { kernel: 3, stride }));
    const branch = this.#normed(`${name}.norm2`, this.#convolved(`${name}.conv2`, relu(first), THREE));
    const kept = projected
      ? this.#normed(`${name}.shortcut_norm`, this.#convolved(`${name}.shortcut`, x, { kernel: 1, stride }))
      : x;
    return this.hook(`${name}.output`, relu(add(kept, branch)), index);
  }

  #convolved(name: string, x: Tensor, window: Window): Tensor {
    return this.through(name, windowsOf(x, window));
  }

  #normed(name: string, x: Tensor): Tensor {
    return this.#norm.forward(x, this.group(name), this);
  }
}

const THREE: Window = { kernel: 3, stride: 1 };

function blocksOf({ stages }: ResidualNetworkConfig): readonly Block[] {
  const blocks: Block[] = [];
  let inChannels = stages[0]!.channels;
  for (const stage of stages) {
    for (let index = 0; index < stage.blocks; index++) {
      const stride = index === 0 ? stage.stride : 1;
      const { channels } = stage;
      const projected = stride !== 1 || inChannels !== channels;
      blocks.push({ name: `blocks.${blocks.length}`, inChannels, channels, stride, projected });
      inChannels = channels;
    }
  }
  return blocks;
}

export function residualNetworkSpecs(config: ResidualNetworkConfig): readonly ParameterSpec[] {
  const specs: ParameterSpec[] = [];
  const weight = (name: string, outSize: number, inSize: number) => {
    const initial: InitialValues = { kind: 'normal', standardDeviation: Math.sqrt(2 / inSize) };
    specs.push({ name: `${name}.weight`, shape: [outSize, inSize], initial });
  };
  const norm = (name: string, channels: number) => {
    for (const parameter of bindNorm(config.norm).parameters(channels)) {
      specs.push({ ...parameter, name: `${name}.${parameter.name}` });
    }
  };
  const first = config.stages[0]!.channels;
  weight('stem.conv', first, 9 * config.channels);
  norm('stem.norm', first);
  for (const { name, inChannels, channels, projected } of blocksOf(config)) {
    weight(`${name}.conv1`, channels, 9 * inChannels);
    norm(`${name}.norm1`, channels);
    weight(`${name}.conv2`, channels, 9 * channels);
    norm(`${name}.norm2`, channels);
    if (!projected) continue;
    weight(`${name}.shortcut`, channels, inChannels);
    norm(`${name}.shortcut_norm`, channels);
  }
  const last = config.stages.at(-1)!.channels;
  weight('head', config.classes, last);
  specs.push({ name: 'head.bias', shape: [config.classes], initial: { kind: 'constant', value: 0 } });
  return specs;
}

function parse(config: unknown): ResidualNetworkConfig {
  const parsed = ResidualNetworkConfig.safeParse(config);
  if (!parsed.success) {
    throw new ModelError('invalid-config', `residual network config: ${z.prettifyError(parsed.error)}`);
  }
  bindNorm(parsed.data.norm);
  return parsed.data;
}
