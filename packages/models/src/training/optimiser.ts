import {
  adafactor,
  adagrad,
  adam,
  adamW,
  type Clipping,
  createAdafactorState,
  createAdagradState,
  createAdamState,
  createLionState,
  createRmspropState,
  createSgdState,
  lion,
  rmsprop,
  sgd,
  type Tensor,
} from '@claimbench/kernels';

/**
 * The rule of a step, with its constants. Weight decay is decoupled for AdamW, Lion and Adafactor and added to the gradient for the others.
 * Adafactor's rate is a share of a parameter's own size; `decay` is the exponent of the step by which it forgets, `threshold` the root mean
 * square above which an update is scaled down.
 */
export type OptimiserSpec =
  | { readonly kind: 'adamw' | 'adam'; readonly beta1: number; readonly beta2: number; readonly epsilon: number }
  | { readonly kind: 'sgd'; readonly momentum: number; readonly nesterov: boolean }
  | { readonly kind: 'lion'; readonly beta1: number; readonly beta2: number }
  | { readonly kind: 'adafactor'; readonly decay: number; readonly threshold: number }
  | { readonly kind: 'adagrad'; readonly epsilon: number }
  | {
      readonly kind: 'rmsprop';
      readonly alpha: number;
      readonly momentum: number;
      readonly centered: boolean;
      readonly epsilon: number;
    };

/** What updates a list of parameters, with all that it remembers of earlier steps. It owns its memory; dispose it. */
export interface Optimiser extends Disposable {
  /** Steps taken. Set it with the contents of `memory` to go on where another one stopped. */
  steps: number;
  /** One tensor for each parameter, in their order, by what it holds; none where that is not remembered of a parameter. */
  readonly memory: ReadonlyMap<string, readonly (Tensor | undefined)[]>;
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
      return withMemory(null, { moment: state.moments }, (gradients, learningRate, clip) =>
        lion(parameters, gradients, state, { learningRate, beta1, beta2, weightDecay, clip }),
      );
    }
    case 'adafactor': {
      const { decay, threshold } = spec;
      const state = createAdafactorState(parameters);
      const memory = {
        row: state.memories.map(({ row }) => row),
        column: state.memories.map(({ column }) => column),
        variance: state.memories.map(({ variance }) => variance),
      };
      return withMemory(state, memory, (gradients, learningRate, clip) =>
        adafactor(parameters, gradients, state, { learningRate, decay, threshold, weightDecay, clip }),
      );
    }
    case 'adagrad': {
      const { epsilon: eps } = spec;
      const state = createAdagradState(parameters);
      return withMemory(state, { sum: state.sums }, (gradients, learningRate, clip) =>
        adagrad(parameters, gradients, state, { learningRate, eps, weightDecay, clip }),
      );
    }
    case 'rmsprop': {
      const { alpha, momentum, centered, epsilon: eps } = spec;
      const state = createRmspropState(parameters, { centered, momentum });
      const memory = { square: state.squares, mean: state.means, momentum: state.momenta };
      return withMemory(null, memory, (gradients, learningRate, clip) =>
        rmsprop(parameters, gradients, state, { learningRate, alpha, eps, momentum, weightDecay, clip }),
      );
    }
  }
}

/** `counting`: what counts steps by itself; null where the rule does not depend on their number. */
function withMemory(
  counting: { step: number } | null,
  memory: Readonly<Record<string, readonly (Tensor | undefined)[]>>,
  update: Optimiser['update'],
): Optimiser {
  const slots = new Map(Object.entries(memory));
  const state = counting ?? { step: 0 };
  return {
    get steps() {
      return state.step;
    },
    set steps(steps) {
      state.step = steps;
    },
    memory: slots,
    update(gradients, learningRate, clip) {
      update(gradients, learningRate, clip);
      if (counting === null) state.step += 1;
    },
    [Symbol.dispose]() {
      for (const tensors of slots.values()) for (const tensor of tensors) tensor?.dispose();
    },
  };
}
