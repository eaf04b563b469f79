'use client';
import { METRICS } from '@claimbench/contracts';
import { Select } from '@claimbench/ui';
import { parseAsString, useQueryState } from 'nuqs';
import type { ReactNode } from 'react';
import { metricWording, spelledOut } from '../wording/metrics.ts';

const SERIES_UNITS: Record<string, { title: string; unit: string }> = {
  tokensPerSecond: { title: 'Speed', unit: 'tokens/s' },
  residentMiB: { title: 'Memory', unit: 'MiB' },
};

/** Title and unit of a series; a series without an entry is spelled out. */
export function seriesWording(name: string): { title: string; unit: string } {
  const known = SERIES_UNITS[name];
  if (known) return known;
  if (Object.hasOwn(METRICS, name)) {
    const { title, unit } = metricWording(name);
    return { title, unit };
  }
  return { title: spelledOut(name), unit: '' };
}

/** The series of the page's address, else the training loss, else the first; undefined where there is none. */
export function useChosenSeries(names: readonly string[]): [string | undefined, ReactNode] {
  const [chosen, setChosen] = useQueryState('series', parseAsString);
  const name = names.find((one) => one === chosen) ?? names.find((one) => one === 'trainingLoss') ?? names[0];
  return [
    name,
    <Select
      key="series"
      aria-label="Series"
      value={name}
      onChange={(event) => setChosen(event.target.value)}
      className="w-40"
    >
      {names.map((one) => (
        <option key={one} value={one}>
          {spelledOut(one)}
        </option>
      ))}
    </Select>,
  ];
}
