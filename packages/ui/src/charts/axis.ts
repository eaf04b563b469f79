/** A straight map from values to a share (0 to 1) of the axis. */
export interface Axis {
  low: number;
  high: number;
  /** Round values inside the domain, evenly spaced. */
  ticks: number[];
  /** Digits after the point that all ticks need. */
  decimals: number;
  /** 0 at `low`, 1 at `high`; values outside are not clipped. */
  share(value: number): number;
}

/** The step of 1, 2 or 5 times a power of ten that divides `span` into at most `most` pieces. */
export function roundStep(span: number, most: number): number {
  if (!(span > 0) || !Number.isFinite(span)) throw new RangeError(`an axis needs a positive span, not ${span}`);
  const raw = span / Math.max(most, 1);
  const base = 10 ** Math.floor(Math.log10(raw));
  for (const factor of [1, 2, 5, 10]) if (base * factor >= raw * (1 - 1e-12)) return base * factor;
  return base * 10;
}

/** An axis over all finite `values`, with `padding` (share of the span) beyond them and about `tickCount` ticks. */
export function axisOver(values: readonly number[], options: { padding?: number; tickCount?: number } = {}): Axis {
  const finite = values.filter(Number.isFinite);
  let low = finite.length > 0 ? Math.min(...finite) : 0;
  let high = finite.length > 0 ? Math.max(...finite) : 1;
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low <= Math.max(size * 1e-12, 1e-200)) {
    // a single value still needs room around it; so do values that differ by rounding alone
    const room = size <= 1e-200 ? 1 : size / 2;
    low -= room;
    high += room;
  }
  const pad = (high - low) * (options.padding ?? 0.06);
  low -= pad;
  high += pad;
  const step = roundStep(high - low, options.tickCount ?? 6);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return { low, high, ticks, decimals, share: (value) => (value - low) / (high - low) };
}
