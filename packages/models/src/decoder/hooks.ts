import type { Tensor } from '@claimbench/kernels';

/** Where in a pass a hook is called: the place's name, and the plan's step and layer where it lies inside one. */
export interface HookContext {
  readonly place: string;
  readonly layer: number | undefined;
  readonly step: number | undefined;
}

/** Sees a value; what it returns takes the value's place (same shape), undefined leaves it. */
export type Hook = (value: Tensor, context: HookContext) => Tensor | undefined;

/**
 * Places: `embedding.output`, `layers.N.input`, `layers.N.self_attn.input`, `layers.N.self_attn.output`, `layers.N.mlp.input`,
 * `layers.N.mlp.output`, `layers.N.output`, `final.output`, `logits`, and `<linear>.input` for every linear
 * (`layers.0.self_attn.q_proj.input`). Inputs are taken after the norm, outputs before the residual sum.
 * Without hooks a pass only compares a number with zero.
 */
export class Hooks {
  readonly #hooks = new Map<string, Hook[]>();

  /** Adds a hook; the returned function removes it. Hooks of one place run in the order they were added. */
  on(place: string, hook: Hook): () => void {
    const present = this.#hooks.get(place) ?? [];
    this.#hooks.set(place, [...present, hook]);
    return () => {
      const rest = (this.#hooks.get(place) ?? []).filter((other) => other !== hook);
      if (rest.length > 0) this.#hooks.set(place, rest);
      else this.#hooks.delete(place);
    };
  }

  get active(): boolean {
    return this.#hooks.size > 0;
  }

  apply(value: Tensor, context: HookContext): Tensor {
    let current = value;
    for (const hook of this.#hooks.get(context.place) ?? []) current = hook(current, context) ?? current;
    return current;
  }
}
