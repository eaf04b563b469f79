/** Index of the largest of `count` values from `start`, counted from `start`; the first of equals. */
export function argmax(values: Float32Array, start = 0, count: number = values.length): number {
  let best = 0;
  let largest = values[start]!;
  for (let index = 1; index < count; index++) {
    const value = values[start + index]!;
    if (value > largest) {
      largest = value;
      best = index;
    }
  }
  return best;
}
