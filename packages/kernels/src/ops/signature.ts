/**
 * The form of a kernel's command. `encode(name, [...reads, ...writes], scalars)`: buffers and scalars stand in the order of
 * these lists. A name that ends in '?' may be buffer 0 (absent). Conventions for all kernels:
 * - float tensors are f32, row-major, contiguous; sizes come from the scalars alone; extents may be 0;
 * - `accumulate…` is 1 to add to the written buffer or 0 to overwrite it (its contents are then undefined, NaN included);
 * - a written buffer is never one of the read ones unless the kernel says "in place".
 */
export interface KernelSignature {
  readonly name: string;
  readonly reads: readonly string[];
  /** Written; read too where an accumulate flag is set or the kernel works in place. */
  readonly writes: readonly string[];
  readonly scalars: readonly string[];
  /** A list after the fixed part: each member adds these buffers and these scalars, once for every parameter (or extent). */
  readonly repeated?: { readonly buffers: readonly string[]; readonly scalars: readonly string[] };
}
