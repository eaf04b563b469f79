import {
  type Agreement,
  type EvaluationResult,
  LENGTH_NORMALISATIONS,
  type MultipleChoiceResult,
} from '@claimbench/models';
import { withUncertainty } from './numbers.ts';

/** What was measured on a text. */
export interface TextReport {
  readonly text: string;
  readonly segments: number;
  readonly windows: number;
  readonly windowTokens: number;
  readonly result: EvaluationResult;
  readonly tokensPerSecond: number;
  readonly agreement: Agreement | undefined;
}

/** All that `claimbench eval` tells of a model. */
export interface Report {
  readonly checkpoint: string;
  readonly format: string;
  readonly tokenizer: string;
  readonly parameters: number;
  readonly text: TextReport | undefined;
  readonly reference: string | undefined;
  readonly questions: MultipleChoiceResult | undefined;
}

/** One JSON object; `withItems` keeps the values of every window and question. What is not there is left out. */
export function jsonOfReport({ text, reference, questions, ...model }: Report, withItems: boolean): string {
  const report = {
    ...model,
    ...(text && jsonOfText(text, withItems)),
    ...(text?.agreement && { reference: { checkpoint: reference, ...jsonOfAgreement(text.agreement, withItems) } }),
    ...(questions && { questions: jsonOfQuestions(questions, withItems) }),
  };
  return `${JSON.stringify(report, nullWhereNotFinite)}\n`;
}

function jsonOfText({ result, agreement: _, ...text }: TextReport, withItems: boolean): object {
  const { itemNats, itemNatsPerByte, ...summary } = result;
  return {
    ...text,
    ...summary,
    perplexity: Math.exp(result.natsPerToken),
    ...(withItems ? { itemNats, itemNatsPerByte } : {}),
  };
}

function jsonOfAgreement(agreement: Agreement, withItems: boolean): object {
  const { itemAgreements, itemDivergences, itemExcessNats, ...summary } = agreement;
  return { ...summary, ...(withItems ? { itemAgreements, itemDivergences, itemExcessNats } : {}) };
}

function jsonOfQuestions({ correct, choiceNats, ...summary }: MultipleChoiceResult, withItems: boolean): object {
  return { ...summary, ...(withItems ? { correct, choiceNats } : {}) };
}

/** JSON has no NaN: a standard error of one window is null. */
function nullWhereNotFinite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

type Row = readonly [name: string, value: string];

/** The same for people. */
export function tableOfReport({
  checkpoint,
  format,
  tokenizer,
  parameters,
  text,
  reference,
  questions,
}: Report): string {
  const rows: readonly Row[] = [
    ['model', `${checkpoint} (${format}, ${count(parameters)} parameters)`],
    ...(text === undefined ? [] : rowsOfText(text, tokenizer)),
    ...(text?.agreement === undefined ? [] : rowsOfAgreement(text.agreement, reference ?? '')),
    ...(questions === undefined ? [] : rowsOfQuestions(questions)),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

function rowsOfText(
  { segments, windows, windowTokens, result, tokensPerSecond }: TextReport,
  tokenizer: string,
): Row[] {
  return [
    ['text', `${count(segments)} segments, ${count(windows)} windows of up to ${windowTokens} tokens`],
    ['scored', `${count(result.tokens)} tokens (${tokenizer}), ${count(result.bytes)} bytes`],
    ['nats/token', withUncertainty(result.natsPerToken, result.natsPerTokenError)],
    ['nats/byte', withUncertainty(result.natsPerByte, result.natsPerByteError)],
    ['perplexity', Math.exp(result.natsPerToken).toPrecision(5)],
    ['top-1 accuracy', result.top1Accuracy.toFixed(4)],
    ['speed', `${count(Math.round(tokensPerSecond))} tokens/s`],
  ];
}

function rowsOfAgreement(agreement: Agreement, reference: string): Row[] {
  return [
    ['reference', reference],
    ['top-1 agreement', withUncertainty(agreement.top1Agreement, agreement.top1AgreementError)],
    ['KL, nats/token', withUncertainty(agreement.klDivergence, agreement.klDivergenceError)],
    ['excess nats/token', withUncertainty(agreement.excessNatsPerToken, agreement.excessNatsPerTokenError)],
  ];
}

const NAMES = { none: 'accuracy, summed', byte: 'accuracy, a byte', token: 'accuracy, a token' } as const;

function rowsOfQuestions({ questions, chance, accuracy, accuracyError }: MultipleChoiceResult): Row[] {
  return [
    ['questions', `${count(questions)}, ${chance.toFixed(3)} of them right by chance`],
    ...LENGTH_NORMALISATIONS.map((how): Row => [NAMES[how], withUncertainty(accuracy[how], accuracyError[how])]),
  ];
}

function count(value: number): string {
  return value.toLocaleString('en');
}
