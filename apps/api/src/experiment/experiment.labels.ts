import type { Protocol } from '@claimbench/contracts';
import { BASE_ARM } from './experiment.planning.ts';

/** What tables and legends call the arms of a protocol; tuning runs and the second size have keys of their own. */
export function protocolLabels(protocol: Protocol): (arm: string) => string {
  const labels = new Map(protocol.arms.map((arm) => [arm.id, arm.label]));
  const labelOf = (arm: string): string => {
    if (arm === BASE_ARM) return 'Base';
    const tuning = /^tune\/(.+)@([^@]+)$/.exec(arm);
    if (tuning?.[1]) return `${labelOf(tuning[1])}, tuning at rate ${tuning[2]}`;
    const pilot = /^pilot\/(.+)$/.exec(arm);
    if (pilot?.[1]) return `${labelOf(pilot[1])}, pilot`;
    const second = /^(.+)@second$/.exec(arm);
    if (second?.[1]) return `${labelOf(second[1])}, second size`;
    return labels.get(arm) ?? arm;
  };
  return labelOf;
}
