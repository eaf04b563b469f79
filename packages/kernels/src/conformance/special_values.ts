/** Zeros of both signs, denormals, the ends of float32, infinities and NaN. */
export const specialValues: readonly number[] = [
  0,
  -0,
  2 ** -149,
  -(2 ** -140),
  2 ** -126,
  1,
  -1,
  0.5,
  1 + 2 ** -23,
  3.4e38,
  -3.4e38,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
];

export const specialPairs: readonly (readonly [number, number])[] = specialValues.flatMap((a) =>
  specialValues.map((b) => [a, b] as const),
);
