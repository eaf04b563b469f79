import { scope, Tensor, valueAndGrad } from '@claimbench/kernels';
import type { Decoder } from '../decoder/decoder.ts';
import { stepsOf } from '../decoder/layer-plan.ts';
import { ModelError } from '../model-error.ts';

/**
 * Loss and gradients as `valueAndGrad` gives them, to the bit, in less memory and a third more time: between the two passes only the
 * stream before each item of the decoder's plan is held, and an item is computed once more when its gradient is due (gradient
 * checkpointing, Chen et al. 2016). `head` makes the loss from the last stream. Gradients are added to `into` where it is given. Throws
 * `invalid-config` for a model that remembers statistics of its passes: it would remember every pass twice.
 */
export function recomputedValueAndGrad(
  decoder: Decoder,
  parameters: readonly Tensor[],
  ids: Tensor,
  head: (stream: Tensor) => Tensor,
  into?: readonly Tensor[],
): { value: Tensor; gradients: Tensor[] } {
  for (const name of decoder.parameters.keys()) {
    if (!decoder.trainable.has(name)) {
      throw new ModelError(
        'invalid-config',
        `'${name}' remembers what passes through, and a recomputed layer passes twice: train it without recomputing`,
      );
    }
  }
  return scope(() => {
    const gradients = [...(into ?? parameters.map(({ backend, shape }) => Tensor.zeros(backend, shape)))];
    const items: { readonly input: Tensor; readonly run: (x: Tensor) => Tensor }[] = [];
    let stream = scope(() => decoder.embed(ids));
    let firstStep = 0;
    for (const item of decoder.plan) {
      const from = firstStep;
      const run = (x: Tensor) => decoder.run(x, [item], { firstStep: from });
      items.push({ input: stream, run });
      firstStep += stepsOf([item]).length;
      stream = scope(() => run(items.at(-1)!.input));
    }
    /** Adds the gradients of one part to all, and gives its value and the gradient of what it started from. */
    const back = (input: Tensor, run: (x: Tensor) => Tensor, cotangent?: Tensor) => {
      const ofInput = Tensor.zeros(input.backend, input.shape);
      const { value } = valueAndGrad([input, ...parameters], () => run(input), {
        into: [ofInput, ...gradients],
        ...(cotangent === undefined ? {} : { cotangent }),
      });
      cotangent?.dispose();
      input.dispose();
      return { value, ofInput };
    };
    const { value, ofInput } = back(stream, head);
    let cotangent = ofInput;
    for (const { input, run } of items.toReversed()) {
      const part = back(input, run, cotangent);
      part.value.dispose();
      cotangent = part.ofInput;
    }
    valueAndGrad(parameters, () => decoder.embed(ids), { into: gradients, cotangent }).value.dispose();
    return { value, gradients };
  });
}
