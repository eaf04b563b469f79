/** Training that failed: an outcome with its step (counted from 1), never a missing value. */
export interface Divergence {
  readonly step: number;
  readonly reason: 'not-finite' | 'above-unigram-entropy' | 'no-progress';
  readonly message: string;
}

/** A loss or gradient that is NaN or infinite. */
export function divergenceAtStep(step: number, loss: number, gradientNorm: number): Divergence | null {
  if (!Number.isFinite(loss)) return { step, reason: 'not-finite', message: `the loss of step ${step} is ${loss}` };
  if (!Number.isFinite(gradientNorm)) {
    return { step, reason: 'not-finite', message: `the gradient norm of step ${step} is ${gradientNorm}` };
  }
  return null;
}

/** Fewer steps are too noisy to tell progress from luck. */
const FEWEST_STEPS_FOR_PROGRESS = 16;

/**
 * After the last step: the mean loss of the last tenth lies above the unigram entropy of the text (of classes: of their labels), or that of the last quarter is not
 * below that of the second quarter (no progress over the last half).
 */
export function divergenceAtEnd(
  losses: readonly number[],
  unigramEntropy: number,
  { unit, entropy } = { unit: 'nats/token', entropy: 'the unigram entropy' },
): Divergence | null {
  const step = losses.length;
  const final = finalLossOf(losses);
  if (final > unigramEntropy) {
    return {
      step,
      reason: 'above-unigram-entropy',
      message: `the loss at the end, ${final.toFixed(3)} ${unit}, is above ${entropy}, ${unigramEntropy.toFixed(3)}`,
    };
  }
  if (step < FEWEST_STEPS_FOR_PROGRESS) return null;
  const quarter = Math.floor(step / 4);
  const before = mean(losses.slice(quarter, 2 * quarter));
  const last = mean(losses.slice(-quarter));
  if (last < before) return null;
  return {
    step,
    reason: 'no-progress',
    message: `no progress over the last half: ${before.toFixed(3)} ${unit} in the second quarter, ${last.toFixed(3)} in the last`,
  };
}

/** Mean of the last tenth of the steps, at least of one. */
export function finalLossOf(losses: readonly number[]): number {
  return mean(losses.slice(-Math.ceil(losses.length / 10)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
