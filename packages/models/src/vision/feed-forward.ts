import type { Backend, Tensor } from '@claimbench/kernels';
import { z } from 'zod';
import { activated } from '../decoder/activations.ts';
import { BitLinear } from '../decoder/bit-linear.ts';
import { ACTIVATIONS, LinearsSpec } from '../decoder/config.ts';
import { initialValues } from '../decoder/initial-values.ts';
import { checkValues } from '../decoder/parameter-values.ts';
import type { ParameterSpec, ParameterValues } from '../decoder/parameters.ts';
import { ModelError } from '../model-error.ts';
import { Network } from '../network.ts';

/** Fully connected layers `fc1`, `fc2`, … with an activation between them. */
export const FeedForwardConfig = z.strictObject({
  /** Features in, of each hidden layer, and out. */
  sizes: z.array(z.number().int().min(1).max(1_048_576)).min(2).max(256),
  activation: z.enum(ACTIVATIONS),
  /** What every layer is: a plain product, or BitLinear. */
  linears: LinearsSpec,
});
export type FeedForwardConfig = z.infer<typeof FeedForwardConfig>;
export type FeedForwardConfigInput = z.input<typeof FeedForwardConfig>;

/** A multi-layer perceptron: `x [batch, sizes[0]]` to `[batch, sizes.at(-1)]`. */
export class FeedForward extends Network {
  readonly config: FeedForwardConfig;

  private constructor(backend: Backend, config: FeedForwardConfig, values: (spec: ParameterSpec) => ParameterValues) {
    super(backend);
    this.config = config;
    this.take(feedForwardSpecs(config), values, layerNames(config));
    const { linears } = config;
    if (linears.kind === 'dense') return;
    for (const name of layerNames(config)) {
      this.takeLinear(name, `${name}.weight`, (weight) => new BitLinear(weight, linears));
    }
  }

  /** First weights normal with He's deviation sqrt(2 / inputs), biases 0; drawn as a decoder's. */
  static initialise(backend: Backend, config: FeedForwardConfigInput, seed: number): FeedForward {
    return new FeedForward(backend, parseFeedForwardConfig(config), (spec) => ({
      shape: spec.shape,
      data: initialValues(spec, seed),
    }));
  }

  /** Throws `bad-checkpoint` when a value is missing, too many, or misshapen. */
  static fromValues(
    backend: Backend,
    config: FeedForwardConfigInput,
    values: ReadonlyMap<string, ParameterValues>,
  ): FeedForward {
    const parsed = parseFeedForwardConfig(config);
    checkValues(feedForwardSpecs(parsed), values);
    return new FeedForward(backend, parsed, ({ name }) => values.get(name)!);
  }

  logits(x: Tensor): Tensor {
    const names = layerNames(this.config);
    return names.reduce((value, name, index) => {
      const sum = this.through(name, value);
      return index === names.length - 1 ? sum : activated(sum, this.config.activation);
    }, x);
  }
}

function layerNames({ sizes }: FeedForwardConfig): readonly string[] {
  return Array.from({ length: sizes.length - 1 }, (_, index) => `fc${index + 1}`);
}

/** Every parameter of the config, layer by layer. */
export function feedForwardSpecs(config: FeedForwardConfig): readonly ParameterSpec[] {
  return layerNames(config).flatMap((name, index): ParameterSpec[] => {
    const [inSize, outSize] = [config.sizes[index]!, config.sizes[index + 1]!];
    const standardDeviation = Math.sqrt(2 / inSize);
    return [
      { name: `${name}.weight`, shape: [outSize, inSize], initial: { kind: 'normal', standardDeviation } },
      { name: `${name}.bias`, shape: [outSize], initial: { kind: 'constant', value: 0 } },
    ];
  });
}

/** Throws `invalid-config`. */
export function parseFeedForwardConfig(config: unknown): FeedForwardConfig {
  const parsed = FeedForwardConfig.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new ModelError('invalid-config', `feed-forward config: ${z.prettifyError(parsed.error)}`);
}
