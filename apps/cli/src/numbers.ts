/** A value with its standard error, both cut where the error has two digits: `1.3061 ± 0.0052`. */
export function withUncertainty(value: number, error: number): string {
  if (!Number.isFinite(error)) return `${value.toFixed(4)} (one window: no standard error)`;
  const digits = error > 0 ? Math.min(10, Math.max(0, 1 - Math.floor(Math.log10(error)))) : 6;
  return `${value.toFixed(digits)} ± ${error.toFixed(digits)}`;
}
