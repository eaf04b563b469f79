import { Tensor } from '@claimbench/kernels';
import type { Decoder } from '../decoder/decoder.ts';
import type { EvaluationItem } from '../evaluation/items.ts';
import { type EvaluationOptions, type EvaluationPass, inPasses, scoredTokens } from '../evaluation/passes.ts';
import { IGNORED } from '../ignored.ts';
import { ModelError } from '../model-error.ts';
import { capturing } from './capture.ts';

/** How far a model's residual stream is from a reference's on the same items. Means are over scored tokens. */
export interface StateErrors {
  readonly tokens: number;
  /** Mean of `||x' - x|| / ||x||`, the model's state x' against the reference's x, after the first and after the last layer. */
  readonly early: number;
  readonly late: number;
  /** Of each item: the sum of its tokens' errors; for paired statistics. */
  readonly itemEarly: readonly number[];
  readonly itemLate: readonly number[];
}

/**
 * Compares the residual streams of two models of the same width, each after the first and after the last layer that it has. Errors are
 * float64 and on the host. Throws `shape-mismatch` where the widths differ, and `invalid-layer-plan` where a plan leaves one of the two
 * layers out.
 */
export async function compareStates(
  decoder: Decoder,
  reference: Decoder,
  items: readonly EvaluationItem[],
  options: Omit<EvaluationOptions, 'cache'> = {},
): Promise<StateErrors> {
  const [width, other] = [decoder.config.hiddenSize, reference.config.hiddenSize];
  if (width !== other) {
    throw new ModelError(
      'shape-mismatch',
      `the reference's states have ${other} features, the model's ${width}: they cannot be compared`,
    );
  }
  const context = Math.min(decoder.config.contextLength, reference.config.contextLength);
  const itemEarly = new Array<number>(items.length).fill(0);
  const itemLate = new Array<number>(items.length).fill(0);
  await inPasses(items, context, options, async (pass) => {
    const found = await outerStates(decoder, pass);
    const expected = await outerStates(reference, pass);
    pass.targets.forEach((target, at) => {
      if (target === IGNORED) return;
      const item = pass.members[Math.floor(at / pass.time)]!;
      itemEarly[item]! += relativeError(found.early, expected.early, at * width, width);
      itemLate[item]! += relativeError(found.late, expected.late, at * width, width);
    });
  });
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const tokens = sum(items.map(scoredTokens));
  return { tokens, early: sum(itemEarly) / tokens, late: sum(itemLate) / tokens, itemEarly, itemLate };
}

interface OuterStates {
  readonly early: Float32Array;
  readonly late: Float32Array;
}

async function outerStates(decoder: Decoder, { members, time, inputs }: EvaluationPass): Promise<OuterStates> {
  const places = { early: 'layers.0.output', late: `layers.${decoder.config.layers - 1}.output` };
  const captured = capturing(decoder, [...new Set(Object.values(places))], () => {
    decoder.hidden(Tensor.from(decoder.backend, inputs, [members.length, time]));
  });
  const read = async (place: string) => {
    const state = captured.get(place);
    if (state) return await state.readFloats();
    throw new ModelError('invalid-layer-plan', `states are compared at ${place}, which the plan does not reach`);
  };
  try {
    return { early: await read(places.early), late: await read(places.late) };
  } finally {
    for (const tensor of captured.values()) tensor.dispose();
  }
}

/** `||a - b|| / ||b||` of the features from `start`; 0 where nothing differs, be it nothing from nothing. */
function relativeError(a: Float32Array, b: Float32Array, start: number, width: number): number {
  let difference = 0;
  let size = 0;
  for (let at = start; at < start + width; at++) {
    difference += (a[at]! - b[at]!) ** 2;
    size += b[at]! ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / size);
}
