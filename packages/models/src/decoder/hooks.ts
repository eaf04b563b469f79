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
 * Stands around a computation: sees its input and decides whether, and on what, it runs. What it returns takes the result's place.
 * `run` may be called not at all (the computation is skipped), once, or on other rows than the input's.
 */
export type AroundHook = (input: Tensor, run: (input: Tensor) => Tensor, context: HookContext) => Tensor;

/**
 * Places of values (`on`): `embedding.output`, `layers.N.input`, `layers.N.self_attn.input`, `layers.N.self_attn.output`,
 * `layers.N.cross_attn.input` and `.output`, `layers.N.mlp.input`, `layers.N.mlp.output`, `layers.N.output`, `final.output`, `logits`,
 * `layers.N.self_attn.query`, `.key`, `.value` (as attention reads them, `[batch, time, heads, headSize]`), `.probabilities`
 * (`[batch, heads, queryTime, keyTime]`; attention is then computed in parts, and only without a cache), and `<linear>.input` and
 * `<linear>.output` for every linear (`layers.0.self_attn.q_proj.input`), and the same of every norm by its parameters' name
 * (`layers.0.norms.mlpInput.input`, `norms.final.output`). A branch's inputs are taken after the norm, outputs before the residual sum.
 * Places of computations (`around`): `layers.N` (stream to stream), `layers.N.self_attn`, `layers.N.cross_attn` and `layers.N.mlp`
 * (normed input to branch).
 * Without hooks a pass only compares a number with zero.
 */
export class Hooks {
  readonly #hooks = new Map<string, readonly Hook[]>();
  readonly #around = new Map<string, readonly AroundHook[]>();

  /** Adds a hook; the returned function removes it. Hooks of one place run in the order they were added. */
  on(place: string, hook: Hook): () => void {
    return addTo(this.#hooks, place, hook);
  }

  /** Puts a hook around a computation; the returned function removes it. The last one added is the outermost. */
  around(place: string, hook: AroundHook): () => void {
    return addTo(this.#around, place, hook);
  }

  get active(): boolean {
    return this.#hooks.size + this.#around.size > 0;
  }

  /** Whether a hook waits for the value of a place. */
  has(place: string): boolean {
    return this.#hooks.has(place);
  }

  apply(value: Tensor, context: HookContext): Tensor {
    let current = value;
    for (const hook of this.#hooks.get(context.place) ?? []) current = hook(current, context) ?? current;
    return current;
  }

  run(input: Tensor, compute: (input: Tensor) => Tensor, context: HookContext): Tensor {
    let run = compute;
    for (const hook of this.#around.get(context.place) ?? []) {
      const inner = run;
      run = (x) => hook(x, inner, context);
    }
    return run(input);
  }
}

function addTo<Value>(hooks: Map<string, readonly Value[]>, place: string, hook: Value): () => void {
  hooks.set(place, [...(hooks.get(place) ?? []), hook]);
  return () => {
    const rest = (hooks.get(place) ?? []).filter((other) => other !== hook);
    if (rest.length > 0) hooks.set(place, rest);
    else hooks.delete(place);
  };
}
