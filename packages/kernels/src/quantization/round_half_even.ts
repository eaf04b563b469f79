/** The nearest integer, halves to the even neighbour, as in IEEE arithmetic; infinities and NaN stay. */
export function roundHalfEven(value: number): number {
  if (!Number.isFinite(value)) return value;
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}
