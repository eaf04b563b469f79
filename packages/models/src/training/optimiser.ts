import {
  adam,
  adamW,
  type Clipping,
  createAdamState,
  createLionState,
  createSgdState,
  lion,
  sgd,
  type Tensor,
} from '@claimbench/kernels';

/** The rule of a step, with its constants. Weight decay is decoupled for AdamW and Lion and added to the gradient for SGD and Adam. */
export type OptimiserSpec =
  | { readonly kind: 'adamw' | 'adam'; readonly beta1: number; readonly beta2: number; readonly epsilon: number }
  | { readonly kind: 'sgd'; readonly momentum: number; readonly nesterov: boolean }
  | { readonly kind: 'lion'; readonly beta1: number; readonly beta2: number };

/** What updates a list of parameters, with all that it remembers of earlier steps. It owns its memory; dispose it. */
export interface Optimiser extends Disposable {
  /** Steps taken. Set it with the contents of `memory` to go on where another one stopped. */
  steps: number;
  /** One tensor for each parameter, in their order, by what it holds. */
  readonly memory: ReadonlyMap<string, readonly Tensor[]>;
  /** One step on all parameters, in place. Only encodes. */
  update(gradients: readonly Tensor[], learningRate: number, clip?: Clipping): void;
}

/** `weightDecay`: one number for each parameter. */
export function createOptimiser(
  spec: OptimiserSpec,
  parameters: readonly Tensor[],
  weightDecay: readonly number[],
): Optimiser {
  switch (spec.kind) {
    case 'adamw':
    case 'adam': {
      const { beta1, beta2, epsilon: eps } = spec;
      const state = createAdamState(parameters);
      const step = spec.kind === 'adam' ? adam : adamW;
      const memory = { firstMoment: state.firstMoments, secondMoment: state.secondMoments };
      return withMemory(state, memory, (gradients, learningRate, clip) =>
        step(parameters, gradients, state, { learningRate, beta1, beta2, eps, weightDecay, clip }),
      );
    }
    case 'sgd': {
      const { momentum, nesterov } = spec;
      const state = createSgdState(parameters, momentum);
      return withMemory(state, momentum === 0 ? {} : { momentum: state.momenta }, (gradients, learningRate, clip) =>
        sgd(parameters, gradients, state, { learningRate, momentum, nesterov, weightDecay, clip }),
      );
    }
    case 'lion': {
      const { beta1, beta2 } = spec;
      const state = createLionState(parameters);
      const counted = { step: 0 };
      return withMemory(counted, { moment: state.moments }, (gradients, learningRate, clip) => {
        lion(parameters, gradients, state, { learningRate, beta1, beta2, weightDecay, clip });
        counted.step += 1;
      });
    }
  }
}

function withMemory(
  state: { step: number },
  memory: Readonly<Record<string, readonly Tensor[]>>,
  update: Optimiser['update'],
): Optimiser {
  const slots = new Map(Object.entries(memory));
  return {
    get steps() {
      return state.step;
    },
    set steps(steps) {
      state.step = steps;
    },
    memory: slots,
    update,
    [Symbol.dispose]() {
      for (const tensors of slots.values()) for (const tensor of tensors) tensor.dispose();
    },
  };
}
