import type { Outcome, RunSpec } from '@claimbench/contracts';
import {
  classify,
  classifyByFrequency,
  decodeClassifier,
  type Examples,
  encodeClassifier,
  examplesOf,
  FeedForward,
  type TrainingResult,
  trainClassifier,
  trainingSteps,
} from '@claimbench/models';
import { loadDataSet } from '@claimbench/models/node';
import type { ResolvedTechnique, WeightCosts } from '@claimbench/techniques';
import { baseOf } from '../plan/run-spec.ts';
import { perceptronOf } from '../plan/technique.ts';
import { type ExecutingRun, isStartedFrom, type MeasuredSubject, weightCostsOf } from './measured-subject.ts';
import { RunError } from './run-error.ts';
import { baseBytes, savedTrainingOf, trainingReports } from './training.ts';

type ClassifierSpec = RunSpec['subject'] & { kind: 'classifier' };

interface PreparedClassifier {
  readonly network: FeedForward;
  readonly diverged: Outcome['diverged'];
  readonly parameters: number;
  readonly training: TrainingResult | null;
}

/** Trains the classifier or loads what the run starts from, lets the technique act, and classifies the examples of the evaluation. */
export async function measureClassifier(run: ExecutingRun, subject: ClassifierSpec): Promise<MeasuredSubject> {
  const { spec, technique, context } = run;
  const prepared = await prepare(run, subject);
  const { network } = prepared;
  try {
    const trainedAt = performance.now();
    const costs = await applyTechnique(technique, network);
    const { evaluation } = spec;
    const judged = await examplesFrom(run, subject, evaluation, evaluation.items);
    const measured = prepared.diverged ? null : await classify(network, judged, { signal: context.signal });
    const finite = measured !== null && Number.isFinite(measured.natsPerItem);
    const diverged = prepared.diverged ?? (finite ? null : { step: 0, reason: 'evaluation-not-finite' });
    if (diverged && !prepared.diverged) context.onLog('warn', 'the losses are not finite: the run counts as failed');
    // A run that failed counts as knowing nothing but how often each class occurs.
    const seen = async () => await examplesFrom(run, subject, { data: subject.data, split: 'train' });
    const { natsPerItem, top1Accuracy, itemCorrect } =
      measured && finite ? measured : classifyByFrequency(judged, await seen());
    const metrics: Outcome['metrics'] = {
      natsPerItem,
      top1Accuracy,
      parameters: prepared.parameters,
      modelBytes: network.storedBytes,
      ...weightCostsOf(network, costs),
    };
    if (prepared.training) metrics.trainingLoss = prepared.training.finalLoss;
    return {
      metrics,
      items: diverged ? null : { metric: 'top1Accuracy', values: itemCorrect.map(Number) },
      probeItems: [],
      diverged,
      trainedAt,
      evaluatedAt: performance.now(),
      timing: null,
      checkpoint: isStartedFrom(spec, technique)
        ? encodeClassifier({
            config: network.config,
            parameters: await network.readParameters(),
            provenance: { specHash: run.specHash, diverged: prepared.diverged },
          })
        : null,
    };
  } finally {
    network.dispose();
  }
}

async function prepare(run: ExecutingRun, subject: ClassifierSpec): Promise<PreparedClassifier> {
  const { backend, spec, technique, context, points } = run;
  if (baseOf(spec) !== null) {
    const { config, parameters, provenance } = decodeClassifier(await baseBytes(context));
    const diverged = provenance.diverged ?? null;
    if (diverged)
      context.onLog('warn', `the base failed to train at step ${diverged.step}; so did all that start from it`);
    const network = FeedForward.fromValues(backend, config, parameters);
    return { network, diverged, parameters: network.parameterCount, training: null };
  }
  const examples = await examplesFrom(run, subject, { data: subject.data, split: 'train' });
  const plain = perceptronOf(subject);
  const config =
    technique.seam === 'architecture' && technique.perceptron ? technique.perceptron.changeConfig(plain) : plain;
  const network = FeedForward.initialise(backend, config, spec.seed);
  const parameters = network.parameterCount;
  const steps = trainingSteps(subject.training, 1);
  context.onLog('info', `training ${parameters} parameters for ${steps} steps on ${backend.name}`);
  try {
    const saved = await savedTrainingOf(spec, backend, context);
    const reports = trainingReports(points, context, { steps, firstHere: 1 + (saved.resume?.losses.length ?? 0) });
    const training = await trainClassifier(network, examples, subject.training, {
      seed: spec.seed,
      ...reports,
      ...saved,
      signal: context.signal,
    });
    const { diverged } = training;
    if (diverged) context.onLog('warn', `training failed at step ${diverged.step}: ${diverged.message}`);
    return {
      network,
      parameters,
      training,
      diverged: diverged && { step: diverged.step, reason: diverged.reason },
    };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/** null where the weights stand as they were trained. */
async function applyTechnique(technique: ResolvedTechnique, network: FeedForward): Promise<WeightCosts | null> {
  return technique.seam === 'checkpoint' && technique.perceptron
    ? await technique.perceptron.changeWeights(network)
    : null;
}

/** The first `count` documents of a split as examples; all of them where no number is given. */
async function examplesFrom(
  { locations, context: { signal } }: ExecutingRun,
  { architecture: { inputs, classes } }: ClassifierSpec,
  { data, split }: Pick<RunSpec['evaluation'], 'data'> & { readonly split: 'train' | 'validation' | 'test' },
  count?: number,
): Promise<Examples> {
  const documents = (await loadDataSet(data, locations, { signal })).documents(split);
  if (count !== undefined && documents.length < count) {
    const message = `${count} examples were asked for; ${data.name} has ${documents.length} in its ${split} split`;
    throw new RunError({ code: 'invalid-spec', message });
  }
  return examplesOf(documents.slice(0, count), { size: inputs, classes });
}
