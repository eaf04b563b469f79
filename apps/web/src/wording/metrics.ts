import { METRICS, type MetricName } from '@claimbench/contracts';
import {
  type Bounds,
  bytes,
  columnDecimals,
  count,
  duration,
  fixed,
  halfWidthOf,
  interval,
  parameterCount,
  plusMinus,
  significant,
} from '@claimbench/ui/numbers';

/** How a metric is shown: its title, its unit as printed, and the factor from the stored to the printed number. */
export interface MetricWording {
  title: string;
  unit: string;
  factor: number;
  /** Unit of a difference of two values. */
  differenceUnit: string;
  better: 'lower' | 'higher' | null;
}

const isMetricName = (name: string): name is MetricName => Object.hasOwn(METRICS, name);

export function metricWording(name: string): MetricWording {
  if (!isMetricName(name)) {
    return { title: name, unit: '', factor: 1, differenceUnit: '', better: null };
  }
  const { title, unit, better } = METRICS[name];
  // shares are read as percent, their differences as points of percent
  if (unit === 'share') return { title, unit: '%', factor: 100, differenceUnit: 'points', better };
  return { title, unit, factor: 1, differenceUnit: unit, better };
}

/** Counted metrics are exact: they carry no uncertainty and read best as sizes. */
const EXACT: Partial<Record<MetricName, (value: number) => string>> = {
  modelBytes: bytes,
  parameters: parameterCount,
};

/** A metric's value with the spread over `n` seeds behind it (standard deviation), without the unit. */
export function metricValue(name: string, mean: number, sd: number | null, n: number): string {
  const exact = isMetricName(name) ? EXACT[name] : undefined;
  if (exact) return exact(mean);
  const { factor } = metricWording(name);
  return plusMinus(mean * factor, n > 1 && sd !== null ? sd * factor : null);
}

/** The unit to print beside `metricValue`; sizes carry theirs already. */
export function metricUnit(name: string): string {
  return isMetricName(name) && EXACT[name] ? '' : metricWording(name).unit;
}

/** A paired difference with its interval: "+0.0212 ± 0.0070", "[+0.0142, +0.0282]". */
export function metricDifference(name: string, effect: number, bounds: Bounds): { value: string; interval: string } {
  const { factor } = metricWording(name);
  const scaled: Bounds = [
    bounds[0] === null ? null : bounds[0] * factor,
    bounds[1] === null ? null : bounds[1] * factor,
  ];
  return {
    value: plusMinus(effect * factor, halfWidthOf(scaled), { signed: true }),
    interval: interval(scaled, { signed: true }),
  };
}

/** A single measured number of one run: exact sizes as sizes, the rest with six significant digits. */
export function runMetric(name: string, value: number): string {
  const exact = isMetricName(name) ? EXACT[name] : undefined;
  return exact ? exact(value) : significant(value * metricWording(name).factor, 6);
}

const TIMINGS: Record<string, (value: number) => string> = {
  seconds: duration,
  residentMiB: (value) => `${count(value)} MiB`,
  tokensPerSecond: (value) => `${count(value)} tokens/s`,
};

/** A number that depends on the machine, by the unit that its name ends in. */
export function timing(name: string, value: number): string {
  const known = TIMINGS[name];
  if (known) return known(value);
  if (/seconds$/i.test(name)) return duration(value);
  if (/bytes$/i.test(name)) return bytes(value);
  return significant(value);
}

/** A metric of several runs under each other: exact sizes as sizes, the rest cut alike to six significant digits. */
export function runMetricColumn(name: string, values: readonly number[]): (value: number) => string {
  const exact = isMetricName(name) ? EXACT[name] : undefined;
  if (exact) return exact;
  const { factor } = metricWording(name);
  const decimals = columnDecimals(
    values.map((value) => value * factor),
    6,
  );
  return (value) => fixed(value * factor, decimals);
}

const NAMES: Record<string, string> = {
  residentMiB: 'Resident memory',
  tokensPerSecond: 'Speed',
  seconds: 'Time',
};

/** "instructionSet" -> "Instruction set"; a few names are better said otherwise. */
export function spelledOut(camelCase: string): string {
  const name = NAMES[camelCase];
  if (name) return name;
  const words = camelCase
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[-_.]/g, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
