/** WGSL of a strided walk: the offsets of several operands at a number of the loop, in row-major order. */
export interface Walk {
  /** Extents and strides, by the names that the code uses. */
  readonly u32: Readonly<Record<string, number>>;
  readonly code: string;
}

/**
 * `let at_<operand> = …;` for each operand, from the WGSL expression `index`. `base` names operands that already have an offset, to which
 * the walk's is added; `prefix` keeps two walks of one shader apart.
 */
export function walkCode(
  index: string,
  extents: readonly number[],
  strides: Readonly<Record<string, readonly number[]>>,
  prefix = '',
): Walk {
  const u32: Record<string, number> = {};
  const lines: string[] = [];
  const counters: string[] = [];
  lines.push(`var ${prefix}rest = ${index};`);
  for (let axis = extents.length - 1; axis >= 1; axis--) {
    const extent = `${prefix}extent_${axis}`;
    u32[extent] = extents[axis]!;
    counters[axis] = `${prefix}k_${axis}`;
    lines.push(`let ${counters[axis]} = ${prefix}rest % p.${extent}; ${prefix}rest = ${prefix}rest / p.${extent};`);
  }
  counters[0] = `${prefix}rest`;
  for (const operand in strides) {
    const terms = strides[operand]!.map((stride, axis) => {
      const name = `${prefix}${operand}_${axis}`;
      u32[name] = stride;
      return `${counters[axis]} * p.${name}`;
    });
    lines.push(`let ${prefix}at_${operand} = ${terms.length === 0 ? '0u' : terms.join(' + ')};`);
  }
  return { u32, code: lines.join('\n  ') };
}
