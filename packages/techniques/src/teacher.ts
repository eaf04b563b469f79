import { add, scale } from '@claimbench/kernels';
import { Decoder, hiddenDistillationLoss, logitDistillationLoss, mixedLoss, tokenLoss } from '@claimbench/models';
import type { TrainingChange } from './technique.ts';

/** How much a student listens to its teacher. */
export interface Teaching {
  /** Share of the teacher's probabilities in the loss, 0 to 1; the rest is the text's own next token. */
  readonly share: number;
  /** Logits of both are divided by it; the loss is multiplied by its square. */
  readonly temperature: number;
  /** Weight of the mean squared difference of the states behind the final norm, added to the rest. */
  readonly hidden: number;
}

/** A copy of a model with dense weights, before anything is done to it; the caller disposes it. */
export async function teacherOf(decoder: Decoder): Promise<Decoder> {
  const teacher = Decoder.fromValues(decoder.backend, decoder.config, await decoder.readParameters());
  teacher.plan = decoder.plan;
  return teacher;
}

/** Puts a teacher's loss beside the text's. Student and teacher have the same vocabulary and, for `hidden`, the same width. */
export function taughtBy(teacher: Decoder, { share, temperature, hidden }: Teaching): TrainingChange {
  return {
    options: {
      loss(student, ids, targets) {
        const states = student.hidden(ids);
        const logits = student.logitsOf(states);
        const taught = teacher.hidden(ids);
        const ofProbabilities = mixedLoss(
          tokenLoss(logits, targets),
          logitDistillationLoss(logits, teacher.logitsOf(taught), temperature),
          share,
        );
        return hidden === 0
          ? ofProbabilities
          : add(ofProbabilities, scale(hiddenDistillationLoss(states, taught).reshape([1]), hidden));
      },
    },
  };
}
