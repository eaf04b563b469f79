import type { Outcome, ProbeSpec, RunSpec } from '@claimbench/contracts';
import {
  answerExactly,
  answerQuestions,
  compareStates,
  compareWithReference,
  continuationQuestions,
  type Decoder,
  type EvaluationItem,
  normCurves,
  type Tokenizer,
} from '@claimbench/models';
import { prunedGroups } from '@claimbench/techniques';
import { rankCorrelation } from '../statistics/trend.ts';

/** A norm's curve is called tanh-like where a tanh spares so much of a line's squared error. */
const TANH_GAIN = 0.1;

/** What the probes of an evaluation found: metrics, and the values of single documents or windows behind them. */
export interface Probed {
  readonly metrics: Outcome['metrics'];
  readonly items: NonNullable<Outcome['probeItems']>;
}

export interface ProbedModel {
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
  /** Documents of the split that is evaluated. */
  readonly documents: readonly string[];
  /** Its windows, which the loss is measured on. */
  readonly items: readonly EvaluationItem[];
  /** The trained model that the technique started from; the caller disposes it. Asked for only where it is needed. */
  reference(): Promise<Decoder>;
  readonly signal: AbortSignal;
}

export async function measureProbes({ evaluation }: RunSpec, model: ProbedModel): Promise<Probed> {
  const metrics: Outcome['metrics'] = {};
  const items: Probed['items'] = [];
  for (const probe of evaluation.probes ?? []) {
    const found = await measure(probe, evaluation.items, model);
    Object.assign(metrics, found.metrics);
    items.push(...found.items);
  }
  return { metrics, items };
}

/**
 * What a model that failed counts as: it writes no answer, and chooses like one who guesses. How far it is from another model is not
 * known.
 */
export function probesOfFailure({ evaluation }: RunSpec): Outcome['metrics'] {
  const metrics: Outcome['metrics'] = {};
  for (const probe of evaluation.probes ?? []) {
    if (probe.kind === 'answers') metrics.answerAccuracy = 0;
    if (probe.kind === 'choices') metrics.choiceAccuracy = 1 / probe.choices;
  }
  return metrics;
}

async function measure(probe: ProbeSpec, count: number, model: ProbedModel): Promise<Probed> {
  const { decoder, tokenizer, documents, signal } = model;
  switch (probe.kind) {
    case 'answers': {
      const { accuracy, correct } = await answerExactly(decoder, tokenizer, documents.slice(0, count), { signal });
      return found({ answerAccuracy: accuracy }, { answerAccuracy: correct.map(Number) });
    }
    case 'choices': {
      const { choices, contextWords, choiceWords } = probe;
      // Of documents that fit the model's context with any choice; the same questions for all seeds and arms.
      const fitting = documentsThatFit(documents, tokenizer, decoder.config.contextLength, {
        contextWords,
        choiceWords,
      });
      const plan = { questions: count, choices, contextWords, choiceWords, seed: 0 };
      const { accuracy, correct } = await answerQuestions(decoder, tokenizer, continuationQuestions(fitting, plan), {
        signal,
      });
      return found({ choiceAccuracy: accuracy.byte }, { choiceAccuracy: correct.byte.map(Number) });
    }
    case 'agreement':
      return await againstReference(model, async (reference) => {
        const agreement = await compareWithReference(decoder, reference, model.items, { signal });
        const { tokens, top1Agreement, klDivergence, itemAgreements, itemDivergences } = agreement;
        return foundInWindows(
          { top1Agreement, klDivergence },
          { top1Agreement: itemAgreements, klDivergence: itemDivergences },
          tokens,
        );
      });
    case 'state-errors':
      return await againstReference(model, async (reference) => {
        const { tokens, early, late, itemEarly, itemLate } = await compareStates(decoder, reference, model.items, {
          signal,
        });
        return foundInWindows(
          { stateErrorEarly: early, stateErrorLate: late },
          { stateErrorEarly: itemEarly, stateErrorLate: itemLate },
          tokens,
        );
      });
    case 'norm-curves': {
      const curves = await normCurves(decoder, model.items, { signal });
      const mean = (value: (gain: number) => number) =>
        curves.reduce((sum, { gain }) => sum + value(gain), 0) / curves.length;
      // Not a number, and so no metric, where a model has no norms.
      return found({ tanhShare: mean((gain) => Number(gain >= TANH_GAIN)), tanhGain: mean((gain) => gain) }, {});
    }
    case 'products':
      return found(productsOf(decoder), {});
    case 'pruning-scores': {
      const groups = await prunedGroups(decoder, model.items, { signal });
      const distortions = groups.map(({ distortion }) => distortion);
      const against = (scores: number[]) => rankCorrelation(scores, distortions);
      return found(
        {
          lampCorrelation: against(groups.map(({ lamp }) => lamp)),
          magnitudeCorrelation: against(groups.map(({ magnitude }) => magnitude)),
        },
        {},
      );
    }
  }
}

/** Over the weights of all layers. Not a number, and so no metric, where the form of any says nothing about it. */
function productsOf(decoder: Decoder): Outcome['metrics'] {
  let weights = 0;
  let multiplications = 0;
  let values = 0;
  for (const [name, { inSize, outSize, product }] of decoder.linears) {
    if (!name.startsWith('layers.')) continue;
    const size = inSize * outSize;
    weights += size;
    multiplications += product?.multiplications ?? Number.NaN;
    values += size * (product?.valuesPerWeight ?? Number.NaN);
  }
  return { multiplicationsPerWeight: multiplications / weights, valuesPerWeight: values / weights };
}

async function againstReference(
  { decoder, reference }: ProbedModel,
  compare: (reference: Decoder) => Promise<Probed>,
): Promise<Probed> {
  const before = await reference();
  try {
    return await compare(before);
  } finally {
    if (before !== decoder) before.dispose();
  }
}

/** Sums over each window's tokens, divided by the mean number of tokens: their mean is the metric whatever the windows' lengths. */
function foundInWindows(
  metrics: Outcome['metrics'],
  sums: Readonly<Record<string, readonly number[]>>,
  tokens: number,
): Probed {
  const values = Object.entries(sums).map(([metric, list]) => [
    metric,
    list.map((value) => (value * list.length) / tokens),
  ]);
  return found(metrics, Object.fromEntries(values));
}

function found(metrics: Outcome['metrics'], values: Readonly<Record<string, number[]>>): Probed {
  return { metrics, items: Object.entries(values).map(([metric, list]) => ({ metric, values: list })) };
}

/** A third of the context is kept for the choices. */
function documentsThatFit(
  documents: readonly string[],
  tokenizer: Tokenizer,
  contextLength: number,
  { contextWords, choiceWords }: { readonly contextWords: number; readonly choiceWords: number },
): readonly string[] {
  const forChoice = Math.floor(contextLength / 3);
  const tokensOf = (words: readonly string[]) => tokenizer.encode(words.join('').trimStart()).length;
  return documents.filter((document) => {
    const words = document.match(/\s*\S+/g) ?? [];
    const next = words.slice(contextWords, contextWords + choiceWords);
    return tokensOf(words.slice(0, contextWords)) < contextLength - forChoice && tokensOf(next) < forChoice;
  });
}
