import { crossEntropy } from '@claimbench/kernels';
import { type Decoder, dropLayersInTraining, type LayerDropout } from '@claimbench/models';
import type { TrainingChange, TrainingContext } from '../technique.ts';

/** Ordinary training with layers left out at random. */
export function trainWithDropout(decoder: Decoder, { seed }: TrainingContext, dropout: LayerDropout): TrainingChange {
  const atWork = dropLayersInTraining(decoder, seed, dropout);
  return {
    options: {
      loss(of, ids, targets, step) {
        atWork.step = step;
        return crossEntropy(of.logits(ids).reshape([targets.size, -1]), targets.reshape([targets.size]));
      },
    },
    [Symbol.dispose]: () => atWork[Symbol.dispose](),
  };
}
