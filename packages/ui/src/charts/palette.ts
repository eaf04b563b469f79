/** Eight colours, then the same with another dash: sixteen lines stay apart, also in print. */
const DASHES = ['', '6 3', '2 3', '8 3 2 3'];

export function seriesStyle(index: number): { color: string; dash: string } {
  return {
    color: `var(--series-${(index % 8) + 1})`,
    dash: DASHES[Math.floor(index / 8) % DASHES.length] ?? '',
  };
}
