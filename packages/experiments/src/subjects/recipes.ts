import type { DecoderArchitecture, FineTuningSpec, TokenizerSpec, TrainingSpec } from '@claimbench/contracts';

/** A base model that we train ourselves: what it is for, its shape and how it is trained. */
export interface Recipe {
  readonly name: string;
  readonly title: string;
  readonly purpose: string;
  readonly architecture: DecoderArchitecture;
  readonly tokenizer: TokenizerSpec;
  readonly data: string;
  readonly training: TrainingSpec;
  /** A second stage on another text. */
  readonly fineTuning?: FineTuning;
}

type FineTuning = Omit<FineTuningSpec, 'data'> & { readonly data: string };

/** Shape and training of a subject that exists in both styles. */
interface Size {
  readonly name: string;
  readonly title: string;
  readonly purpose: string;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly contextLength: number;
  readonly vocabularySize: number;
  readonly tokens: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** A size on a text of its own: `vocabularySize` null for single bytes, so that every sign of a task is a token. */
interface TaskSize extends Omit<Size, 'vocabularySize'> {
  readonly vocabularySize: number | null;
  readonly data: string;
  readonly fineTuning?: FineTuning;
}

/** The size ladder and the depth ladder. Every size exists in both styles, with the same data and the same budget. */
const SIZES: readonly Size[] = [
  {
    name: 'micro',
    title: 'Micro',
    purpose:
      'just under a tenth of a million parameters: the first size of quick protocols that tune and train every arm',
    layers: 2,
    hiddenSize: 48,
    heads: 2,
    contextLength: 64,
    vocabularySize: 512,
    tokens: 150_000,
    batchSize: 4,
    learningRate: 6e-3,
  },
  {
    name: 'tiny',
    title: 'Tiny',
    purpose: 'trains in seconds, so that quick protocols can afford several trained bases and equal tuning',
    layers: 2,
    hiddenSize: 64,
    heads: 2,
    contextLength: 64,
    vocabularySize: 512,
    tokens: 200_000,
    batchSize: 4,
    learningRate: 6e-3,
  },
  {
    name: 'slim',
    title: 'Four narrow layers',
    purpose:
      'as deep as can be trained dozens of times in a quick protocol: layouts of layers compared at equal tuning',
    layers: 4,
    hiddenSize: 40,
    heads: 2,
    contextLength: 64,
    vocabularySize: 512,
    tokens: 120_000,
    batchSize: 4,
    learningRate: 6e-3,
  },
  {
    name: 'slim-wide',
    title: 'Four less narrow layers',
    purpose: 'the second size of the four-layer subject',
    layers: 4,
    hiddenSize: 48,
    heads: 2,
    contextLength: 64,
    vocabularySize: 512,
    tokens: 150_000,
    batchSize: 4,
    learningRate: 6e-3,
  },
  {
    name: 'xs',
    title: 'Extra small',
    purpose: 'a quarter million parameters: the second size of quick protocols and the first of standard ones',
    layers: 4,
    hiddenSize: 64,
    heads: 4,
    contextLength: 128,
    vocabularySize: 512,
    tokens: 400_000,
    batchSize: 4,
    learningRate: 6e-3,
  },
  {
    name: 's',
    title: 'Small',
    purpose: 'just under a million parameters: standard protocols',
    layers: 4,
    hiddenSize: 128,
    heads: 4,
    contextLength: 128,
    vocabularySize: 512,
    tokens: 2_000_000,
    batchSize: 8,
    learningRate: 4e-3,
  },
  {
    name: 'deep',
    title: 'Deep and narrow',
    purpose: 'eight layers, so that leaving one out is one of many',
    layers: 8,
    hiddenSize: 48,
    heads: 3,
    contextLength: 64,
    vocabularySize: 512,
    tokens: 250_000,
    batchSize: 4,
    learningRate: 6e-3,
  },
  {
    name: 'deep-wide',
    title: 'Deep and less narrow',
    purpose: 'eight wider layers: the second size of the deep subject',
    layers: 8,
    hiddenSize: 64,
    heads: 4,
    contextLength: 64,
    vocabularySize: 512,
    tokens: 300_000,
    batchSize: 4,
    learningRate: 6e-3,
  },
  {
    name: 'deeper',
    title: 'Sixteen narrow layers',
    purpose: 'shares of layers that eight do not divide into, and the next rung of the depth ladder',
    layers: 16,
    hiddenSize: 32,
    heads: 2,
    contextLength: 64,
    vocabularySize: 512,
    tokens: 200_000,
    batchSize: 4,
    learningRate: 6e-3,
  },
  {
    name: 'deeper-wide',
    title: 'Sixteen less narrow layers',
    purpose: 'the second size of the sixteen-layer subject',
    layers: 16,
    hiddenSize: 48,
    heads: 3,
    contextLength: 64,
    vocabularySize: 512,
    tokens: 250_000,
    batchSize: 4,
    learningRate: 6e-3,
  },
];

/** Depths beside the sixteen narrow layers, as narrow and trained as long: arms that compare models by their depth, and the deepest rung. */
const DEPTHS: readonly Size[] = [
  { layers: 4, title: 'Four equally narrow layers' },
  { layers: 8, title: 'Eight equally narrow layers' },
  { layers: 12, title: 'Twelve equally narrow layers' },
  { layers: 32, title: 'Thirty-two equally narrow layers' },
].map(({ layers, title }) => ({
  ...sizeNamed('deeper'),
  name: `narrow-${layers}`,
  title,
  purpose: 'as narrow as the sixteen narrow layers, and trained as long: what depth alone does',
  layers,
}));

/** Shares of a size's tokens on which the same model is trained to the end: arms that compare lengths of training. */
const LENGTHS: readonly Size[] = [
  { of: 'slim', name: 'quarter', title: 'a quarter of the tokens', share: 0.25 },
  { of: 'slim', name: 'seven-tenths', title: 'seven tenths of the tokens', share: 0.7 },
  { of: 'deep', name: 'quarter', title: 'a quarter of the tokens', share: 0.25 },
  { of: 'deep', name: 'half', title: 'half of the tokens', share: 0.5 },
  { of: 'deep', name: 'three-quarters', title: 'three quarters of the tokens', share: 0.75 },
].map(({ of, name, title, share }) => {
  const size = sizeNamed(of);
  return {
    ...size,
    name: `${of}-${name}`,
    title: `${size.title}, ${title}`,
    purpose: 'the same model after less training, its rate falling to the end of it',
    tokens: Math.round(share * size.tokens),
  };
});

function sizeNamed(name: string): Size {
  const size = SIZES.find((candidate) => candidate.name === name);
  if (!size) throw new RangeError(`no size is called ${name}; sizes: ${SIZES.map((one) => one.name).join(', ')}`);
  return size;
}

/** What all subjects on a task have. Rates and lengths were taken from what learns: docs/models.md, "Tasks". */
const TASK = { layers: 2, hiddenSize: 64, heads: 2, contextLength: 64, vocabularySize: null, batchSize: 16 } as const;

/** The shape of the four narrow layers of the documentation, on a task. */
const SLIM_TASK = { layers: 4, hiddenSize: 40, heads: 2 } as const;

/** Texts with right answers: what a model can do, not only what it expects. */
const TASKS: readonly TaskSize[] = [
  {
    ...TASK,
    name: 'arithmetic',
    title: 'Arithmetic modulo 97',
    purpose: 'sums and products that were never seen: what must be computed and cannot be looked up',
    data: 'generated-modular-arithmetic',
    tokens: 4_000_000,
    learningRate: 4e-3,
  },
  {
    ...TASK,
    name: 'copy',
    title: 'Copying',
    purpose: 'letters written once more: attention that looks back',
    data: 'generated-copy',
    tokens: 4_000_000,
    learningRate: 4e-3,
  },
  {
    ...TASK,
    name: 'recall',
    title: 'Recall',
    purpose: 'one of several pairs is asked for: memory in the context',
    data: 'generated-recall',
    tokens: 8_000_000,
    batchSize: 8,
    learningRate: 3e-3,
  },
  {
    ...TASK,
    name: 'totals',
    title: 'Running totals',
    purpose: 'sums and differences below ten, trained until most are answered: calculating that can still be lost',
    data: 'generated-running-totals',
    contextLength: 32,
    tokens: 140_000,
    batchSize: 8,
    learningRate: 4e-3,
  },
  {
    ...TASK,
    name: 'sorting',
    title: 'Sorting',
    purpose: 'digits in ascending order: counting, learned within seconds',
    data: 'generated-sorting',
    tokens: 1_000_000,
    batchSize: 8,
    learningRate: 4e-3,
  },
  {
    ...TASK,
    name: 'stories',
    title: 'Stories from a grammar',
    purpose: 'people, things and places that stay the same for a whole text',
    data: 'generated-stories',
    contextLength: 128,
    vocabularySize: 512,
    tokens: 1_000_000,
    batchSize: 8,
    learningRate: 4e-3,
  },
  {
    ...SLIM_TASK,
    name: 'sorting-slim',
    title: 'Sorting, four narrow layers',
    purpose:
      'sorting as deep as can be trained dozens of times in a quick protocol; ten digits with their answer fill a window to the last token',
    data: 'generated-sorting',
    contextLength: 21,
    vocabularySize: null,
    tokens: 200_000,
    batchSize: 8,
    learningRate: 2e-3,
  },
  {
    ...SLIM_TASK,
    name: 'stories-slim',
    title: 'Stories, four narrow layers',
    purpose: 'stories as deep as can be trained dozens of times in a quick protocol',
    data: 'generated-stories',
    contextLength: 64,
    vocabularySize: 512,
    tokens: 120_000,
    batchSize: 4,
    learningRate: 6e-3,
  },
];

/** Encoders, which read letters with some of them masked: what a text of few words leaves to be filled in is learned within seconds. */
const MASKED: readonly TaskSize[] = [
  {
    name: 'masked',
    title: 'Masked stories',
    purpose: 'sees both ways and fills in masked letters: claims about encoders',
    layers: 2,
    hiddenSize: 48,
    heads: 2,
  },
  {
    name: 'masked-wide',
    title: 'Masked stories, wider',
    purpose: 'the second size of the encoder',
    layers: 2,
    hiddenSize: 64,
    heads: 2,
  },
].map((size) => ({
  ...size,
  data: 'generated-stories',
  contextLength: 64,
  vocabularySize: null,
  tokens: 400_000,
  batchSize: 16,
  learningRate: 4e-3,
}));

/** Gated MLPs have three matrices where GELU has two: two thirds of the width give the same number of weights. */
const FEED_FORWARD = { gpt2: 4, llama: 8 / 3, modernbert: 8 / 3 } as const;
const STYLE_NAME = { gpt2: 'GPT-2', llama: 'Llama', modernbert: 'ModernBERT' } as const;

const ON_DOCS = [...SIZES, ...DEPTHS, ...LENGTHS].map((size): TaskSize => ({ ...size, data: 'node-docs' }));

/** As long again on another kind of text, at half the rate: a quarter of that ended where its loss still fell steeply, and seeds differed by it. */
const thenStories = (tokens: number): FineTuning => ({ data: 'generated-stories', tokens, rateShare: 0.5 });

/** Shapes of the documentation that are trained on another text afterwards. */
const FINE_TUNED = [
  { of: 'slim', tokens: 120_000 },
  { of: 'slim-wide', tokens: 150_000 },
].map(({ of, tokens }): TaskSize => {
  const size = ON_DOCS.find(({ name }) => name === of)!;
  return {
    ...size,
    name: `${of}-tuned`,
    title: `${size.title}, fine-tuned on stories`,
    purpose: 'what is learned of another text after the first',
    fineTuning: thenStories(tokens),
  };
});

export const RECIPES: readonly Recipe[] = [
  ...[...ON_DOCS, ...TASKS, ...FINE_TUNED].flatMap((size) => [recipe('gpt2', size), recipe('llama', size)]),
  ...MASKED.map((size) => recipe('modernbert', size)),
];

function recipe(style: DecoderArchitecture['style'], size: TaskSize): Recipe {
  const { layers, hiddenSize, heads, contextLength, vocabularySize, tokens, batchSize, learningRate } = size;
  return {
    name: `${size.name}-${style}`,
    title: `${size.title}, ${STYLE_NAME[style]} style`,
    purpose: size.purpose,
    architecture: {
      style,
      layers,
      hiddenSize,
      heads,
      feedForwardSize: 8 * Math.round((FEED_FORWARD[style] * hiddenSize) / 8),
      contextLength,
    },
    tokenizer: vocabularySize === null ? { kind: 'byte' } : { kind: 'byte-pair', vocabularySize },
    data: size.data,
    training: { tokens, batchSize, learningRate, warmup: 0.1, weightDecay: 0.1, gradientClip: 1 },
    ...(size.fineTuning && { fineTuning: size.fineTuning }),
  };
}
