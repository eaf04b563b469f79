/**
 * Quantizes blocks of consecutive weights to a table of values in [-1, 1]: each block is divided by its largest magnitude, and each
 * weight goes to the nearest entry (the lower one where two are as near). Codes are the places in the table.
 */
export function tableCodes(
  weights: Float32Array,
  blockSize: number,
  table: readonly number[],
): { codes: Uint8Array; largest: Float32Array; values: Float32Array } {
  const order = table.map((_, code) => code).sort((a, b) => table[a]! - table[b]!);
  const sorted = order.map((code) => table[code]!);
  const blocks = Math.ceil(weights.length / blockSize);
  const largest = new Float32Array(blocks);
  const codes = new Uint8Array(weights.length);
  const values = new Float32Array(weights.length);
  for (let block = 0; block < blocks; block++) {
    const start = block * blockSize;
    const end = Math.min(start + blockSize, weights.length);
    for (let i = start; i < end; i++) largest[block] = Math.max(largest[block]!, Math.abs(weights[i]!));
    const scale = largest[block]!;
    for (let i = start; i < end; i++) {
      const code = order[nearest(sorted, scale === 0 ? 0 : weights[i]! / scale)]!;
      codes[i] = code;
      values[i] = table[code]! * scale;
    }
  }
  return { codes, largest, values };
}

/** Place of the nearest entry of an ascending list. */
function nearest(sorted: readonly number[], x: number): number {
  let best = 0;
  for (let i = 1; i < sorted.length; i++) if (Math.abs(sorted[i]! - x) < Math.abs(sorted[best]! - x)) best = i;
  return best;
}
