/** How a parameter gets its first values. `normal` has mean 0. */
export type InitialValues =
  | { readonly kind: 'normal'; readonly standardDeviation: number }
  | { readonly kind: 'constant'; readonly value: number };

/** A parameter of the model before it exists: its name, its shape (row-major, linear weights `[out, in]`) and first values. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: InitialValues;
  /** A statistic that passes remember (a running mean): a checkpoint holds it, training leaves it alone. */
  readonly remembered?: true;
}

/** Values of a parameter outside a backend: how checkpoints are read and written. */
export interface ParameterValues {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
