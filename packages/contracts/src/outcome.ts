import { z } from 'zod';
import { type ProbeSpec, Sha256, type SubjectSpec } from './run-spec.ts';

/** Losses of the single items of an evaluation, in the items' order, for paired statistics. */
export const ItemValues = z.object({ metric: z.string(), values: z.array(z.number()) }).meta({ id: 'ItemValues' });

/**
 * What a run measured. `metrics`, `items` and the untimed series are reproducible bit for bit and enter the digest;
 * `timings` (seconds, tokens per second, bytes resident) do not.
 * A non-finite number never appears: a run that diverged carries `diverged` and its loss is the unigram entropy.
 */
export const Outcome = z
  .object({
    metrics: z.record(z.string(), z.number()),
    items: ItemValues.nullable(),
    /** What the probes of the evaluation found of their single documents or windows; left out where there are none. */
    probeItems: z.array(ItemValues).optional(),
    /** Training ended in NaN, above the unigram entropy, or without progress: an outcome, not a missing value. */
    diverged: z.object({ step: z.number().int(), reason: z.string() }).nullable(),
    timings: z.record(z.string(), z.number()),
    /** SHA-256 over the spec hash and every reproducible number as 8 big-endian bytes. */
    digest: Sha256,
    environment: z.record(z.string(), z.union([z.string(), z.number()])),
  })
  .meta({ id: 'Outcome' });
export type Outcome = z.infer<typeof Outcome>;

/** Metrics that runs report, with unit and direction; tables, axes and margins read this. */
export const METRICS = {
  natsPerByte: { title: 'Loss', unit: 'nats/byte', better: 'lower' },
  natsPerToken: { title: 'Loss', unit: 'nats/token', better: 'lower' },
  natsPerItem: { title: 'Loss', unit: 'nats/item', better: 'lower' },
  top1Accuracy: { title: 'Top-1 accuracy', unit: 'share', better: 'higher' },
  answerAccuracy: { title: 'Answers written exactly', unit: 'share', better: 'higher' },
  choiceAccuracy: { title: 'Continuations chosen rightly', unit: 'share', better: 'higher' },
  top1Agreement: { title: 'Agreement with the model before', unit: 'share', better: 'higher' },
  klDivergence: { title: 'Divergence from the model before', unit: 'nats/token', better: 'lower' },
  stateErrorEarly: { title: 'Error of the residual stream after the first layer', unit: 'share', better: 'lower' },
  stateErrorLate: { title: 'Error of the residual stream after the last layer', unit: 'share', better: 'lower' },
  tanhShare: { title: 'Norms whose curve is rather a tanh than a line', unit: 'share', better: 'higher' },
  tanhGain: { title: 'Squared error of a line that a tanh spares, mean over norms', unit: 'share', better: 'higher' },
  lampCorrelation: { title: 'Rank correlation of LAMP scores with distortion', unit: '', better: 'higher' },
  magnitudeCorrelation: { title: 'Rank correlation of magnitudes with distortion', unit: '', better: 'higher' },
  multiplicationsPerWeight: { title: 'Multiplications in a product, per weight', unit: '', better: 'lower' },
  valuesPerWeight: { title: 'Values that a weight can have in its group', unit: '', better: 'higher' },
  bitsPerWeight: { title: 'Bits per weight', unit: 'bits', better: 'lower' },
  modelBytes: { title: 'Size', unit: 'bytes', better: 'lower' },
  parameters: { title: 'Parameters', unit: '', better: 'lower' },
  sparsity: { title: 'Sparsity', unit: 'share', better: 'higher' },
  layerEvaluations: { title: 'Sub-layer evaluations', unit: 'per token', better: 'lower' },
  acceptedShare: { title: 'Guesses kept in decoding', unit: 'share', better: 'higher' },
  layersPerToken: { title: 'Layers run per token written', unit: 'layers', better: 'lower' },
  decodingBytes: { title: 'Weights and cache while decoding', unit: 'bytes', better: 'lower' },
  quantizationError: { title: 'Relative weight error', unit: 'share', better: 'lower' },
  timeRatio: { title: 'Time of the baseline over that of the technique', unit: 'ln ratio', better: 'higher' },
  twinTimeRatio: { title: 'Time of the baseline over its own', unit: 'ln ratio', better: 'higher' },
  trainingLoss: { title: 'Training loss', unit: 'nats', better: 'lower' },
  gradientNorm: { title: 'Gradient norm', unit: '', better: 'lower' },
  learningRate: { title: 'Learning rate', unit: '', better: 'lower' },
  similarityAttention: { title: 'Cosine across attention', unit: '', better: 'higher' },
  similarityMlp: { title: 'Cosine across MLPs', unit: '', better: 'higher' },
  similarityNeighbours: { title: 'Cosine of neighbouring layers', unit: '', better: 'higher' },
  similarityMiddle: { title: 'Cosine among middle layers', unit: '', better: 'higher' },
  similarityOuter: { title: 'Cosine of outer and middle layers', unit: '', better: 'higher' },
  gradientNormEarly: { title: 'Gradient norm, early layers', unit: '', better: 'higher' },
  gradientNormLate: { title: 'Gradient norm, late layers', unit: '', better: 'higher' },
  gradientSpread: { title: 'Spread of gradient norms over layers', unit: 'ln', better: 'lower' },
  stateSizeEarly: { title: 'Residual stream after the first layer', unit: 'rms', better: 'lower' },
  stateSizeLate: { title: 'Residual stream after the last layer', unit: 'rms', better: 'lower' },
  stateLargest: { title: 'Largest activation', unit: '', better: 'lower' },
} as const satisfies Record<string, { title: string; unit: string; better: 'lower' | 'higher' }>;
export type MetricName = keyof typeof METRICS;
export const MetricName = z.enum(Object.keys(METRICS) as [MetricName, ...MetricName[]]);

/** Series that depend on the machine: drawn, never part of the digest. */
export const TIMED_SERIES = ['tokensPerSecond', 'residentMiB'] as const;

/** Metrics that a clock measured: they stand among an outcome's timings and never enter the digest. */
export const TIMED_METRICS: readonly MetricName[] = ['timeRatio', 'twinTimeRatio'];

/** The loss of each kind of subject: what tuning compares. A classifier's counts examples, since there is no text to count bytes of. */
export const LOSS_METRIC = {
  recipe: 'natsPerByte',
  classifier: 'natsPerItem',
  checkpoint: 'natsPerByte',
} as const satisfies Record<SubjectSpec['kind'], MetricName>;

/** Metrics that only a run with a probe reports, and which one. */
export const PROBE_OF_METRIC: Partial<Record<MetricName, ProbeSpec['kind']>> = {
  answerAccuracy: 'answers',
  choiceAccuracy: 'choices',
  top1Agreement: 'agreement',
  klDivergence: 'agreement',
  stateErrorEarly: 'state-errors',
  stateErrorLate: 'state-errors',
  tanhShare: 'norm-curves',
  tanhGain: 'norm-curves',
  lampCorrelation: 'pruning-scores',
  magnitudeCorrelation: 'pruning-scores',
  multiplicationsPerWeight: 'products',
  valuesPerWeight: 'products',
};
