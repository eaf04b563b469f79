import { add, logSoftmax, mul, scale, softmax, stopGradient, sub, sum, type Tensor } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';

/**
 * What a student loses against its teacher on softened probabilities (Hinton et al. 2015): `T² KL(softmax(teacher / T) ‖
 * softmax(student / T))`, the mean over rows, in nats. Both are `[..., vocabulary]` of equal shape; no gradient flows into the teacher.
 * Throws `shape-mismatch`.
 */
export function logitDistillationLoss(student: Tensor, teacher: Tensor, temperature: number): Tensor {
  sameShape('logits', student, teacher);
  const classes = student.shape.at(-1)!;
  const rows = student.size / classes;
  const soften = (logits: Tensor) => scale(logits.reshape([rows, classes]), 1 / temperature);
  const target = soften(stopGradient(teacher));
  const divergence = mul(softmax(target), sub(logSoftmax(target), logSoftmax(soften(student))));
  return scale(sum(divergence), temperature ** 2 / rows);
}

/**
 * Mean squared difference of hidden states of equal shape, the student's through a projection of its own where widths differ
 * (FitNets, Romero et al. 2015). No gradient flows into the teacher. Throws `shape-mismatch`.
 */
export function hiddenDistillationLoss(student: Tensor, teacher: Tensor): Tensor {
  sameShape('hidden states', student, teacher);
  const difference = sub(student, stopGradient(teacher));
  return scale(sum(mul(difference, difference)), 1 / student.size);
}

/** `share` of the teacher's loss and the rest of the text's own. */
export function mixedLoss(own: Tensor, teacher: Tensor, share: number): Tensor {
  return add(scale(own.reshape([1]), 1 - share), scale(teacher.reshape([1]), share));
}

function sameShape(what: string, student: Tensor, teacher: Tensor): void {
  if (student.shape.join() === teacher.shape.join()) return;
  throw new ModelError(
    'shape-mismatch',
    `${what} to distil: the student has [${student.shape.join(', ')}], the teacher [${teacher.shape.join(', ')}]`,
  );
}
