/** Nearest integer; halves go to the even neighbour, as in IEEE arithmetic, torch and Python. `Math.round` sends them up. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
