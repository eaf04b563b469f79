import type { PerceptronArchitecture, TrainingSpec } from '@claimbench/contracts';

/** A classifier that we train ourselves. */
export interface ClassifierRecipe {
  readonly name: string;
  readonly title: string;
  readonly purpose: string;
  readonly architecture: PerceptronArchitecture;
  readonly data: string;
  readonly training: TrainingSpec;
}

const DIGITS = { inputs: 100, classes: 10, activation: 'relu' } as const;
const TRAINING = {
  tokens: 64_000,
  batchSize: 32,
  learningRate: 3e-3,
  warmup: 0.1,
  weightDecay: 0.1,
  gradientClip: 1,
} as const;

/** Tokens of their training are examples. */
export const CLASSIFIERS: readonly ClassifierRecipe[] = [
  {
    name: 'digits-mlp',
    title: 'Digits, perceptron',
    purpose: 'a network without attention, norms or text, trained within seconds',
    architecture: { ...DIGITS, hiddenSizes: [128, 128] },
    data: 'generated-digits',
    training: TRAINING,
  },
  {
    name: 'digits-mlp-wide',
    title: 'Digits, wide perceptron',
    purpose: 'the second size of the perceptron on digits',
    architecture: { ...DIGITS, hiddenSizes: [256, 256] },
    data: 'generated-digits',
    training: TRAINING,
  },
];
